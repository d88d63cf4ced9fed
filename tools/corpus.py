"""Every derivation of the corpus: is it right, in the right shape, and as short as a book would write it?

`make corpus` prints the table and fails if a case that is in scope (level intro or standard, order 1, functions
that matcalc knows) is wrong or refused. A case is a line of tests/corpus/derivations.jsonl:

* Inputs are drawn by `domain`. The domain says how to draw, it declares no property: what is drawn spd or
  invertible is drawn slightly non-symmetric, since with symmetric samples a lost transpose goes unseen.
* The reference is `jax.jacobian` (order 2: `jax.hessian`) of the case's own `jax` source, in float64, laid out as
  SPEC § 2 says; ours must have the same shape and agree to a relative error of 1e-8 at several random points.
* Lengths are compared in tokens with the book's `closed_form`, after declaring the domains of the inputs other than
  `wrt` as properties, since books use them silently.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

CASES = Path(__file__).parents[1] / "tests" / "corpus" / "derivations.jsonl"
TOLERANCE = 1e-8
POINTS = 3
ALLOWED_LENGTH = 1.3
PROPERTIES = ("spd", "onehot", "simplex", "positive")

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Case:
    """One line of the corpus; tests/corpus/README.md says what each field means."""

    id: str
    level: str
    expr: str
    shapes: dict[str, str]
    sizes: dict[str, int]
    domain: dict[str, str]
    wrt: str
    order: int
    jax: str
    closed_form: str | None
    layout: str | None

    @property
    def in_scope(self) -> bool:
        """Whether the case must be right today."""
        return self.level in ("intro", "standard") and self.order == 1

    def size(self, name: str) -> tuple[int, ...]:
        """The array shape of an input."""
        return tuple(self.sizes.get(part) or int(part) for part in self.shapes[name].split())

    def declared(self) -> dict[str, str]:
        """The shapes, with the domains of all inputs but `wrt` as properties."""
        return {
            name: f"{shape or '()'} {self.domain[name]}"
            if name != self.wrt and self.domain[name] in PROPERTIES
            else shape
            for name, shape in self.shapes.items()
        }

    def numbered(self) -> dict[str, str]:
        """The shapes in integers, as closed forms that hold sizes as numbers need them."""
        return {name: " ".join(map(str, self.size(name))) for name in self.shapes}


def read_cases(path: Path = CASES) -> list[Case]:
    """The corpus, in its order."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [Case(**{key: row[key] for key in Case.__dataclass_fields__}) for row in rows]


# --- inputs


def _spd(rng: np.random.Generator, n: int) -> Array:
    factor = rng.standard_normal((n, n))
    return factor @ factor.T / n + np.eye(n)


def _invertible(rng: np.random.Generator, n: int) -> Array:
    left, _ = np.linalg.qr(rng.standard_normal((n, n)))
    right, _ = np.linalg.qr(rng.standard_normal((n, n)))
    return left @ np.diag(rng.uniform(0.5, 2.0, n)) @ right


def _onehot(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])]


def draw(domain: str, shape: tuple[int, ...], rng: np.random.Generator, *, exact: bool = False) -> Array:
    """A generic array of the domain; `exact` keeps to the letter of it (an spd matrix is then symmetric)."""
    if domain == "positive":
        return rng.uniform(0.5, 2.0, shape)
    if domain == "simplex":
        weights = rng.uniform(0.5, 2.0, shape)
        return weights / weights.sum(axis=-1, keepdims=True)
    if domain == "onehot":
        return _onehot(rng, shape)
    if domain == "spd":
        noise = 0 if exact else 0.05 * rng.standard_normal(shape)
        return _spd(rng, shape[0]) + noise
    if domain == "invertible":
        return _invertible(rng, shape[0])
    if domain == "any":
        return rng.standard_normal(shape)
    raise ValueError(f"no way to draw the domain {domain!r}")


def points(case: Case, count: int = POINTS, *, exact: bool = False) -> Iterator[dict[str, Array]]:
    """Inputs by name, the same for every run."""
    rng = np.random.default_rng([*case.id.encode(), exact])
    for _ in range(count):
        yield {
            name: np.asarray(draw(case.domain[name], case.size(name), rng, exact=exact))
            for name in case.shapes
        }


# --- references


def reference(case: Case) -> Callable[[dict[str, Array]], tuple[Array, tuple[int, ...]]]:
    """A function of the inputs: JAX's derivative, output axes before input axes, and the shape of the output."""
    import jax
    import jax.numpy as jnp

    # The corpus is our own test data; user input is never executed.
    function = eval(case.jax, {"jax": jax, "jnp": jnp})
    differentiate = jax.jacobian if case.order == 1 else jax.hessian
    derivative = jax.jit(differentiate(function, argnums=list(case.shapes).index(case.wrt)))

    def at(values: dict[str, Array]) -> tuple[Array, tuple[int, ...]]:
        with jax.enable_x64(True):
            inputs = [jnp.asarray(values[name], dtype=float) for name in case.shapes]
            return np.asarray(derivative(*inputs)), jax.eval_shape(function, *inputs).shape

    return at


def laid_out(
    derivative: Array, output: tuple[int, ...], wrt: tuple[int, ...], layout: str, order: int = 1
) -> Array:
    """JAX's derivative, whose axes are the output's and then the input's, in a layout of SPEC § 2.

    A row (1, m) counts as m outputs; by a row, a scalar gives a row, otherwise it counts as n inputs.
    """
    if len(output) == 2 and output[0] == 1:
        derivative, output = derivative.reshape(derivative.shape[1:]), output[1:]
    if layout == "shape":
        row = len(wrt) == 2 and wrt[0] == 1
        kept = wrt[1:] if row and (output or order == 2) else wrt
        return derivative.reshape(output + kept * order)
    if order == 2 and output:
        raise ValueError("the second derivative of several outputs has no Jacobian form")
    groups = [wrt, wrt] if order == 2 else [output, wrt]
    axes, start = [], 0
    for group in groups:
        axes += reversed(range(start, start + len(group)))
        start += len(group)
    # Reversed axes in row order are the columns of vec.
    flat = derivative.transpose(axes)
    rows, columns = (int(np.prod(group)) for group in groups)
    if not groups[1]:
        return flat.reshape((rows,) if groups[0] else ())
    return flat.reshape(rows, columns)


def difference(ours: Array, theirs: Array) -> float:
    """The largest difference of two arrays of one shape, relative to the largest entry."""
    if not theirs.size:
        return 0.0
    scale = float(np.max(np.abs(theirs)))
    return float(np.max(np.abs(ours - theirs))) / (scale if scale > 1e-12 else 1.0)


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


def size_of(dimension: Any, sizes: dict[str, int]) -> int:
    """The integer for a dimension as `Derivation.shape` shows it: 3, 'n' or 'm*n'."""
    parts = str(dimension).split("*")
    return int(np.prod([int(part) if part.isdigit() else sizes[part] for part in parts]))


def agreement(
    derivation: Any, case: Case, refer: Callable[..., Any], layout: str, *, exact: bool = False
) -> str:
    """Why a derivation is wrong, in a line; empty when it is right."""
    evaluate = derivation.numpy()
    for values in points(case, exact=exact):
        jacobian, output = refer(values)
        expected = laid_out(jacobian, output, case.size(case.wrt), layout, case.order)
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
        reasons = [agreement(d, case, refer, layout) for d, layout in zip(derivations, layouts, strict=True)]
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


def compare(outcome: Outcome, refer: Callable[..., Any]) -> None:
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
        book = mc.parse(case.closed_form, shapes=case.numbered())
        evaluate = book.numpy()
        for values in points(case, 1, exact=True):
            jacobian, output = refer(values)
            expected = laid_out(jacobian, output, case.size(case.wrt), case.layout, case.order)
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
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
