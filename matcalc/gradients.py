"""`value_and_grad`: a scalar and its gradients in one pass, what the two share computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from matcalc.computed import Computation, Computed, said
from matcalc.derivation import Derivation, derive
from matcalc.errors import ShapeError
from matcalc.expression import Expression
from matcalc.graph import Node, tidy


class ValueAndGrad(Computed):
    """A scalar with its gradient, or with a dict of gradients by variable.

    Called with arrays by name it gives `(value, gradient)`; `numpy()`, `jax()` and `torch()` are evaluators of the
    same, `code()` is their source.
    """

    def __init__(self, of: Expression, gradients: Mapping[str, Derivation], single: bool) -> None:
        self._of = of
        self._gradients = dict(gradients)
        self._single = single

    @property
    def of(self) -> Expression:
        """The scalar."""
        return self._of

    @property
    def gradients(self) -> dict[str, Derivation]:
        """The gradients by variable."""
        return dict(self._gradients)

    @cached_property
    def _nodes(self) -> tuple[Node, ...]:
        return tidy(self._of.value.node, *(one.laid_out for one in self._gradients.values()))

    @property
    def computation(self) -> Computation:
        """The value and the gradients."""
        value, *gradients = self._nodes
        pairs = zip(self._gradients.items(), gradients, strict=True)
        outputs = {name: (node, one.shape) for (name, one), node in pairs}
        return Computation(
            next(iter(outputs.values())) if self._single else outputs,
            self._of._symbols,
            self._of.functions,
            "value_and_grad",
            self._said,
            self._of._given_names,
            (value, self._of.shape),
        )

    def _said(self) -> str:
        lines = [f"    {name}: {said(one)}" for name, one in self._gradients.items()]
        head = f"The value of {said(self._of)} and its derivative{'' if self._single else 's'}:"
        return "\n".join([head, "", *lines])

    @cached_property
    def _call(self) -> Any:
        return self.numpy()

    def __call__(self, /, *positional: Any, **values: Any) -> Any:
        """(value, gradient) at arrays given by name; for several variables the gradients are a dict."""
        return self._call(*positional, **values)

    def __repr__(self) -> str:
        return f"<value and gradient of {self._of.text} by {', '.join(self._gradients)}>"


def value_and_grad(
    expr: str | Expression,
    wrt: Any,
    *,
    shapes: Any = None,
    functions: Sequence[Any] | str = (),
    dialect: str = "python",
    names: Mapping[str, str] | None = None,
    symmetric: str = "projection",
) -> ValueAndGrad:
    """The scalar `expr` and its gradient by `wrt`, a variable or a list of them, to be computed in one pass.

    Raises ShapeError when the expression is no scalar, and whatever `derive` raises.
    """
    single = not isinstance(wrt, list)
    derivations = derive(
        expr,
        [wrt] if single else wrt,
        shapes=shapes,
        functions=functions,
        dialect=dialect,
        names=names,
        symmetric=symmetric,
    )
    of = next(iter(derivations.values())).of
    if of.shape != ():
        raise ShapeError(
            f"value_and_grad takes a scalar, but {of.text} is of shape ({', '.join(map(str, of.shape))})",
            hint="derive gives Jacobians",
        )
    return ValueAndGrad(of, derivations, single)
