"""Every derivation of the corpus: is it right, in the right shape, and as short as a book would write it?

`make corpus` prints the table and fails if a case that is in scope (level intro or standard, order 1, functions
that matcalc knows) is wrong or refused, or if one is longer than the book's form for no known reason.

* Ours must have the reference's shape and agree with it to a relative error of 1e-8 at several random points.
* Lengths are compared in tokens with the book's `closed_form`, after declaring the domains of the inputs other than
  `wrt` as properties, since books use them silently.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tools.cases import CASES, Case, Reference, difference, laid_out, points, read_cases, reference

TOLERANCE = 1e-8
ALLOWED_LENGTH = 1.3

# Why a result is longer than that beside the book's; one that is not listed here fails the run.
LONGER = {
    "mc-lin-07": "the book's eye(12) has a number where our size has a name, m*n",
    "red-05": "the book's /12 has a number where our size has a name, m*n",
    "minka-06": "diag(a) Y diag(b) is (a bᵀ) ⊙ Y as scaled rows and columns; the book keeps the outer product",
    "mc-inv-08": "row sums and column sums by name; the book multiplies by a matrix of ones",
    "mn-16": "the book takes X to have full column rank and divides by XᵀX; ours holds for every rank",
}


# --- one case


@dataclass
class Outcome:
    """What became of a case."""

    case: Case
    verdict: str  # right, wrong, refused, or unknown where the expression calls a function we do not have
    reason: str = ""
    text: str = ""
    tokens: int = 0
    book: int = 0
    book_reason: str = ""
    seconds: float = 0.0

    @property
    def ratio(self) -> float:
        """Our length by the book's; 0 where the book has none."""
        return self.tokens / self.book if self.book else 0.0

    @property
    def is_long(self) -> bool:
        """Whether ours is longer than the book's by more than is allowed."""
        return self.ratio > ALLOWED_LENGTH


def size_of(dimension: Any, sizes: dict[str, int]) -> int:
    """The integer for a dimension as `Derivation.shape` shows it: 3, 'n' or 'm*n'."""
    parts = str(dimension).split("*")
    return int(np.prod([int(part) if part.isdigit() else sizes[part] for part in parts]))


def agreement(derivation: Any, case: Case, refer: Reference, layout: str, *, exact: bool = False) -> str:
    """Why a derivation is wrong, in a line; empty when it is right."""
    evaluate = derivation.numpy()
    for values in points(case, exact=exact):
        output, jacobian = refer(values)
        expected = laid_out(jacobian, output.shape, case.size(case.wrt), layout, case.order)
        ours = np.asarray(evaluate(**{name: values[name] for name in derivation.shapes if name in values}))
        if ours.shape != expected.shape:
            return f"{layout}: an array of shape {ours.shape}, not {expected.shape}"
        declared = tuple(size_of(dim, case.sizes) for dim in derivation.shape)
        if declared != expected.shape:
            return f"{layout}: shape {derivation.shape}, but the array has {expected.shape}"
        error = difference(ours, expected)
        if not error <= TOLERANCE:
            return f"{layout}: relative error {error:.1e}"
    return ""


def is_twin(case: Case, refer: Reference) -> bool:
    """Whether the `jax` source is the expression at generic points too, and not at symmetric ones only."""
    import matcalc as mc

    values = next(points(case, 1))
    ours = np.asarray(mc.parse(case.expr, shapes=case.shapes).numpy()(**values))
    theirs, _ = refer(values)
    return difference(ours.reshape(theirs.shape), theirs) <= TOLERANCE


def derive(case: Case, shapes: dict[str, str], layout: str) -> Any:
    """Our derivative of the case."""
    import matcalc as mc

    return mc.derive(case.expr, case.wrt, shapes=shapes, order=case.order, layout=layout)


def judge(case: Case) -> Outcome:
    """Runs one case: values and shapes in both layouts, then the length against the book's form."""
    import matcalc as mc

    layouts = ["shape"] if case.layout in (None, "shape") else ["shape", "jacobian"]
    refer = reference(case)
    start = time.perf_counter()
    try:
        derivations = [derive(case, case.shapes, layout) for layout in layouts]
        seconds = (time.perf_counter() - start) / len(layouts)
        exact = not is_twin(case, refer)
        reasons = (
            agreement(derivation, case, refer, layout, exact=exact)
            for derivation, layout in zip(derivations, layouts, strict=True)
        )
        reason = next(filter(None, reasons), "")
        outcome = Outcome(case, "wrong" if reason else "right", reason, derivations[-1].text, seconds=seconds)
        if case.closed_form is not None:
            compare(outcome, refer)
    except mc.MatcalcError as error:
        unknown = error.code == "name_error" and "function" in error.message
        outcome = Outcome(case, "unknown" if unknown else "refused", f"{error.code}: {error.message}")
    except Exception as error:  # a crash is a wrong answer, and the table should still be printed
        outcome = Outcome(case, "wrong", f"{type(error).__name__}: {error}")
    return outcome


def compare(outcome: Outcome, refer: Reference) -> None:
    """Reads the book's form, checks it against JAX as a test of our own reading, and compares the lengths."""
    import matcalc as mc
    from matcalc.notation.tokens import token_count

    case = outcome.case
    assert case.closed_form is not None
    assert case.layout is not None
    declared = derive(case, case.declared(), case.layout)
    if outcome.verdict == "right":
        reason = agreement(declared, case, refer, case.layout, exact=True)
        if reason:
            outcome.verdict, outcome.reason = "wrong", f"with properties: {reason}"
    outcome.text = declared.text
    outcome.tokens, outcome.book = token_count(declared.text), token_count(case.closed_form)
    try:
        text, shapes = case.numbered()
        evaluate = mc.parse(text, shapes=shapes).numpy()
        for values in points(case, 1, exact=True):
            output, jacobian = refer(values)
            expected = laid_out(jacobian, output.shape, case.size(case.wrt), case.layout, case.order)
            theirs = np.asarray(evaluate(**{name: values[name] for name in case.shapes}))
            if (
                theirs.size != expected.size
                or difference(theirs.reshape(expected.shape), expected) > TOLERANCE
            ):
                outcome.book_reason = "reads as something else"
    except mc.MatcalcError as error:
        outcome.book_reason = f"{error.code}: {error.message}"


# --- the table


@dataclass
class Row:
    """A line of the table: the cases of a level and an order."""

    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        """How many outcomes have this verdict."""
        return sum(outcome.verdict == verdict for outcome in self.outcomes)

    def cells(self) -> list[str]:
        """The line's cells after its title."""
        ratios = [outcome.ratio for outcome in self.outcomes if outcome.ratio]
        short = sum(ratio <= ALLOWED_LENGTH for ratio in ratios)
        share = f"{short}/{len(ratios)} ({short / len(ratios):.0%})" if ratios else "–"
        verdicts = [str(self.count(verdict)) for verdict in ("right", "wrong", "refused", "unknown")]
        return [str(len(self.outcomes)), *verdicts, share, f"{max(ratios, default=0):.2f}"]


def table(outcomes: Iterable[Outcome]) -> str:
    """The outcomes by level and order, as a Markdown table."""
    rows: dict[str, Row] = {}
    for outcome in outcomes:
        for title in (f"{outcome.case.level}, order {outcome.case.order}", "all"):
            rows.setdefault(title, Row()).outcomes.append(outcome)
    order = sorted(rows, key=lambda title: (title == "all", title[-1], title))
    head = [
        "",
        "cases",
        "right",
        "wrong",
        "refused",
        "unknown function",
        f"≤ {ALLOWED_LENGTH} × book",
        "longest",
    ]
    lines = [head, ["---", *["---:"] * 7], *([title, *rows[title].cells()] for title in order)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def report(outcomes: list[Outcome], longest: int) -> None:
    """Prints what failed, what is longest, and the table."""
    for verdict in ("wrong", "refused", "unknown"):
        for outcome in outcomes:
            if outcome.verdict == verdict:
                print(f"{verdict:8} {outcome.case.id:12} {outcome.case.expr}\n{'':22}{outcome.reason}")
    for outcome in outcomes:
        if outcome.book_reason:
            print(f"book     {outcome.case.id:12} {outcome.case.closed_form}\n{'':22}{outcome.book_reason}")
    ranked = sorted(outcomes, key=lambda outcome: -outcome.ratio)[:longest]
    print("\nLongest against the closed form (tokens: ours / book):")
    for outcome in ranked:
        if outcome.ratio > 1:
            print(
                f"  {outcome.ratio:.2f} {outcome.case.id:12} {outcome.tokens}/{outcome.book}  {outcome.case.expr}"
            )
            print(f"       ours {outcome.text}\n       book {outcome.case.closed_form}")
        if outcome.is_long:
            print(f"       why  {LONGER.get(outcome.case.id, 'no reason is known')}")
    times = sorted(outcome.seconds for outcome in outcomes if outcome.seconds)
    if times:
        print(
            f"\nText to derivative: median {1e3 * times[len(times) // 2]:.2f} ms, slowest {1e3 * times[-1]:.1f} ms"
        )
    print("\n" + table(outcomes))


def main(arguments: list[str] | None = None) -> int:
    """Runs the corpus; the exit code is 1 if a case in scope fails."""
    parser = argparse.ArgumentParser(prog="make corpus", description=__doc__.partition("\n")[0])
    parser.add_argument("ids", nargs="*", help="only these cases")
    parser.add_argument("--longest", type=int, default=20, help="how many of the longest results to show")
    parser.add_argument("--file", type=Path, default=CASES)
    options = parser.parse_args(arguments)
    cases = [case for case in read_cases(options.file) if not options.ids or case.id in options.ids]
    outcomes = [judge(case) for case in cases]
    report(outcomes, options.longest)
    failed = [o.case.id for o in outcomes if o.case.in_scope and o.verdict in ("wrong", "refused")]
    if failed:
        print(f"\n{len(failed)} cases in scope fail: {' '.join(failed)}")
    unexplained = [o.case.id for o in outcomes if o.is_long and o.case.id not in LONGER]
    if unexplained:
        print(
            f"\n{len(unexplained)} cases are longer than the book without a known reason: {' '.join(unexplained)}"
        )
    return 1 if failed or unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
