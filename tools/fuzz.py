"""`make fuzz`: random expressions against all laws, by the clock or by count, from where the last run stopped.

    make fuzz SECONDS=600          ten minutes
    make fuzz COUNT=20000          until 20,000 more have been tried
    python -m tools.fuzz --seed 17 one case, with what is wrong with it

Cases are numbered; `.fuzz/state.json` remembers the next. A failure goes to `.fuzz/failures.jsonl` with its seed and
the smallest expression that fails in the same way.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

import matcalc as mc
from tests.fuzz import laws
from tests.fuzz.grammar import generate
from tests.fuzz.shrink import minimal
from tests.fuzz.terms import Case

PLACE = Path(".fuzz")
EVERY_JAX, EVERY_SECOND, REPORT, FORGET = 20, 4, 1_000, 100


def problem(case: Case, *, jax: bool, second: bool) -> Exception | None:
    """What is wrong with a case, or None."""
    return outcome(case, jax=jax, second=second)[0]


def outcome(case: Case, *, jax: bool, second: bool) -> tuple[Exception | None, list[str]]:
    """What is wrong with a case, or None, and what exact comparison could not decide within its limits."""
    try:
        return None, laws.check(case, jax=jax, second=second).undecided
    except Exception as error:  # whatever comes is the finding
        return error, []


def kind(error: Exception) -> str:
    """What two failures have in common: the law, the error of matcalc, or the line that crashed."""
    if isinstance(error, laws.Broken):
        return error.law
    if isinstance(error, mc.MatcalcError):
        return f"{error.code}: {error.message[:30]}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


def finding(case: Case, error: Exception, options: dict[str, bool]) -> dict[str, Any]:
    """A failure with the smallest expression that shows it."""

    def fails(other: Case) -> bool:
        found = problem(other, **options)
        return found is not None and kind(found) == kind(error)

    small = minimal(case, fails)
    last = problem(small, **options) or error
    return {
        "seed": case.seed,
        "kind": kind(error),
        "text": small.plain,
        "shapes": small.shapes,
        "what": str(last),
    }


def load(place: Path) -> dict[str, Any]:
    """Where the last run stopped."""
    state = place / "state.json"
    fresh = {"next": 0, "failed": 0, "undecided": 0, "seconds": 0.0}
    return {**fresh, **json.loads(state.read_text())} if state.exists() else fresh


def run(seconds: float | None, count: int | None, place: Path = PLACE) -> int:
    """Tries cases until time or count is up; the number that failed."""
    place.mkdir(exist_ok=True)
    state = load(place)
    start, tried, failed, open_cases = time.monotonic(), 0, 0, 0
    print(_summary(state))
    while (count is None or tried < count) and (seconds is None or time.monotonic() - start < seconds):
        seed = state["next"]
        options = {"jax": seed % EVERY_JAX == 0, "second": seed % EVERY_SECOND == 0}
        case = generate(seed)
        error, undecided = outcome(case, **options)
        if error is not None:
            failed += 1
            found = finding(case, error, options)
            print(
                f"[{seed}] {found['kind']}\n    {found['text']}   {found['shapes']}\n    {found['what'][:400]}",
                flush=True,
            )
            with (place / "failures.jsonl").open("a") as file:
                print(json.dumps(found, ensure_ascii=False), file=file)
        tried += 1
        state["next"] += 1
        state["failed"] += error is not None
        state["undecided"] += bool(undecided)
        if undecided:
            open_cases += 1
            print(f"[{seed}] undecided: {undecided[0][:400]}", flush=True)
        if tried % FORGET == 0:
            _forget_compiled()
        if tried % 50 == 0:
            _save(place, state)
        if tried % REPORT == 0:
            rate = tried / (time.monotonic() - start)
            print(
                f"{tried:,} tried, {failed} failed, {open_cases} undecided, {rate:.1f} a second", flush=True
            )
    elapsed = time.monotonic() - start
    state["seconds"] += elapsed
    _save(place, state)
    print(f"{tried:,} cases in {elapsed:.0f} s ({tried / max(elapsed, 1e-9):.1f} a second)")
    print(_summary(state), f"Failures are in {place / 'failures.jsonl'}.")
    return failed


def _summary(state: dict[str, Any]) -> str:
    passed = state["next"] - state["failed"] - state["undecided"]
    return (
        f"{state['next']:,} cases in all: {passed:,} passed, {state['failed']} failed,"
        f" {state['undecided']} undecided."
    )


def _forget_compiled() -> None:
    """JAX keeps whatever it has compiled; every case is another program."""
    import jax

    jax.clear_caches()


def _save(place: Path, state: dict[str, Any]) -> None:
    temporary = place / "state.json.new"
    temporary.write_text(json.dumps(state))
    temporary.replace(place / "state.json")


def main(arguments: list[str] | None = None) -> int:
    """The exit code is 1 when a case failed."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, help="stop after this time")
    parser.add_argument("--minutes", type=float, help="the same in minutes")
    parser.add_argument("--count", type=int, help="stop after so many cases")
    parser.add_argument("--seed", type=int, help="only this case")
    parser.add_argument("--fresh", action="store_true", help="begin again with case 0")
    options = parser.parse_args(arguments)
    warnings.simplefilter("error")
    if options.seed is not None:
        case = generate(options.seed)
        print(case.text, case.shapes, sep="\n")
        error = problem(case, jax=True, second=True)
        if error is not None:
            print(
                json.dumps(finding(case, error, {"jax": True, "second": True}), ensure_ascii=False, indent=1)
            )
        return int(error is not None)
    if options.fresh and (PLACE / "state.json").exists():
        (PLACE / "state.json").unlink()
    seconds = options.seconds if options.minutes is None else 60 * options.minutes
    if seconds is None and options.count is None:
        seconds = 300.0
    return int(run(seconds, options.count) > 0)


if __name__ == "__main__":
    sys.exit(main())
