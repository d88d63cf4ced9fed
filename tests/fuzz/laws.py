"""The laws that every expression must obey, one function each; a broken law raises Broken, saying what was found.

`Subject` is a case with what matcalc makes of it, computed once for all laws.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from random import Random
from typing import Any

import numpy as np

import matcalc as mc
from matcalc.calculus.simplify import simplify
from matcalc.graph import is_same, live_nodes, tidy
from matcalc.graph.fingerprint import same_value
from matcalc.rules import all_functions
from tests.fuzz.terms import Case, Dim, Shape, Term, dim_size, write
from tests.fuzz.twin import abstract, evaluate, jax_twin, numpy_twin
from tests.notation.mathml import check_mathml
from tests.reference import evaluate as meaning

TOLERANCE = 1e-8
STEP = 1e-30


class Broken(AssertionError):
    """A law does not hold; `law` names it."""

    def __init__(self, law: str, found: str) -> None:
        super().__init__(f"{law}: {found}")
        self.law = law


class Subject:
    """A case, its text, and matcalc's expression of it.

    Two formulas may be equal by value while exact comparison tells nothing within its limits: these comparisons are
    noted in `undecided`. Derivatives beyond the declared limits of a function are noted in `refused`.
    """

    def __init__(self, case: Case, text: str | None = None) -> None:
        self.undecided: list[str] = []
        self.refused: list[str] = []
        self.case = case
        self.text = case.text if text is None else text
        self.random = Random(case.style)

    @cached_property
    def expression(self) -> Any:
        """As parsed."""
        return mc.parse(self.text, shapes=self.case.shapes)

    @cached_property
    def derivatives(self) -> dict[str, Any]:
        """By every variable by which there is one within the limits that a function declares."""
        if not self.case.variables:
            return {}
        try:
            return dict(mc.derive(self.expression, list(self.case.variables)))
        except mc.DomainError as error:
            self.accept(error)
        found = {}
        for name in self.case.variables:
            try:
                found[name] = mc.derive(self.expression, name)
            except mc.DomainError as error:
                self.accept(error)
        return found

    def accept(self, error: mc.DomainError) -> None:
        """Notes the refusal of a function that says how far it is differentiated; raises any other."""
        limited = [entry.name for entry in all_functions() if getattr(entry, "limited", "")]
        if not any(re.search(rf"\b{name}\b", error.message) for name in limited):
            raise error
        self.refused.append(error.message)

    @cached_property
    def value(self) -> Any:
        """The twin's value."""
        return evaluate(self.case, numpy_twin(self.case.sizes), self.case.values)

    @cached_property
    def callables(self) -> dict[str, Any]:
        """What f, f', … are in the reference interpreter."""
        return {
            letter + "'" * order: (lambda x, letter=letter, order=order: abstract(np, letter, order, x))
            for letter in "fgh"
            for order in range(5)
        }

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """The variables as evaluators take them: 0-d, (n,), (1, n), (m, n)."""
        found = {}
        for name, variable in self.case.variables.items():
            shape = variable.shape
            array = variable.value
            found[name] = array.reshape(()) if not shape else array[:, 0] if len(shape) == 1 else array
        return found

    def reference(self, node: Any) -> Any:
        """A node's value by the reference interpreter."""
        return np.asarray(meaning(node, self.case.values, self.case.sizes, functions=self.callables))

    def generated(self, shown: Any) -> Any:
        """The value by generated NumPy code."""
        run = shown.numpy()
        given: dict[str, Any] = {}
        for name in run.parameters:
            if name in self.arguments:
                given[name] = self.arguments[name]
            elif name in self.case.sizes:
                given[name] = self.case.sizes[name]
            else:
                given[name] = _callable(name)
        return np.asarray(run(**given))


def _callable(name: str) -> Callable[[Any], Any]:
    """f, df, d2f as evaluators ask for them."""
    letter, order = name[-1], 0 if len(name) == 1 else 1 if len(name) == 2 else int(name[1:-1])
    return lambda x: abstract(np, letter, order, x)


def close(ours: Any, theirs: Any, scale: float = 0.0, tolerance: float = TOLERANCE) -> bool:
    """Whether two arrays agree relative to the largest entry, or to `scale` where that is larger."""
    if ours.shape != theirs.shape:
        return False
    if not ours.size:
        return True
    size = max(float(np.max(np.abs(theirs))), scale, 1e-3)
    return bool(np.max(np.abs(ours - theirs)) <= tolerance * size)


def axes(shape: Shape) -> Shape:
    """The dimensions that are no unit dimensions."""
    return tuple(dim for dim in shape if dim != 1)


def array_shape(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of an array of the evaluators: 0-d, (n,), (1, n), (m, n), tensors as they are."""
    if len(shape) == 2 and shape[1] == 1:
        shape = () if shape[0] == 1 else shape[:1]
    return tuple(dim_size(dim, sizes) for dim in shape)


def public(shape: Shape) -> tuple[Any, ...]:
    """A shape as results show it: (), ('n',), (1, 'n'), ('m', 'n'), fused axes 'm*n'."""
    if len(shape) == 2 and shape[1] == 1:
        shape = () if shape[0] == 1 else shape[:1]
    return tuple("*".join(map(str, dim)) if isinstance(dim, tuple) else dim for dim in shape)


# The laws


def value_is_right(subject: Subject) -> None:
    """The graph's value is the twin's, and so is the shape."""
    expression, case = subject.expression, subject.case
    if expression.shape != public(case.term.shape):
        raise Broken("shape", f"{expression.shape} is not {public(case.term.shape)}")
    theirs = subject.value.reshape(tuple(dim_size(dim, case.sizes) for dim in axes(case.term.shape)))
    for node in (expression._given, expression.node):
        ours = subject.reference(node)
        if not close(ours, theirs):
            raise Broken("value", f"{_short(ours)} is not {_short(theirs)}")


def evaluator_is_right(subject: Subject) -> None:
    """Generated code gives the graph's value, in the shape that the contract says."""
    theirs = subject.value.reshape(array_shape(subject.case.term.shape, subject.case.sizes))
    ours = subject.generated(subject.expression)
    if not close(ours, theirs):
        raise Broken("evaluator", f"{ours.shape} {_short(ours)} is not {theirs.shape} {_short(theirs)}")


def _direction(subject: Subject, name: str) -> Any:
    """A random direction in the space of the variable: a property may confine it."""
    variable = subject.case.variables[name]
    direction = np.random.default_rng(subject.case.style).uniform(-1, 1, variable.value.shape)
    if {"symmetric", "spd"} & set(variable.properties):
        return (direction + direction.T) / 2
    return np.diag(np.diag(direction)) if "diagonal" in variable.properties else direction


def derivative_is_right(subject: Subject) -> None:
    """The derivative by each variable, along a random direction, is what a complex step on the twin gives."""
    case = subject.case
    twin = numpy_twin(case.sizes)
    for name, derivative in subject.derivatives.items():
        direction = _direction(subject, name)
        values = {**case.values, name: case.variables[name].value + 1j * STEP * direction}
        stepped = evaluate(case, twin, values)
        theirs = np.asarray(stepped).imag / STEP
        ours = subject.reference(derivative.node)
        if not np.all(np.isfinite(ours)):
            raise Broken("derivative", f"by {name}: {_short(ours)} is not finite; {derivative.text}")
        outer, inner = axes(case.term.shape), axes(case.variables[name].grid)
        expected = tuple(dim_size(dim, case.sizes) for dim in (*outer, *inner))
        if ours.shape != expected:
            raise Broken("derivative", f"by {name}: shape {ours.shape} is not {expected}; {derivative.text}")
        along = np.tensordot(ours, direction.reshape(expected[len(outer) :]), len(inner))
        scale = max(
            float(np.max(np.abs(ours), initial=0.0)), float(np.max(np.abs(subject.value), initial=0.0))
        )
        if not close(along, theirs.reshape(along.shape), scale):
            raise Broken(
                "derivative", f"by {name}: {_short(along)} is not {_short(theirs)}; {derivative.text}"
            )
        _check_projected(subject, name, ours, len(outer))


def _check_projected(subject: Subject, name: str, ours: Any, outer: int) -> None:
    """A derivative in a subspace lies in it."""
    properties = set(subject.case.variables[name].properties)
    if {"symmetric", "spd"} & properties and not close(ours, np.swapaxes(ours, outer, outer + 1)):
        raise Broken("projection", f"by {name}: not symmetric")
    if "diagonal" in properties and not close(ours, ours * np.eye(ours.shape[-1])):
        raise Broken("projection", f"by {name}: not diagonal")


def agrees_with_jax(subject: Subject) -> None:
    """The derivative is jax.jacobian's of the twin, in float64."""
    import jax
    import jax.numpy as jnp

    case = subject.case
    names = list(subject.derivatives)
    if not names:
        return
    with jax.enable_x64(True):
        twin = jax_twin(case.sizes)
        values = {name: jnp.asarray(value) for name, value in case.values.items()}

        def output(*chosen: Any) -> Any:
            return evaluate(case, twin, {**values, **dict(zip(names, chosen, strict=True))})

        jacobians = jax.jacobian(output, argnums=tuple(range(len(names))))(*(values[name] for name in names))
        for name, jacobian in zip(names, jacobians, strict=True):
            ours = subject.reference(subject.derivatives[name].node)
            theirs = np.asarray(jacobian).reshape(ours.shape)
            theirs = _projected(theirs, set(case.variables[name].properties))
            if not close(ours, theirs, float(np.max(np.abs(subject.value), initial=0.0))):
                text = subject.derivatives[name].text
                raise Broken("jax", f"by {name}: {_short(ours)} is not {_short(theirs)}; {text}")


def _projected(jacobian: Any, properties: set[str]) -> Any:
    if {"symmetric", "spd"} & properties:
        return (jacobian + np.swapaxes(jacobian, -1, -2)) / 2
    return jacobian * np.eye(jacobian.shape[-1]) if "diagonal" in properties else jacobian


def second_derivative_is_right(subject: Subject) -> None:
    """Order 2 of a scalar or a vector, by one variable twice or by two, against central differences of order 1.

    Its text reads back in every layout, and generated code gives the value.
    """
    case = subject.case
    confined = {"orthogonal", "simplex", "onehot"}
    if len(axes(case.term.shape)) > 1 or not subject.derivatives:
        return
    if any(confined.intersection(variable.properties) for variable in case.variables.values()):
        return  # Order 1 was simplified with what holds only there, and differences lead away from it.
    before, name = (subject.random.choice(list(subject.derivatives)) for _ in range(2))
    try:
        second = mc.derive(subject.expression, (before, name), order=2)
    except mc.DomainError as error:
        subject.accept(error)
        return
    what = f"second derivative by {before}, {name}"
    first = subject.derivatives[before]
    ours = subject.reference(second.node)
    direction, step = _direction(subject, name), 1e-5
    sides = []
    for sign in (1, -1):
        values = {**case.values, name: case.variables[name].value + sign * step * direction}
        sides.append(np.asarray(meaning(first.node, values, case.sizes, functions=subject.callables)))
    theirs = (sides[0] - sides[1]) / (2 * step)
    inner = len(axes(case.variables[name].grid))
    along = np.tensordot(ours, direction.reshape(ours.shape[ours.ndim - inner :]), inner)
    scale = float(np.max(np.abs(ours), initial=0.0)) + float(np.max(np.abs(sides[0]), initial=0.0))
    if not np.all(np.isfinite(ours)) or not close(along, theirs, scale, 1e-5):
        raise Broken("second derivative", f"{what}: {_short(along)} is not {_short(theirs)}; {second.text}")
    _simplified(subject, second, what)
    layout = subject.random.choice(("jacobian", "denominator"))
    for shown in (second, mc.derive(subject.expression, (before, name), order=2, layout=layout)):
        _round_trip(subject, shown, f"{what} ({shown.layout})")
        if not close(subject.generated(shown).reshape(-1), subject.reference(shown.node).reshape(-1)):
            raise Broken("evaluator", f"{what} ({shown.layout}): generated code has another value")


def simplification_is_right(subject: Subject) -> None:
    """What simplifying does to a derivative keeps value and axes, and comes to rest."""
    for name, derivative in subject.derivatives.items():
        _simplified(subject, derivative, f"by {name}")


def _simplified(subject: Subject, derivative: Any, what: str) -> None:
    before, after = derivative.laid_out, derivative.simplified
    if before.axes != after.axes:
        raise Broken("simplification", f"{what}: axes {after.axes} are not {before.axes}")
    if simplify(after) is not after or tidy(after)[0] is not after:
        raise Broken("simplification", f"{what}: simplified again it is another: {derivative.text}")
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = subject.reference(before)
    ours = subject.reference(after)
    # What cancels may have no value before: 0 · 1/0.
    known = np.isfinite(theirs)
    scale = float(np.max(np.abs(theirs[known]), initial=0.0))
    if not close(np.where(known, ours, 0.0), np.where(known, theirs, 0.0), scale):
        raise Broken("simplification", f"{what}: {_short(ours)} is not {_short(theirs)}; {derivative.text}")


def layouts_are_right(subject: Subject) -> None:
    """Generated code gives the derivative in every layout, in the shape that the contract says."""
    case = subject.case
    for name, derivative in subject.derivatives.items():
        wrt = case.variables[name].grid
        tensor = subject.reference(derivative.node)
        for layout in ("shape", "jacobian", "denominator"):
            shown = derivative if layout == "shape" else mc.derive(subject.expression, name, layout=layout)
            expected = laid_out(tensor, case.term.shape, wrt, layout)
            ours = subject.generated(shown)
            if not close(ours, expected):
                raise Broken(
                    "layout",
                    f"{layout} by {name}: {ours.shape} {_short(ours)} is not {expected.shape} {_short(expected)};"
                    f" {shown.text}",
                )
            declared = tuple(_number(dim, case.sizes) for dim in shown.shape)
            if declared != expected.shape:
                raise Broken(
                    "layout", f"{layout} by {name}: shape {shown.shape} says otherwise than {expected.shape}"
                )


def _number(dim: Any, sizes: Mapping[str, int]) -> int:
    result = 1
    for part in str(dim).split("*"):
        result *= int(part) if part.isdigit() else sizes[part]
    return result


def laid_out(tensor: Any, output: Shape, wrt: Shape, layout: str) -> Any:
    """A derivative with axes (output axes…, variable axes…) in a layout of the contract's table."""
    outer = len(axes(output))
    if layout == "shape":
        if not outer and wrt[0] == 1 != wrt[1]:
            return tensor[None, :]
        return tensor
    rows = list(range(outer))[::-1] if outer == 2 else list(range(outer))
    columns = list(range(outer, tensor.ndim))[::-1]
    if outer > 2:
        rows = list(range(outer))
    turned = tensor.transpose(rows + columns)
    count = int(np.prod(tensor.shape[:outer]))
    jacobian = turned.reshape(count, -1)
    if layout == "denominator":
        jacobian = jacobian.T
    return (
        jacobian.reshape(()) if jacobian.size == 1 else jacobian[:, 0] if jacobian.shape[1] == 1 else jacobian
    )


def text_reads_back(subject: Subject) -> None:
    """A derivative's text is read back as its own node; an expression's says itself; other notations say the same."""
    _round_trip(subject, subject.expression, "expression")
    for name, derivative in subject.derivatives.items():
        _round_trip(subject, derivative, f"derivative by {name}")
        layout = subject.random.choice(("jacobian", "denominator"))
        _round_trip(subject, mc.derive(subject.expression, name, layout=layout), f"{layout} by {name}")


def _round_trip(subject: Subject, shown: Any, what: str) -> None:
    typed = isinstance(shown, mc.Expression)
    for kind in ("text", "expanded_text", "index_notation"):
        try:
            text = getattr(shown, kind)
        except mc.LimitError:
            if kind != "expanded_text":
                raise
            subject.refused.append(f"{what}: without `where` it is too long")
            continue
        try:
            again = mc.parse(text, shapes=shown.shapes, functions=shown.functions)
        except mc.MatcalcError as error:
            raise Broken(
                f"round trip of {kind}", f"{what}: {text!r} can't be read: {error.message}"
            ) from error
        if kind != "index_notation" and again.shape != shown.shape:
            raise Broken(
                f"round trip of {kind}", f"{what}: {text!r} has shape {again.shape}, not {shown.shape}"
            )
        if not typed and kind == "text" and again.node is not shown.node:
            raise Broken("round trip of text", f"{what}: {text!r} reads as {again.text!r}, another node")
        if typed and kind != "index_notation" and getattr(again, kind) != text:
            raise Broken(f"round trip of {kind}", f"{what}: {text!r} reads as {getattr(again, kind)!r}")
        if typed and kind == "text" and again.written_node is not shown.written_node:
            raise Broken("round trip of text", f"{what}: {text!r} reads as another node of the same text")
        _must_be_equal(subject, again, shown, f"{kind} of {what}: {text!r}")


def _must_be_equal(subject: Subject, again: Any, shown: Any, what: str) -> None:
    """The same value. Where normal forms do not find it, for they have too many terms or differ, that is noted."""
    if again.node is shown.node:
        return
    try:
        # Index notation writes a row as a column.
        equal = is_same(again.node, shown.node)
    except mc.LimitError:
        equal = False
    ours, theirs = subject.reference(shown.node), subject.reference(again.node)
    if ours.shape != theirs.shape or not np.allclose(ours, theirs, rtol=1e-6, atol=1e-9, equal_nan=True):
        raise Broken("wrong text", f"{what} reads as {again.text!r}")
    if not equal:
        proven = "equal by fingerprints" if same_value(again.node, shown.node) else "equal in value"
        subject.undecided.append(f"{proven}, not by normal forms: {what}")


def formulas_are_well_formed(subject: Subject) -> None:
    """LaTeX: braces, \\left and \\right, \\begin and \\end pair up. MathML: every element has its parts."""
    for shown in (subject.expression, *subject.derivatives.values()):
        check_latex(shown.latex)
        check_mathml(shown.mathml)
        assert shown.unicode


def check_latex(latex: str) -> None:
    """Raises Broken for LaTeX whose groups do not nest."""
    closing = {"{": "}", r"\left": r"\right", r"\begin": r"\end"}
    open_groups: list[str] = []
    for found in re.finditer(
        r"\\left(?![a-z])|\\right(?![a-z])|\\begin(?![a-z])|\\end(?![a-z])|\\.|[{}]", latex
    ):
        token = found.group()
        if token in closing:
            open_groups.append(closing[token])
        elif token in closing.values() and (not open_groups or open_groups.pop() != token):
            raise Broken("latex", f"{latex} is unbalanced at {found.start()}")
    if open_groups:
        raise Broken("latex", f"{latex} never closes {open_groups}")


def order_does_not_matter(subject: Subject) -> None:
    """Sums and products written the other way round are the same node, and have equal derivatives.

    Which parts of a derivative stay whole follows how it is printed, in the order of what was typed.
    """
    case = subject.case
    turned: dict[str, bool] = {}

    def commuted(term: Term) -> Term:
        # What is typed twice is turned twice: a part that is shared stays so.
        if term.op in ("add", "mul") and turned.setdefault(write(term, None), subject.random.random() < 0.7):
            return Term(term.op, term.shape, term.args[::-1], term.given)
        return term

    from dataclasses import replace

    other = Subject(
        replace(
            case,
            term=case.term.rebuilt(commuted),
            definitions={name: part.rebuilt(commuted) for name, part in case.definitions.items()},
        )
    )
    if other.expression.node is not subject.expression.node:
        raise Broken(
            "order", f"{other.text!r} is another node: {other.expression.text} / {subject.expression.text}"
        )
    for name, derivative in subject.derivatives.items():
        again = other.derivatives[name]
        if again.simplified is not derivative.simplified:
            _must_be_equal(subject, again.expression, derivative, f"order: by {name}: {derivative.text!r}")


def nothing_is_left_behind(run: Callable[[], None]) -> None:
    """What `run` builds is gone when it is done."""
    run()
    gc.collect()
    before = live_nodes()
    run()
    gc.collect()
    if live_nodes() > before:
        raise Broken("interning", f"{live_nodes() - before} nodes are left behind")


def _short(array: Any) -> str:
    flat = np.asarray(array).reshape(-1)
    return "[" + " ".join(f"{value:.6g}" for value in flat[:4]) + (" …]" if flat.size > 4 else "]")


ALWAYS: tuple[Callable[[Subject], None], ...] = (
    value_is_right,
    evaluator_is_right,
    derivative_is_right,
    text_reads_back,
    formulas_are_well_formed,
    layouts_are_right,
    simplification_is_right,
    order_does_not_matter,
)


def check(case: Case, *, jax: bool = False, second: bool = False) -> Subject:
    """All laws on one case. Raises Broken, or whatever else went wrong, MatcalcErrors included."""
    subject = Subject(case)
    for law in ALWAYS:
        law(subject)
    if second:
        second_derivative_is_right(subject)
    if jax:
        agrees_with_jax(subject)
    return subject


__all__ = ["ALWAYS", "Broken", "Dim", "Subject", "check", "check_latex"]
