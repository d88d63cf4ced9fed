"""Julia source as matcalc writes it, run by walking the tree of a real grammar of the language.

For the tests only, since no Julia need be installed: how operators bind is tree-sitter's business, what they do is in
`julia_arrays`, which functions there are in `julia_library`, and what an expression is worth in `julia_expressions`.
What Julia would throw raises JuliaError, what is not known raises UnknownJulia; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tests.codegen import julia_arrays as arrays
from tests.codegen import julia_library as library
from tests.codegen.julia_arrays import UnknownJulia, fail, full, is_array, is_number, plain, shown
from tests.codegen.julia_expressions import Expressions, Tree, tree_of


def run(source: str, arguments: Sequence[Any] | Mapping[str, Any]) -> Any:
    """What the last function of a source returns: numbers, arrays, tuples, and dicts for named tuples."""
    function = list(Program(source).functions.values())[-1]
    if isinstance(arguments, Mapping):
        arguments = [arguments[name] for name in function.parameters]
    given = [_given(value) for value in arguments]
    before = [value.copy() if is_array(value) else value for value in given]
    result = function(*given)
    for old, new in zip(before, given, strict=True):
        if is_array(old) and not np.array_equal(old, new, equal_nan=True):
            raise AssertionError("an argument was changed")
    return _handed_out(result)


def evaluated(text: str, **values: Any) -> Any:
    """The value of an expression in terms of variables; the packages that matcalc uses are loaded."""
    head = "using LinearAlgebra\nusing SpecialFunctions: erf, erfc\n"
    return run(f"{head}function f({', '.join(values)})\n    return {text}\nend\n", values)


def _given(value: Any) -> Any:
    if callable(value):
        return lambda x: plain(np.asarray(value(x)))
    return np.array(value, order="F") if np.ndim(value) else plain(np.asarray(value))


def _handed_out(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(_handed_out(part) for part in result)
    if isinstance(result, dict):
        return {name: _handed_out(part) for name, part in result.items()}
    if not is_number(result) and not is_array(result):
        raise UnknownJulia(f"the result {shown(result)}")
    return full(result) if is_array(result) else result


def parsed(source: str) -> Tree:
    """The tree of a source without errors of syntax."""
    tree_sitter = pytest.importorskip("tree_sitter", reason="tree-sitter reads the syntax")
    grammar = pytest.importorskip("tree_sitter_julia", reason="tree-sitter reads the syntax")
    root = tree_sitter.Parser(tree_sitter.Language(grammar.language())).parse(source.encode()).root_node
    if root.has_error:
        raise fail("ParseError", source)
    return tree_of(root)


class Program:
    """The functions of a source, by name, in the order of their definition."""

    def __init__(self, source: str) -> None:
        self.known = dict(library.BASE)
        self.elementwise = dict(arrays.ELEMENTWISE)
        self.functions: dict[str, Function] = {}
        for part in parsed(source).parts:
            if part.kind == "using_statement":
                self._use(part)
            elif part.kind == "string_literal":
                _check_documentation(part)
            elif part.kind == "function_definition":
                self._define(Function(self, part))
            else:
                raise UnknownJulia(f"{part.kind}: {part.text}")

    def _use(self, part: Tree) -> None:
        if part.text == "using LinearAlgebra":
            self.known |= library.LINEAR_ALGEBRA
            return
        selected = part.parts[-1]
        package, *names = [name.text for name in selected.inside] or [part.text]
        if selected.kind != "selected_import" or package != "SpecialFunctions":
            raise UnknownJulia(part.text)
        self.elementwise |= {name: arrays.SPECIAL_FUNCTIONS[name] for name in names}

    def _define(self, function: Function) -> None:
        """Julia extends no function of a library unless it is imported, and would throw where it was used before."""
        name = function.name
        if name in self.known or name in self.elementwise:
            raise fail("ErrorException", f"{name} is defined already")
        self.functions[name] = self.known[name] = function


def _check_documentation(part: Tree) -> None:
    """`$` would look up a variable, and only some characters may follow a backslash."""
    if any(below.kind == "string_interpolation" for below in part.walk()):
        raise fail("UndefVarError", f"in {part.text}")
    if "\\" in part.text.replace("\\\\", "").replace('\\"', ""):
        raise UnknownJulia(f"a backslash in {part.text}")


class Function:
    """A function of the source. What it assigns anywhere is a local variable everywhere in it."""

    def __init__(self, program: Program, definition: Tree) -> None:
        signature, *self.body = definition.inside
        (call,) = signature.parts
        name, brackets = call.parts
        self.program = program
        self.name = name.text
        if any(part.kind != "identifier" for part in brackets.inside):
            raise UnknownJulia(brackets.text)
        self.parameters = [part.text for part in brackets.inside]
        if len(set(self.parameters)) != len(self.parameters):
            raise fail("ErrorException", f"an argument is repeated in {brackets.text}")
        if not self.body or self.body[-1].kind != "return_statement":
            raise UnknownJulia(f"{self.name} does not end in a return")
        self.local = {*self.parameters, *(name for part in self.body for name in _assigned(part))}

    def __call__(self, *arguments: Any) -> Any:
        if len(arguments) != len(self.parameters):
            raise fail("MethodError", f"{self.name} of {len(arguments)} arguments")
        variables = dict(zip(self.parameters, arguments, strict=True))
        frame = Frame(self.program.known, self.program.elementwise, self.local, variables)
        for statement in self.body[:-1]:
            frame.do(statement)
        (result,) = self.body[-1].parts[1:]
        return frame.value(result)


def _names(target: Tree) -> list[str]:
    """The names that an assignment gives values to."""
    if target.kind == "open_tuple" and all(name.kind == "identifier" for name in target.inside):
        return [name.text for name in target.inside]
    return [target.text] if target.kind == "identifier" else []


def _assigned(statement: Tree) -> list[str]:
    return _names(statement.parts[0]) if statement.kind == "assignment" else []


class Frame(Expressions):
    """A call of a function: what statements do with its variables."""

    def do(self, statement: Tree) -> None:
        """Runs a statement."""
        if statement.kind == "assignment":
            self._assign(*statement.parts)
        elif statement.kind == "compound_assignment_expression":
            self._change(*statement.parts)
        elif statement.kind == "for_statement":
            self._loop(statement)
        elif statement.kind == "binary_expression" and statement.parts[1].text == "||":
            self.value(statement)
        else:
            raise UnknownJulia(f"{statement.kind}: {statement.text}")

    def _assign(self, target: Tree, sign: Tree, value: Tree) -> None:
        found = self.value(value)
        names = _names(target)
        if target.kind == "identifier":
            self.variables[target.text] = found
        elif target.kind == "index_expression":
            self._put(target, found)
        elif names and isinstance(found, tuple) and len(found) == len(names):
            self.variables |= dict(zip(names, found, strict=True))
        else:
            raise UnknownJulia(f"the assignment {target.text} {sign.text} {shown(found)}")

    def _loop(self, statement: Tree) -> None:
        binding, *body = statement.inside
        name, values = self.binding(binding)
        if any(_assigned(part) for part in body):
            raise UnknownJulia("a variable assigned in a loop")
        self.repeated(name, values, lambda: [self.do(part) for part in body])

    def _put(self, target: Tree, value: Any) -> None:
        """A[i, :] = value, where sizes have to be the same."""
        current = self._changeable(target)
        index = self.basic(current, target.parts[1])
        shape = np.shape(current[index])
        if bool(shape) != is_array(value):
            raise fail("ArgumentError", f"{shown(value)} assigned to {shape} places, a dot is missing")
        entries = full(value) if shape else value
        if np.shape(entries) != shape:
            raise fail("DimensionMismatch", f"{np.shape(entries)} assigned to {shape}")
        current[index] = _converted(entries, current)

    def _change(self, target: Tree, sign: Tree, value: Tree) -> None:
        """A[places] .= values and A[places] .+= values, broadcast into places that they may not outgrow."""
        current = self._changeable(target)
        index = self.places(current, target.parts[1])
        diagonal = np.arange(min(current.shape))
        place = (diagonal, diagonal) if isinstance(index, library.Places) else index - 1
        held, found = current[place], self.value(value)
        found = np.array(found) if isinstance(found, tuple) else found
        if sign.text == ".+=":
            found = arrays.broadcast_operator("+", held, found)
        elif sign.text != ".=":
            raise UnknownJulia(f"the assignment {sign.text}")
        _, laid = arrays.aligned((held, found))
        if np.size(laid) not in (1, held.size):
            raise fail("DimensionMismatch", f"{np.shape(laid)} into {held.shape}")
        current[place] = np.broadcast_to(_converted(np.ravel(laid), current), held.shape)

    def _changeable(self, target: Tree) -> np.ndarray[Any, Any]:
        current = self.value(target.parts[0]) if target.kind == "index_expression" else None
        if not isinstance(current, np.ndarray):
            raise UnknownJulia(f"a change of {target.text}")
        return current


def _converted(values: Any, into: np.ndarray[Any, Any]) -> Any:
    """What an array of its type of entries can hold."""
    if into.dtype.kind == "i" and np.any(np.asarray(values) != np.floor(values)):
        raise fail("InexactError", "a fraction put among integers")
    return values
