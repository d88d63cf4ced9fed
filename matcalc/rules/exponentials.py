"""The matrix exponential and its derivatives.

Dᵏexp(A)[E₁, …, Eₖ] is multilinear in its directions, and their order does not matter. A function here leaves some of
the directions to the caller and lets the others run over all unit matrices, which gives a pair of axes for each. So
`expm_frechet(A, E)` is Dexp(A)[E], `expm_frechet2(A, E, F)` is D²exp(A)[E, F], `expm_jacobian(A)[i,j,k,l]` is
∂exp(A)[i,j]/∂A[k,l], and `expm_frechet_jacobian(A, E)[i,j,k,l]` is ∂Dexp(A)[E][i,j]/∂A[k,l].

The cotangent C of exp(A) is pulled back to Dexp(Aᵀ)[C]: from the power series, ⟨C, Dexp(A)[E]⟩ = ⟨Dexp(Aᵀ)[C], E⟩,
and differentiating that by A again, ⟨C, D²exp(A)[E, F]⟩ = ⟨D²exp(Aᵀ)[C, Eᵀ], F⟩
(Higham 2008, Functions of Matrices, sections 3.1 and 10.2). The values are blocks of an exponential,
exp [[A, E], [0, A]] = [[exp A, Dexp(A)[E]], [0, exp A]] (Higham 2008, section 3.2), and so on for more directions.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar

from matcalc.errors import DomainError
from matcalc.graph import (
    Contract,
    Node,
    apply,
    contract,
    elementwise,
    identity,
    is_zero,
    multiply,
    scale,
    zero,
)
from matcalc.rules import namespaces as ns
from matcalc.rules.entries import Function, Parameter
from matcalc.rules.operands import Operand
from matcalc.rules.patterns import diagonal_of, multiple, swap_last, untransposed
from matcalc.rules.registry import lookup, register

Labels = tuple[Hashable, ...]
# How many directions may be given; one more may be free.
GIVEN = 2
HIGHAM = "Higham 2008, Functions of Matrices, sections 3.1 and 10.2"


class ExponentialDerivative(Function):
    """Dᵏexp(A) in `directions` given ones and `free` ones that run over the unit matrices; expm itself has none.

    A free direction gives the tensor in which a Jacobian is written. There is at most one.
    """

    directions: ClassVar[int]
    free: ClassVar[int]
    citation = HIGHAM
    hint = "the matrix and the directions are square and of one size; exp is entry by entry"

    def lower(self, A: Operand, **given: Operand) -> Node:
        """The node of a call; of scalars the directions times exp(A)."""
        nodes = [A.node, *(operand.node for operand in given.values())]
        if A.node.axes:
            return apply(self, nodes)
        if self.free:
            raise DomainError(f"{self.name} is of matrices", hint="the derivatives of exp(x) are exp(x)")
        return multiply(elementwise(lookup("exp"), A.node), *nodes[1:])

    def value(self, xp: Any, A: Any, *given: Any) -> Any:
        """The top right block of the exponential in which every direction doubles the size."""
        n = A.shape[-1]
        whole, *directions = self._spread(xp, A, *given) if self.free else (A, *given)
        for k, direction in enumerate(directions):
            corner = direction if k == 0 else _repeated(xp, direction, 2**k, whole.shape)
            above = xp.concatenate((whole, corner), -1)
            below = xp.concatenate((xp.zeros_like(whole), whole), -1)
            whole = xp.concatenate((above, below), -2)
        result = ns.expm(xp, whole)[..., :n, -n:]
        return xp.moveaxis(result, (-2, -1), (-4, -3)) if self.free else result

    @staticmethod
    def _spread(xp: Any, *arrays: Any) -> list[Any]:
        """The arrays along two more axes, those of the unit matrices, which are the last direction."""
        n = arrays[0].shape[-1]
        units = xp.reshape(ns.eye_like(xp, arrays[0], n * n), (n, n, n, n))
        parts = [*(x[..., None, None, :, :] for x in arrays), units]
        zeros = xp.zeros_like(sum(parts[1:], parts[0]))
        return [part + zeros for part in parts]

    def pullback(self, node: Node, index: int, cotangent: Node, o: Labels, b: Labels) -> Node:
        """D…exp(Aᵀ)[C, Eᵀ, …] of a gradient; of a Jacobian the cotangent times the tensor with one more axis pair."""
        A, *given = node.children
        others = [E for k, E in enumerate(given, 1) if k != index]
        if self.free or (not o and len(others) == GIVEN):
            raise DomainError(
                f"the derivative of {self.name} has no function here",
                hint="the matrix exponential is differentiated twice, and only once where it has an axis",
            )
        if not o:
            turned = [swap_last(A), cotangent, *map(swap_last, others)]
            return apply(_FAMILY[len(others) + 1, 0], turned)
        tensor = apply(_FAMILY[len(others), 1], [A, *others])
        return contract(
            [(cotangent, (*o, *b, "k", "l")), (tensor, (*b, "k", "l", "i", "j"))], (*o, *b, "i", "j")
        )

    def build(self, operands: Sequence[Node], parameters: Labels) -> Node | None:
        """Multilinear and symmetric in the directions; in the direction I it is itself, as exp(A + t I) = eᵗ exp(A).

        exp(Aᵀ) = exp(A)ᵀ, exp(0) = I, exp(diag(x)) = diag(exp(x)), Dexp(A)[A] = A exp(A).
        """
        A, *given = operands
        if any(map(is_zero, given)):
            return zero(A.axes + A.axes[-1:] * (2 * self.free))
        multiples = [multiple(E) for E in given]
        if any(coefficient != 1 for coefficient, _ in multiples):
            inner = apply(self, [A, *(E for _, E in multiples)])
            for coefficient, _ in multiples:
                inner = scale(coefficient, inner)
            return inner
        rest = [E for E in given if E is not identity(E.axes[-1])]
        if len(rest) < len(given):
            return apply(_FAMILY[len(rest), self.free], [A, *rest])
        in_order = sorted(given, key=lambda E: E.digest)
        if in_order != given:
            return apply(self, [A, *in_order])
        return None if self.free else self._of_known(A, given)

    def _of_known(self, A: Node, given: Sequence[Node]) -> Node | None:
        if untransposed(_unscaled(A)) is not None:
            return swap_last(apply(self, [swap_last(A), *map(swap_last, given)]))
        if given:
            (E, *more), square = given, len(A.axes) == 2
            if more or not square or _unscaled(E) is not _unscaled(A):
                return None
            return contract([(E, "ik"), (apply(EXPM, [A]), "kj")], "ij")
        if is_zero(A) and len(A.axes) == 2:
            return identity(A.axes[-1])
        entries = diagonal_of(A)
        return contract([(elementwise(lookup("exp"), entries), "i")], "ii") if entries is not None else None

    def symmetric(self, operands: Sequence[Node], symmetric: Callable[[Node], bool]) -> bool:
        """Of symmetric matrices in symmetric directions it is symmetric."""
        return all(map(symmetric, operands))


def _repeated(xp: Any, x: Any, count: int, shape: Any) -> Any:
    """The block diagonal matrix of this many copies of x."""
    blocks = ns.eye_like(xp, x, count)[:, None, :, None] * x[..., None, :, None, :]
    return xp.reshape(blocks, shape)


def _unscaled(node: Node) -> Node:
    """The matrix of which a node is a multiple, by a number or by scalar factors."""
    node = multiple(node)[1]
    if isinstance(node, Contract) and any(not labels for _, labels in node.factors):
        rest = [pair for pair in node.factors if pair[1]]
        return contract(rest, node.out, dict(enumerate(node.sizes)))
    return node


def _member(directions: int, free: int) -> ExponentialDerivative:
    """The function of this many given and free directions, as a final class of its own."""
    order = directions + free
    given = "EFG"[:directions]
    count = "" if directions < 2 else str(directions)
    name = f"expm{'_frechet' if directions else ''}{count}{'_jacobian' if free else ''}"
    inputs = ",".join(["(n,n)"] * (1 + directions))
    told = f"D^{order} expm(A)[{', '.join((*given, *(['·'] * free)))}]"
    traits: dict[str, Any] = {
        "__doc__": f"A, … ↦ {told}.",
        "name": name,
        "directions": directions,
        "free": free,
        "signature": f"{inputs}->({','.join(['n'] * (2 + 2 * free))})",
        "shapes": f"{inputs}->({','.join(['n'] * (2 + 2 * free))})",
        "arguments": tuple(map(Parameter, ("A", *given))),
        "domain": ("real",) * (1 + directions),
        "latex": r"\exp" if not order else rf"\operatorname{{{name}}}".replace("_", r"\_"),
        "refused": (((2, 3),) * (1 + directions), ((3, 1),) * (1 + directions)),
        "limited": "the matrix exponential is differentiated twice, and only once where the result has an axis",
        "doc": _doc(order, given, free),
    }
    if not order:
        traits |= {
            "keeps": frozenset({"symmetric", "spd", "diagonal"}),
            "gives": frozenset({"invertible"}),
            "makes": {"symmetric": frozenset({"spd"})},
        }
    made: ExponentialDerivative = type(name, (ExponentialDerivative,), traits)()
    return made


def _doc(order: int, given: str, free: int) -> str:
    if not order:
        return "The matrix exponential. (exp is entry by entry.)"
    which = ("first", "second", "third")[order - 1]
    towards = f" in the direction{'s' * (len(given) > 1)} {', '.join(given)}" if given else ""
    entries = (
        ", and [i,j,k,l] by A[k,l]" if free and given else ": [i,j,k,l] is that of expm(A)[i,j] by A[k,l]"
    )
    return f"The {which} derivative of expm at A{towards}{entries * free}."


_FAMILY = {
    (directions, free): register(_member(directions, free))
    for directions in range(GIVEN + 1)
    for free in (0, 1)
}
EXPM = _FAMILY[0, 0]
