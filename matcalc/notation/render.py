"""The one engine of all renderers: a tree becomes a list of pieces, with brackets where the notation needs them.

A notation gives a rule per kind of tree. A rule says how its formula *binds* (one flag: as a sum, as a product, as an
atom …) and lists its parts in order: finished strings, and sub-trees with the bindings that may stand in their place
without brackets. The engine walks with a stack of its own, so that depth costs no recursion, and never joins strings
on the way, so that time is linear in what is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from matcalc.notation.tree import (
    Addition,
    Call,
    Hadamard,
    Indexed,
    IndexForm,
    MatrixProduct,
    Name,
    Negative,
    Power,
    Quotient,
    Scaled,
    Transposed,
    Tree,
    Where,
)

Item = str | tuple[Tree, int]
Items = Sequence[Item]
Rendered = tuple[int, Items]
Rule = Callable[[Any], Rendered]

ANYTHING = -1


def render(tree: Tree, rules: Mapping[type[Tree], Rule], opening: str = "(", closing: str = ")") -> list[str]:
    """The pieces of `tree` in reading order; `"".join` of them is the text.

    A part that occurs several times as the same object is worked out once, and its pieces are copied.
    """
    pieces: list[str] = []
    done: dict[Tree, tuple[int, int, int]] = {}
    stack: list[Any] = [(tree, ANYTHING)]
    pop, push = stack.pop, stack.append
    while stack:
        item = pop()
        if type(item) is str:
            pieces.append(item)
            continue
        if len(item) == 3:  # the end of a composite part
            part, binding, start = item
            done[part] = (binding, start, len(pieces))
            continue
        part, accepted = item
        if part in done:
            binding, start, end = done[part]
            copy = pieces[start:end]
            pieces += copy if binding & accepted else (opening, *copy, closing)
            continue
        binding, items = rules[type(part)](part)
        if not binding & accepted:
            pieces.append(opening)
            push(closing)
        if len(items) == 1 and type(items[0]) is str:
            pieces.append(items[0])
        else:
            push((part, binding, len(pieces)))
            stack += items[::-1]
    return pieces


def children(tree: Tree) -> tuple[Tree, ...]:
    """The parts of `tree` in reading order."""
    return _CHILDREN[type(tree)](tree) if type(tree) in _CHILDREN else ()


_CHILDREN: dict[type[Tree], Callable[[Any], tuple[Tree, ...]]] = {
    Call: lambda t: t.arguments,
    Transposed: lambda t: (t.body,),
    MatrixProduct: lambda t: t.factors,
    Hadamard: lambda t: t.factors,
    Scaled: lambda t: (*t.scalars, t.body),
    Quotient: lambda t: (t.numerator, t.denominator),
    Power: lambda t: (t.base, t.exponent),
    Negative: lambda t: (t.body,),
    Addition: lambda t: tuple(term for _, term in t.terms),
    Indexed: lambda t: (t.body,),
    IndexForm: lambda t: (t.body,),
    Where: lambda t: (t.body, *(part for _, part in t.definitions)),
}


def walk(tree: Tree, within: type[Tree] | tuple[type[Tree], ...] = ()) -> Iterator[Tree]:
    """Every part once, in reading order; parts inside a `within` are left out (the `within` itself is not)."""
    seen: set[Tree] = set()
    stack = [tree]
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        yield part
        if not (within and isinstance(part, within)):
            stack += children(part)[::-1]


def names_in(tree: Tree) -> frozenset[str]:
    """Every name that occurs in `tree`, those of `where` included."""
    found: set[str] = set()
    for part in walk(tree):
        if type(part) is Name:
            found.add(part.name)
        elif type(part) is Where:
            found.update(name for name, _ in part.definitions)
    return frozenset(found)


def signed(sign: int, term: Tree) -> tuple[int, Tree]:
    """A term of a sum with the signs that it carries itself merged into its own."""
    while type(term) is Negative:
        sign, term = -sign, term.body
    return sign, term
