"""Functions of all the entries along an axis: logsumexp, max and min, and the indicators that max and min need.

In the graph they are gufuncs of a vector, `(n)->()` or `(n)->(n)`; other axes are batch axes that ride along. Along
axis 0 the node is transposed first, and without an axis it is stacked into one vector.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar, final

from matcalc.graph import Node, apply, contract, fuse, ones, permute, split, subtract, zero
from matcalc.rules import namespaces as ns
from matcalc.rules.entries import Function, Parameter
from matcalc.rules.operands import Operand, labels
from matcalc.rules.registry import register

Labels = tuple[Hashable, ...]


class AlongAxis(Function):
    """A function of the vectors along an axis; without an axis, of all entries."""

    arguments = (Parameter("x"), Parameter("axis", "axis", None))
    domain: ClassVar[tuple[str, ...]] = ("real",)

    def lower(self, x: Operand, axis: int | None = None) -> Node:
        """The node of a call: transposed so that the axis comes last, or stacked when there is none."""
        reduces = self.signature.endswith("->()")
        own = labels(x.shape, 0, 1)
        if axis is None:
            columns_first = permute(x.node, range(len(own))[::-1])
            result = self._along(fuse(columns_first, [len(own)]), True) if own else self._along(x.node, False)
            if reduces or len(own) < 2:
                return result
            return permute(split(result, (columns_first.axes,)), (1, 0))
        if axis not in own:
            return self._along(x.node, False)
        last = contract([(x.node, own)], (*(label for label in own if label != axis), axis))
        result = self._along(last, True)
        return result if reduces or axis == own[-1] else permute(result, (1, 0))

    def _along(self, node: Node, has_axis: bool) -> Node:
        return apply(self, [node]) if has_axis else self.of_one(node)

    @abstractmethod
    def of_one(self, node: Node) -> Node:
        """The function of vectors with a single entry, which have no axis for it."""


@final
class LogSumExp(AlongAxis):
    """x ↦ log Σ exp(xᵢ), shifted by the largest entry.

    ∂/∂xᵢ = exp(xᵢ) / Σ exp(xₖ) = softmax(x)ᵢ, so the pullback is c softmax(x)
    (Boyd & Vandenberghe 2004, Convex Optimization, section 3.1.5).
    """

    name = "logsumexp"
    signature = "(n)->()"
    shapes = "(m,n)->(1,1)"
    axis_shapes = ("(m,n)->(1,n)", "(m,n)->(m,1)")
    doc = "log Σ exp(x), without overflow; of all entries or along an axis."
    latex = r"\operatorname{logsumexp}"
    citation = "Boyd & Vandenberghe 2004, Convex Optimization, section 3.1.5"

    def of_one(self, node: Node) -> Node:
        """log exp(x) is x."""
        return node

    def value(self, xp: Any, x: Any) -> Any:
        """Along the last axis; -inf of nothing but -inf, and inf as soon as one entry is."""
        top = ns.finite_top(xp, x)
        total = xp.exp(x - top).sum(-1)
        # log(0) is meant when all entries are -inf, and is no cause for a warning.
        positive = xp.where(total > 0, total, 1)
        return xp.where(total > 0, xp.log(positive), -xp.inf) + top[..., 0]

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """c softmax(x)."""
        weights = apply(SOFTMAX, node.children)
        return contract([(cotangent, (*o, *b)), (weights, (*b, "i"))], (*o, *b, "i"))


@final
class Softmax(AlongAxis):
    """x ↦ s = exp(x) / Σ exp(xₖ).

    log s = x - logsumexp(x), so ∂sⱼ/∂xᵢ = sⱼ (δᵢⱼ - sᵢ): the Jacobian is diag(s) - s sᵀ, symmetric, and the pullback
    is s ⊙ (c - sᵀc) (Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2.2.3).
    """

    name = "softmax"
    signature = "(n)->(n)"
    shapes = "(n,1)->(n,1); (1,n)->(1,n)"
    axis_shapes = ("(m,n)->(m,n)", "(m,n)->(m,n)")
    doc = "exp(x) / Σ exp(x) of a vector; of a matrix along an axis."
    latex = r"\operatorname{softmax}"
    citation = "Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2.2.3"
    refused = (((2, 3),),)
    gives = frozenset({"positive", "simplex"})

    def of_one(self, node: Node) -> Node:
        """All the weight on the one entry."""
        return ones(node.axes)

    def value(self, xp: Any, x: Any) -> Any:
        """Along the last axis."""
        weights = xp.exp(x - xp.amax(x, -1)[..., None])
        return weights / weights.sum(-1)[..., None]

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """s ⊙ (c - sᵀc) for a gradient; of a Jacobian diag(s) - s sᵀ, the two terms apart."""
        inner = contract([(node, (*b, "k")), (cotangent, (*o, *b, "k"))], (*o, *b))
        if o:
            kept = contract([(node, (*b, "i")), (cotangent, (*o, *b, "i"))], (*o, *b, "i"))
            return subtract(kept, contract([(node, (*b, "i")), (inner, (*o, *b))], (*o, *b, "i")))
        shift = contract([(inner, b)], (*b, "i"), {"i": node.axes[-1]})
        return contract([(node, (*b, "i")), (subtract(cotangent, shift), (*b, "i"))], (*b, "i"))


class _Extreme(AlongAxis):
    """The largest or smallest entry: its derivative is the indicator of where it is."""

    signature = "(n)->()"
    shapes = "(m,n)->(1,1)"
    axis_shapes = ("(m,n)->(1,n)", "(m,n)->(m,1)")
    indicator: ClassVar[str]
    keeps = frozenset({"positive"})

    def of_one(self, node: Node) -> Node:
        """The one entry."""
        return node

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """c times the indicator."""
        where = apply(INDICATORS[self.indicator], node.children)
        return contract([(cotangent, (*o, *b)), (where, (*b, "i"))], (*o, *b, "i"))


@final
class Maximum(_Extreme):
    """x ↦ maxᵢ xᵢ.

    Where one entry is largest, a small change of x changes the maximum by that entry's change: the gradient is its
    indicator. Where several are, the subdifferential is the simplex over them, and its centre is taken.
    """

    name = "max"
    indicator = "argmax_indicator"
    doc = "The largest entry, of all or along an axis. (maximum(x, y) compares two.)"
    latex = r"\max"
    kinks = "several largest entries, which then share the derivative equally"
    citation = "Boyd & Vandenberghe 2004, Convex Optimization, section 3.1.5"

    def value(self, xp: Any, x: Any) -> Any:
        """Along the last axis."""
        return xp.amax(x, -1)


@final
class Minimum(_Extreme):
    """x ↦ minᵢ xᵢ = -max(-x): the gradient is the indicator of the smallest entry; ties share it."""

    name = "min"
    indicator = "argmin_indicator"
    doc = "The smallest entry, of all or along an axis. (minimum(x, y) compares two.)"
    latex = r"\min"
    kinks = "several smallest entries, which then share the derivative equally"
    citation = "Boyd & Vandenberghe 2004, Convex Optimization, section 3.1.5"

    def value(self, xp: Any, x: Any) -> Any:
        """Along the last axis."""
        return xp.amin(x, -1)


class _Indicator(AlongAxis):
    """Where the extreme entry is: 1 there and 0 elsewhere, 1/k on each of k equal ones. Constant between jumps."""

    signature = "(n)->(n)"
    shapes = "(m,n)->(m,n)"
    axis_shapes = ("(m,n)->(m,n)", "(m,n)->(m,n)")
    kinks = "several equal entries, a jump; the derivative is 0 everywhere"
    gives = frozenset({"simplex"})

    def of_one(self, node: Node) -> Node:
        """The one entry is the extreme one."""
        return ones(node.axes)

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """Zero."""
        return zero(cotangent.axes)

    def _share(self, xp: Any, x: Any, extreme: Any) -> Any:
        hits = xp.where(x == extreme[..., None], ns.ones_of(xp, x), xp.zeros_like(x))
        return hits / hits.sum(-1)[..., None]


@final
class ArgmaxIndicator(_Indicator):
    """x ↦ the indicator of the largest entry, a piecewise constant function: its derivative is zero."""

    name = "argmax_indicator"
    doc = "1 at the largest entry and 0 elsewhere; equal ones share it. The derivative of max."
    latex = r"\operatorname{argmax\_indicator}"

    def value(self, xp: Any, x: Any) -> Any:
        """Along the last axis."""
        return self._share(xp, x, xp.amax(x, -1))


@final
class ArgminIndicator(_Indicator):
    """x ↦ the indicator of the smallest entry, a piecewise constant function: its derivative is zero."""

    name = "argmin_indicator"
    doc = "1 at the smallest entry and 0 elsewhere; equal ones share it. The derivative of min."
    latex = r"\operatorname{argmin\_indicator}"

    def value(self, xp: Any, x: Any) -> Any:
        """Along the last axis."""
        return self._share(xp, x, xp.amin(x, -1))


LOGSUMEXP = register(LogSumExp())
SOFTMAX = register(Softmax())
MAX, MIN = register(Maximum()), register(Minimum())
INDICATORS: dict[str, _Indicator] = {
    entry.name: register(entry) for entry in (ArgmaxIndicator(), ArgminIndicator())
}
