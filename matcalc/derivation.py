"""`derive`: from an expression to its derivative, with everything that a user may ask of it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import cached_property
from textwrap import indent
from typing import Any

from matcalc.calculus.differentiate import differentiate
from matcalc.calculus.simplify import simplify
from matcalc.computed import Computation, Computed, said
from matcalc.conditions import conditions
from matcalc.errors import DomainError, LimitError, MissingKeyError, UnknownNameError
from matcalc.expression import Expression, is_given, parse
from matcalc.graph import Node, Symbol, fuse, is_same, normal, permute, symbol, tidy, topological
from matcalc.language.declarations import Declaration
from matcalc.language.names import nearest
from matcalc.linearmap import LinearMap
from matcalc.notebook import table
from matcalc.remarks import Remark
from matcalc.shapes.layouts import arrange, axes_of, check_layout
from matcalc.shown import Shown, Vocabulary

MAX_ORDER = 6


class Derivation(Shown, Computed):
    """A derivative: its formula in every notation, its shape, evaluators, and the check against JAX.

    `text`, `latex`, `unicode`, `index_notation` show it; `numpy()` and `jax()` evaluate it; `verify()` checks it.
    """

    def __init__(
        self, of: Expression, derivative: Node, wrt: tuple[Symbol, ...], layout: str, symmetric: str
    ) -> None:
        self._plan = arrange(of._shape, [variable.shape for variable in wrt], layout)
        super().__init__(derivative, self._plan.shape)
        self._of = of
        self._wrt = wrt
        self._layout = layout
        self._symmetric = symmetric

    @cached_property
    def simplified(self) -> Node:
        """The derivative laid out, in normal form, simplified. Made when first asked for."""
        return simplify(tidy(self.laid_out)[0])

    @property
    def laid_out(self) -> Node:
        """The derivative as the sweep left it, with its axes as the layout wants them."""
        node = self._given
        return fuse(permute(node, self._plan.order), self._plan.groups) if node.axes else node

    @property
    def _typed(self) -> Callable[[], Container[Node]]:
        return lambda: self._typed_nodes

    @cached_property
    def _typed_nodes(self) -> frozenset[Node]:
        return frozenset(topological([self._of.node]))

    @property
    def vocabulary(self) -> Vocabulary:
        """That of the expression."""
        return self._of.vocabulary

    @cached_property
    def warnings(self) -> tuple[Remark, ...]:
        """Where the derivative holds, what is taken at kinks, and what looked like a slip in the expression."""
        known = self._of.vocabulary
        told = (
            *map(Remark, known.warnings),
            *conditions(self._of.node, self._wrt, known.order, self.simplified),
        )
        return tuple(dict.fromkeys(told))

    @property
    def of(self) -> Expression:
        """The expression that was differentiated."""
        return self._of

    @property
    def wrt(self) -> tuple[str, ...]:
        """The variables, one for each order."""
        return tuple(variable.name for variable in self._wrt)

    @property
    def order(self) -> int:
        """How many times it was differentiated."""
        return len(self._wrt)

    @property
    def layout(self) -> str:
        """shape, jacobian or denominator."""
        return self._layout

    @property
    def stands_for(self) -> str:
        """What is shown, in its layout: `∂vec(Y)/∂vec(X) where Y = A @ X @ B`; vec stacks columns."""
        output, *variables = (self._of._shape, *(variable.shape for variable in self._wrt))
        stacked = self._layout != "shape"
        letters = "s S" if len(axes_of(output)) == 0 else "Y Z" if len(axes_of(output)) == 2 else "y z"
        above = next(name for name in (*letters.split(), f"{letters[0]}_1") if name not in self._taken)
        shown, axes = above, len(axes_of(output))
        for name, shape in zip(self.wrt, variables, strict=True):
            over = f"vec({shown})" if stacked and axes > 1 else shown
            by = f"vec({name})" if stacked and len(axes_of(shape)) == 2 else name
            shown, axes = f"∂{over}/∂{by}", axes + len(axes_of(shape))
        whole = f"({shown}).T" if self._layout == "denominator" else shown
        return f"{whole} where {above} = {self._of.text}"

    @property
    def expression(self) -> Expression:
        """The derivative as an expression, to compute with further: what its text says."""
        return Expression(self.node, self._shape, self.vocabulary)

    @property
    def _as_tensor(self) -> Derivation:
        """The same derivative with the axes of the output, then those of the variables."""
        if self._layout == "shape":
            return self
        return Derivation(self._of, self._given, self._wrt, "shape", self._symmetric)

    @cached_property
    def linear_map(self) -> LinearMap:
        """The derivative as a linear map, `dX ↦ A @ dX @ B`; at higher orders it maps to the change of the last one."""
        *earlier, last = self._wrt
        before = arrange(self._of._shape, [variable.shape for variable in earlier], "shape")
        shape = before.shape if earlier else self._of._shape
        return LinearMap(self._as_tensor.simplified, last, shape, self.vocabulary, self._typed)

    @cached_property
    def einsum(self) -> str:
        """The derivative as `einsum('ik,lj->ijkl', A, B)`: the axes of the output, then those of the variables.

        The operands are in matrix notation, vectors with one axis. Raises DomainError where `vec` or `kron` occur.
        """
        tensor = self._as_tensor
        return tensor.einsum if tensor is not self else super().einsum

    # Evaluation ------------------------------------------------------------------------------------------------

    @property
    def computation(self) -> Computation:
        """The derivative, as evaluators and source have it."""
        name = _function_name(self._of, self.order, self._layout)
        return Computation(
            (self.simplified, self.shape), self._symbols, self._functions, name, self._said, self._given_names
        )

    def _said(self) -> str:
        by = " and ".join(self.wrt)
        return f"The derivative of {said(self._of)} by {by}:\n\n{indent(said(self), '    ')}"

    def factors(self) -> Any:
        """An evaluator of the two vectors whose outer product the derivative is: δ and x of a weight's δ xᵀ.

        It gives a dict with "left" and "right". Raises DomainError where the derivative is no outer product.
        """
        from matcalc.numeric.evaluator import Evaluator
        from matcalc.numeric.structure import outer_factors

        found = outer_factors(self.node)
        if found is None:
            raise DomainError(
                f"{self.text} is no outer product of two vectors", hint="numpy() gives the matrix"
            )
        outputs = {name: (node, node.axes) for name, node in zip(("left", "right"), found, strict=True)}
        return Evaluator(outputs, self._symbols, self.functions)

    def operator(self, /, *positional: Any, **values: Any) -> Any:
        """The derivative at a point as a linear operator: rows are the outputs, columns the (last) variable.

        It has matvec, rmatvec, todense and solve, and is one of SciPy's LinearOperators. Matrices are flattened in
        NumPy's order; in the layouts "jacobian" and "denominator" as these have them. Raises as evaluators do.
        """
        if positional:
            raise self._operators.dense.misplaced()
        return self._operators.at(values)

    @cached_property
    def _operators(self) -> Any:
        from matcalc.numeric.operator import Operators

        inputs = len(self._wrt[-1].axes)
        node = self.node
        if self._layout != "shape":
            node = simplify(tidy(permute(self._given, self._plan.order))[0])
        rows = inputs if self._layout == "denominator" else len(node.axes) - inputs
        symmetric = self.order == 2 and self._wrt[0] is self._wrt[1] and self._of.shape == ()
        return Operators(node, rows, self._symbols, self.functions, symmetric=symmetric)

    def verify(self, samples: int = 3, seed: int = 0, device: Any = None, dtype: str = "float64") -> Any:
        """Compare with JAX autodiff and with central differences at random points; returns the evidence.

        `device` is None for JAX's default, "cpu", "gpu", or "all" that JAX sees; `dtype` "float32" checks the
        evaluators in single precision.
        """
        from matcalc.numeric.verification import verify

        return verify(
            self._of.node,
            self.node,
            self._wrt,
            symbols=self._symbols,
            arrangement=self._plan,
            symmetric=self._symmetric,
            samples=samples,
            seed=seed,
            device=device,
            dtype=dtype,
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Shown):
            return self._shape == other._shape and is_same(self.node, other.node)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(normal(self.node))

    def __repr__(self) -> str:
        return f"<derivative of {self._of.text} by {', '.join(self.wrt)}: {self.text}>"


class Derivations(Mapping[str, Derivation], Computed):
    """The derivatives of one expression by several variables; evaluators and code compute shared parts once."""

    def __init__(self, derivations: Mapping[str, Derivation]) -> None:
        self._derivations = dict(derivations)

    def __getitem__(self, name: str) -> Derivation:
        try:
            return self._derivations[name]
        except (KeyError, TypeError):
            known = ", ".join(self._derivations)
            raise MissingKeyError(f"there is no derivative by {name!r}", hint=f"by {known}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._derivations)

    def __len__(self) -> int:
        return len(self._derivations)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self._derivations.values()))

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows: a table of variables, derivatives and shapes."""
        first = next(iter(self._derivations.values()))
        return table(first.of, self._derivations, repr(self))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes of all derivatives in one normal form: what they share is one node."""
        return tidy(*(one.laid_out for one in self._derivations.values()))

    @property
    def computation(self) -> Computation:
        """All of the derivatives, by variable."""
        first = next(iter(self._derivations.values()))
        pairs = zip(self._derivations.items(), self.nodes, strict=True)
        outputs = {name: (node, one.shape) for (name, one), node in pairs}
        of = first.of
        name = _function_name(of, first.order, first.layout) + "s"
        return Computation(outputs, first._symbols, first.functions, name, self._said, of._given_names)

    def _said(self) -> str:
        first = next(iter(self._derivations.values()))
        lines = [f"    {name}: {said(one)}" for name, one in self._derivations.items()]
        return "\n".join([f"The derivatives of {said(first.of)}, by variable:", "", *lines])

    def verify(
        self, samples: int = 3, seed: int = 0, device: Any = None, dtype: str = "float64"
    ) -> dict[str, Any]:
        """The evidence for each derivative, by variable."""
        return {name: one.verify(samples, seed, device, dtype) for name, one in self._derivations.items()}


def derive(
    expr: str | Expression,
    wrt: Any,
    *,
    shapes: Any = None,
    functions: Sequence[Any] | str = (),
    order: int = 1,
    layout: str = "shape",
    dialect: str = "python",
    names: Mapping[str, str] | None = None,
    symmetric: str = "projection",
) -> Any:
    """The derivative of `expr` by `wrt`: a `Derivation`, or for a list of variables `Derivations` by name.

    `wrt` is a name or a variable object, a list of them, or for order 2 a tuple: by the first, then by the second.
    `layout` is "shape" (a gradient has its variable's shape), "jacobian" (numerator layout) or "denominator".
    For a symmetric variable the derivative is projected onto the symmetric matrices; `symmetric="cookbook"` gives
    G + Gᵀ − G ⊙ I instead. Raises a MatcalcError for whatever can't be read, does not fit, or is too large.
    """
    check_layout(layout)
    if not isinstance(symmetric, str) or symmetric not in ("projection", "cookbook"):
        raise DomainError(f"symmetric is 'projection' or 'cookbook', not {symmetric!r}")
    _check_order(order)
    if isinstance(expr, Expression):
        if shapes is not None or is_given(names) or is_given(functions):
            raise DomainError("shapes, functions and names belong to an expression given as text")
        of = expr
    elif isinstance(expr, str):
        of = parse(expr, shapes=shapes, functions=functions, dialect=dialect, names=names)
    else:
        raise DomainError("an expression is a text or an Expression", hint='derive("x.T @ x", wrt="x")')
    if isinstance(wrt, list):
        if not wrt:
            raise DomainError("wrt is an empty list", hint="name at least one variable")
        wanted = [(_variable(of, one),) * order for one in wrt]
        made = _derivations(of, wanted, layout, symmetric)
        return Derivations({one.wrt[0]: one for one in made})
    if isinstance(wrt, tuple):
        if len(wrt) != order:
            raise DomainError(
                f"a tuple of {len(wrt)} variables needs order={len(wrt)}", hint="a list gives each by itself"
            )
        return _derivations(of, [tuple(_variable(of, one) for one in wrt)], layout, symmetric)[0]
    return _derivations(of, [(_variable(of, wrt),) * order], layout, symmetric)[0]


def _check_order(order: object) -> None:
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise DomainError("order is a positive whole number")
    if order > MAX_ORDER:
        raise LimitError(f"order {order} is more than {MAX_ORDER}", hint=f"at most {MAX_ORDER}")


def _variable(of: Expression, wanted: object) -> Symbol:
    if isinstance(wanted, Expression):
        node = wanted.node
        if not isinstance(node, Symbol):
            raise DomainError(f"wrt is a variable, not {wanted.text}")
        known = of._declared.get(node.name)
        if known is not None and symbol(node.name, known.shape, known.properties) is not node:
            raise UnknownNameError(f"'{node.name}' is declared differently in the expression")
        return node
    if not isinstance(wanted, str):
        raise DomainError("wrt is a variable's name", hint='wrt="W", or a list of names')
    name = wanted.strip()
    declaration: Declaration | None = of._declared.get(name)
    if declaration is None:
        near = nearest(name, of._declared)
        known_names = ", ".join(of._declared) or "none"
        hint = f"did you mean {near}?" if near else f"the variables are: {known_names}"
        raise UnknownNameError(f"there is no variable '{name}' to differentiate by", hint=hint)
    return symbol(name, declaration.shape, declaration.properties)


def _function_name(of: Expression, order: int, layout: str) -> str:
    """What a person would call a function that computes the derivative."""
    if of._shape == (1, 1) and order < 3:
        return ("gradient" if layout == "shape" else "jacobian", "hessian")[order - 1]
    return "jacobian" if order == 1 else "derivative"


def _derivations(
    of: Expression, wanted: Sequence[tuple[Symbol, ...]], layout: str, symmetric: str
) -> list[Derivation]:
    nodes = differentiate(of.node, wanted, symmetric)
    return [
        Derivation(of, node, variables, layout, symmetric)
        for node, variables in zip(nodes, wanted, strict=True)
    ]
