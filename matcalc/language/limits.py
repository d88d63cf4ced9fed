"""How large an input may be. Checked before any work is done on it; each limit is a setting."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Bounds for text that users type. Python objects, and text that matcalc itself printed, need none: `NO_LIMITS`.

    `factors` bounds one matrix product, or one term of an index form: telling like factors apart takes a time that
    grows with the square of their number. `primes` bounds those of a function of the table: its formula is written
    out.
    """

    characters: int = 20_000
    nesting: int = 200
    digits: int = 30
    exponent: int = 1_000
    dimension: int = 10**9
    matrix_power: int = 10**6
    factors: int = 300
    primes: int = 4


LIMITS = Limits()
# Matrix powers stay bounded: their derivative is a sum with as many terms.
NO_LIMITS = Limits(
    characters=sys.maxsize, nesting=sys.maxsize, digits=1_000, exponent=sys.maxsize, factors=sys.maxsize
)
