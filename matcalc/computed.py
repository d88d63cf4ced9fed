"""What can be computed: evaluators for NumPy, JAX and torch, and readable source for these, MATLAB and Julia."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matcalc.graph import Node, Symbol, has_more_than
from matcalc.shapes.dims import Dim
from matcalc.shown import Shown

# Operators up to which a formula is worth writing into a docstring, and parts up to which one is simplified for it.
_READABLE = 60
_SIMPLIFIED = 300

Output = tuple[Node, tuple[Dim, ...]]


@dataclass(frozen=True)
class Computation:
    """What a generated function computes, of which variables, and what it is called; `names` are the user's own.

    `outputs` is one result or several by name; with `value` the function returns a pair, the value first. `doc` writes
    the docstring: evaluators do without.
    """

    outputs: Output | Mapping[str, Output]
    symbols: Sequence[Symbol]
    functions: Sequence[str]
    name: str
    doc: Callable[[], str]
    names: Mapping[Node, str] = field(default_factory=dict)
    value: Output | None = None


def said(shown: Shown) -> str:
    """The formula for a docstring; one that nobody would read is left out."""
    if has_more_than(_SIMPLIFIED, shown._given) or shown.simplified.weight > _READABLE:
        return "a long expression"
    return shown.text


class Computed(ABC):
    """Evaluators and source of a computation."""

    @property
    @abstractmethod
    def computation(self) -> Computation:
        """What is computed."""

    def numpy(self) -> Any:
        """An evaluator: arrays by name in, array out."""
        return self._evaluator("numpy")

    def jax(self) -> Any:
        """A JAX evaluator, traceable under jit, vmap and grad. Raises DomainError where JAX is missing."""
        return self._evaluator("jax")

    def torch(self) -> Any:
        """An evaluator of torch tensors, differentiable by torch. Raises DomainError where torch is missing."""
        return self._evaluator("torch")

    def code(self, target: str = "numpy") -> str:
        """Readable source that runs without matcalc: numpy, jax, torch, matlab or julia.

        Raises DomainError for an unknown target.
        """
        from matcalc.codegen import source_text

        made = self.computation
        return source_text(
            made.outputs,
            made.symbols,
            target=target,
            name=made.name,
            doc=made.doc(),
            names=made.names,
            value=made.value,
        )

    def _evaluator(self, target: str) -> Any:
        from matcalc.numeric.evaluator import Evaluator

        made = self.computation
        return Evaluator(
            made.outputs,
            made.symbols,
            made.functions,
            target=target,
            name=made.name,
            names=made.names,
            value=made.value,
        )
