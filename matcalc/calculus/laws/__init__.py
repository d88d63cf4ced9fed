"""The laws of simplification: tables of textbook lines, and the engine that finds where they apply."""

from __future__ import annotations

from matcalc.calculus.laws import distributions, matrices, scalars
from matcalc.calculus.laws.law import Law
from matcalc.rules.entries import ENTRIES

_TABLES = (matrices, distributions, scalars)

# The laws that speak only of functions that are registered.
ALL: tuple[Law, ...] = tuple(law for table in _TABLES for law in table.LAWS if law.needs <= ENTRIES.keys())
