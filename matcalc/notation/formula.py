"""A whole result as a formula: its notation tree, with a `where` for the parts that occur more than once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from typing import Literal

from matcalc.errors import LimitError
from matcalc.graph import Map, Node, Sum, base_and_exponent, may_share, topological
from matcalc.graph.tidy import NAMED_FROM
from matcalc.notation import pieces
from matcalc.notation.entries import write_entries
from matcalc.notation.indexform import write_indexed
from matcalc.notation.names import Part, name_parts
from matcalc.notation.render import walk
from matcalc.notation.shapes import shape_of, squared_norm
from matcalc.notation.tree import Indexed, IndexForm, Name, Shape, Tree, Where, together
from matcalc.notation.writer import Writer

# Operators that a formula without `where` may have before it is refused as unreadable.
EXPANDED_LIMIT = 100_000


def formula(
    node: Node,
    shape: Shape,
    order: Mapping[str, int],
    given: Mapping[Node, str] | None = None,
    taken: Callable[[], Collection[str]] = tuple,
    *,
    typed: Callable[[], Container[Node]] | None = None,
    expanded: bool = False,
    indices: Literal["", "operands", "entries"] = "",
) -> Tree:
    """The formula of `node` as a value of `shape`, a row being the transpose of a column.

    `order` ranks variables by first appearance, `given` are the user's names for parts, `taken` tells the names in use.
    `typed` tells the nodes that the user wrote, whose sums may broadcast; None means all of them.
    `expanded` writes every part out instead of naming those that occur twice (LimitError when that is unreadable),
    `indices` writes index forms: of operands in matrix notation, or of entries all the way down.
    """
    nodes = topological([node])
    named: list[Node] = []
    if may_share(node):
        places = _places(nodes, node, expanded)
        if not expanded:
            named = [part for part in nodes if part is not node and _is_named(part, places[part])]
        elif sum(places[part] for part in nodes) > EXPANDED_LIMIT:
            raise LimitError(
                "the formula without `where` is too long", hint="use .text, which names shared parts"
            )
    parts = {
        part: Name(shape_of(part) if len(part.axes) < 3 else part.axes, "", symmetric=part.symmetric)
        for part in named
    }
    writer = Writer(order, parts, typed, taken)
    writer.write(nodes)

    def written(node: Node) -> Tree:
        if indices == "entries":
            return write_entries(writer, node)
        tensor = len(node.axes) > 2 or (indices and node is root)
        return write_indexed(writer, node) if tensor else writer.own(node)

    root = node
    body = written(node)
    is_row = len(shape) == 2 and shape[0] == 1 and shape[1] != 1
    if is_row and not (indices and isinstance(body, IndexForm)):
        body = pieces.transposed(body)
    if not named:
        return body
    trees = [written(part) for part in named]
    asked = [Part(tree, (given or {}).get(part)) for part, tree in zip(named, trees, strict=True)]
    for part, name in zip(named, name_parts(asked, {*taken(), *_letters_in(body, *trees)}), strict=True):
        # The names can only be chosen once all parts are written; until then their leaves are blank.
        parts[part].name = name
    definitions = tuple((parts[part].name, tree) for part, tree in zip(named, trees, strict=True))
    return Where(body.shape, body, definitions)


def _letters_in(*trees: Tree) -> set[str]:
    """The letters of all index forms."""
    found = (part.letters for tree in trees for part in walk(tree) if isinstance(part, (Indexed, IndexForm)))
    return {letter for letters in found for place in letters for letter in together(place)}


def _is_named(node: Node, places: int) -> bool:
    return places > 1 and node.weight >= NAMED_FROM and not _is_transparent(node)


def _is_transparent(node: Node) -> bool:
    """Whether a node is written through its operand (1/x, a multiple), so that a name belongs to the operand."""
    if isinstance(node, Sum):
        return len(node.terms) == 1 and isinstance(node.children[0], Sum)
    return isinstance(node, Map) and base_and_exponent(node)[1] < 0


def _places(nodes: Sequence[Node], root: Node, expanded: bool) -> dict[Node, int]:
    """How often each node is written: whatever is inside a repeated part as often as it, unless that has a name."""
    places = dict.fromkeys(nodes, 0)
    places[root] = 1
    for node in reversed(nodes):
        here = min(places[node], EXPANDED_LIMIT)
        if here > 1 and not expanded and _is_named(node, here):
            here = 1
        for child in _visible(node):
            places[child] = places.get(child, 0) + here
    return places


def _visible(node: Node) -> Sequence[Node]:
    """The operands that the formula shows: a norm shows the vector and not the sum of its squares."""
    base, exponent = base_and_exponent(node)
    if exponent != 1:
        vector = squared_norm(base)
        if vector is not None and 2 * exponent == int(2 * exponent) and (2 * exponent) % 2:
            return (vector,)
        return (base,)
    return node.children
