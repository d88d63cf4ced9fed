"""The length of a formula in tokens of the language: the measure by which results and textbooks' forms are compared."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?   # a number
    |   \.T\b                                  # a transpose
    |   [^\W\d]\w*                             # a name
    |   \*\*|->                                # operators of two characters
    |   \S                                     # operators, brackets, commas, primes""",
    re.VERBOSE,
)


def token_count(text: str) -> int:
    """How many names, numbers, operators, brackets and commas `text` has; `.T` and each prime count as one."""
    return len(_TOKEN.findall(text.replace("ᵀ", ".T ")))
