"""What matcalc makes of a run of cases, as JSON: one process of those that must all agree.

`python -m tests.fuzz.batch 0 60` goes upwards; `python -m tests.fuzz.batch 0 60 backwards` goes downwards, with
other expressions alive while it does.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import matcalc as mc
from tests.fuzz.grammar import generate
from tests.fuzz.laws import Subject


def results(seed: int) -> list[str]:
    """Digests and texts of an expression and its derivatives."""
    subject = Subject(generate(seed))
    shown: list[Any] = [subject.expression, *subject.derivatives.values()]
    return [part for one in shown for part in (str(one.node.digest), one.text, one.latex, one.index_notation)]


def main(arguments: list[str]) -> None:
    """Prints the results by seed."""
    first, last = int(arguments[0]), int(arguments[1])
    seeds = list(range(first, last))
    alive = []
    if arguments[2:] == ["backwards"]:
        seeds.reverse()
        alive = [
            mc.parse(generate(seed).text, shapes=generate(seed).shapes) for seed in range(last, last + 20)
        ]
    found = {str(seed): results(seed) for seed in seeds}
    print(json.dumps(dict(sorted(found.items())), sort_keys=True))
    del alive


if __name__ == "__main__":
    main(sys.argv[1:])
