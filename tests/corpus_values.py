"""The corpus's derivations with a point to evaluate them at, for laws that hold of all of them."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import matcalc as mc
from tools.cases import Array, Case, points, read_cases


@dataclass(frozen=True)
class Sample:
    """A case that is in scope, and a generic point."""

    case: Case

    def derived(self, layout: str = "shape") -> mc.Derivation:
        """Its derivative."""
        case = self.case
        derived = mc.derive(case.expr, case.wrt, shapes=case.declared(), order=case.order, layout=layout)
        assert isinstance(derived, mc.Derivation)
        return derived

    @property
    def derivation(self) -> mc.Derivation:
        """Its derivative by the shape convention."""
        return self.derived()

    @functools.cached_property
    def values(self) -> dict[str, Array]:
        """The point; declared properties hold there."""
        return next(points(self.case, 1, exact=True))

    def of(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of those variables."""
        return {name: self.values[name] for name in names if name in self.values}


@functools.cache
def samples() -> list[Sample]:
    """Every case in scope."""
    return [Sample(case) for case in read_cases() if case.in_scope]
