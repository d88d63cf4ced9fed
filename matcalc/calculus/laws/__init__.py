"""The laws of simplification: tables of textbook lines, and the engine that finds where they apply."""

from __future__ import annotations

from matcalc.calculus.laws import distributions, matrices, scalars
from matcalc.calculus.laws.law import Law

ALL: tuple[Law, ...] = (*matrices.LAWS, *distributions.LAWS, *scalars.LAWS)
