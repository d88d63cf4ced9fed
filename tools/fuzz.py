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
EVERY_JAX, EVERY_SECOND, REPORT = 20, 4, 1_000


def problem(case: Case, *, jax: bool, second: bool, lenient: bool = False) -> Exception | None:
    """What is wrong with a case, or None."""
    try:
        laws.check(case, jax=jax, second=second, lenient=lenient)
    except Exception as error:  # whatever comes is the finding
        return error
    return None


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
    return json.loads(state.read_text()) if state.exists() else {"next": 0, "failed": 0, "seconds": 0.0}


def run(seconds: float | None, count: int | None, lenient: bool = False, place: Path = PLACE) -> int:
    """Tries cases until time or count is up; the number that failed."""
    place.mkdir(exist_ok=True)
    state = load(place)
    start, tried, failed = time.monotonic(), 0, 0
    print(f"{state['next']:,} cases before, {state['failed']} of them failed")
    while (count is None or tried < count) and (seconds is None or time.monotonic() - start < seconds):
        seed = state["next"]
        options = {"jax": seed % EVERY_JAX == 0, "second": seed % EVERY_SECOND == 0, "lenient": lenient}
        case = generate(seed)
        error = problem(case, **options)
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
        if tried % 50 == 0:
            _save(place, state)
        if tried % REPORT == 0:
            rate = tried / (time.monotonic() - start)
            print(f"{tried:,} tried, {failed} failed, {rate:.1f} a second", flush=True)
    elapsed = time.monotonic() - start
    state["seconds"] += elapsed
    _save(place, state)
    print(f"{tried:,} cases in {elapsed:.0f} s ({tried / max(elapsed, 1e-9):.1f} a second): {failed} failed")
    print(f"{state['next']:,} in all, {state['failed']} failed; failures are in {place / 'failures.jsonl'}")
    return failed


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
    parser.add_argument(
        "--lenient", action="store_true", help="let texts read back as equal formulas with other parts shared"
    )
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
    return int(run(seconds, options.count, options.lenient) > 0)


if __name__ == "__main__":
    sys.exit(main())
