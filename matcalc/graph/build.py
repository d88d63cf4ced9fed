"""The builders: the only way to make nodes of the linear part of the graph, and where it is normalised.

Normalisation here is light: coefficients move out, deltas vanish by renaming an index, equal factors become powers,
like terms are collected. Contractions stay nested as they were built; `tidy` flattens them once a whole graph is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matcalc.errors import ShapeError
from matcalc.graph import numbers
from matcalc.graph.axes import (
    are_distinct,
    axes_text,
    axis_labels,
    comes_together,
    common_broadcast,
    common_parts,
    cut,
    group_sizes,
    permutes,
    splits_freely,
)
from matcalc.graph.contraction import canonical, is_symmetric
from matcalc.graph.gather import Gathered, Label, Labels, Opens, Sizes, count_free, is_wrapper, plain
from matcalc.graph.inward import taken_in
from matcalc.graph.leaves import is_zero, scale, zero
from matcalc.graph.node import (
    Axes,
    Contract,
    Fuse,
    Map,
    Node,
    Split,
    Sum,
    make_contract,
    make_fuse,
    make_split,
)
from matcalc.graph.numbers import Coefficient
from matcalc.graph.powers import bases, divided_on_diagonals, merge_powers, with_divisor_whole, with_squares
from matcalc.graph.stuck import freed
from matcalc.graph.sums import collect, signed_sum
from matcalc.shapes.dims import Dim, dim_product

Labelled = tuple[Node, Sequence[Label]]

# Sums --------------------------------------------------------------------------------------------------------------


def add(*nodes: Node) -> Node:
    """The sum of nodes with equal axes."""
    return linear([(1, node) for node in nodes], nodes[0].axes)


def subtract(a: Node, b: Node) -> Node:
    """a - b, of equal axes."""
    return linear([(1, a), (-1, b)], a.axes)


def linear(terms: Iterable[tuple[Coefficient, Node]], axes: Sequence[Dim]) -> Node:
    """Σ coefficient · node, like terms collected; every node has `axes`."""
    axes = tuple(axes)
    collected: dict[Node, Coefficient] = {}
    for coefficient, node in terms:
        if node.axes != axes:
            raise ShapeError(f"a sum of axes {axes_text(axes)} and {axes_text(node.axes)}")
        if isinstance(node, Sum) and len(node.terms) < 2:
            for inner, term in node.terms:
                collect(collected, numbers.multiply(coefficient, inner), term)
        else:
            collect(collected, coefficient, node)
    kept = [(c, node) for node, c in collected.items() if c != 0]
    if not kept:
        return zero(axes)
    if len(kept) == 1:
        coefficient, node = kept[0]
        if coefficient == 1:
            return node
    elif axes:
        kinds = {node.__class__ for _, node in kept}
        if Fuse in kinds:
            parts = common_parts([node for _, node in kept])
            if parts is not None:
                pieces = [(c, split(node, parts)) for c, node in kept]
                return fuse(linear(pieces, pieces[0][1].axes), [len(part) for part in parts])
            if any([_is_fused_sum(node) for _, node in kept]):
                # (vec(A) + vec(B)) + kron(x, y) is vec(A) + (vec(B) + kron(x, y)).
                return linear(_fused_apart(kept), axes)
        shared = common_broadcast([node for _, node in kept]) if kinds == {Contract} else None
        if shared:
            where = [k for k in range(len(axes)) if k not in shared]
            core = linear([(c, unbroadcast(node, where)) for c, node in kept], [axes[k] for k in where])
            return contract([(core, where)], range(len(axes)), dict(enumerate(axes)))
    return signed_sum(kept, axes)


def _is_fused_sum(node: Node) -> bool:
    return isinstance(node, Fuse) and isinstance(node.children[0], Sum)


def _fused_apart(terms: Iterable[tuple[Coefficient, Node]]) -> Iterable[tuple[Coefficient, Node]]:
    """The terms, those that are sums with fused axes term by term."""
    for coefficient, node in terms:
        inner = node.children[0] if isinstance(node, Fuse) else node
        if isinstance(node, Fuse) and isinstance(inner, Sum):
            for c, term in inner.terms:
                yield numbers.multiply(coefficient, c), fuse(term, node.groups)
        else:
            yield coefficient, node


# Contractions ------------------------------------------------------------------------------------------------------


def contract(
    factors: Iterable[Labelled],
    out: Sequence[Label],
    sizes: Sizes | None = None,
    opens: Opens = is_wrapper,
    replaced: Mapping[Node, Node] | None = None,
    squares: bool = True,
) -> Node:
    """Multiply the factors' entries and sum over the labels that are not in `out`.

    `contract([(A, "ij"), (x, "j")], "i")` is A @ x. Labels in `out` may repeat (a diagonal comes out) and need not
    occur on a factor (a broadcast), but then `sizes` must give their dimension. `opens` says which contractions
    among the factors are flattened into this one, `replaced` what stands for the others. Parts that occur twice become
    `squares`, unless everything is to be flat. Raises ShapeError where two sizes meet on a label.
    """
    factors = list(factors)
    out = tuple(out)
    if replaced is None:
        found = plain(factors, sizes, opens)
        if found is not None:
            coefficient, taken, known = found
            counted = bool(sizes) and not set(out).issuperset(sizes or ())
            return built(coefficient, taken, out, known, counted, squares)
    gathered = Gathered(factors, out, sizes, opens, replaced, squares)
    if gathered.coefficient == 0:
        return zero([gathered.sizes[label] for label in gathered.out])
    if gathered.fused:
        wanted = _fused_labels(gathered)
        if wanted:
            return _unfused(gathered, wanted)
        apart = freed(gathered.factors, gathered.out, contract, fuse)
        if apart is not None:
            summed = {label for _, labels in gathered.factors for label in labels} - set(gathered.out)
            left = {label: dim for label, dim in gathered.sizes.items() if label not in summed}
            inner = contract(apart, gathered.out, left, opens, None, squares)
            return linear([(gathered.coefficient, inner)], inner.axes)
    return built(gathered.coefficient, gathered.factors, gathered.out, gathered.sizes, True, squares)


def built(
    coefficient: Coefficient,
    factors: Sequence[Labelled],
    out: Labels,
    sizes: dict[Label, Dim],
    counted: bool = True,
    squares: bool = False,
) -> Node:
    """The canonical node of factors that are all taken in; `counted` if a label may touch nothing."""
    merged = factors
    if len(factors) > 1 and len(bases(factors)) < len(factors):
        merged = merge_powers(factors)
        if merged is not factors:
            taken = taken_in(merged, contract, fuse)
            if taken is not None:
                # A merged power became a multiple, a wrapper or a product of powers: take it in as such.
                inner = contract(taken, out, sizes)
                return linear([(coefficient, inner)], inner.axes)
        if squares:
            merged, sizes = with_squares(merged, out, sizes, contract)
    if any([node.__class__ is Map for node, _ in merged]):
        whole = with_divisor_whole(merged, out, sizes, contract)
        if whole is not None:
            return built(coefficient, *whole, True, squares)
        apart = divided_on_diagonals(merged, contract)
        if apart is not merged:
            # A diagonal may be a product, or ones.
            inner = contract(taken_in(apart, contract, fuse) or apart, out, sizes)
            return linear([(coefficient, inner)], inner.axes)
    if counted or merged is not factors:
        coefficient, merged, sizes = count_free(coefficient, merged, out, sizes)
    node = _of_one(*merged[0], out, sizes) if len(merged) == 1 else None
    if node is None:
        form = canonical(merged, out, sizes)
        node = make_contract(*form, len(out) == 2 and is_symmetric(form))
    return node if coefficient == 1 else scale(coefficient, node)


def _of_one(node: Node, held: Sequence[Label], out: Labels, sizes: Sizes) -> Node | None:
    """What a contraction of one factor is where it needs no wrapper: the node, or one with its axes exchanged."""
    labels = tuple(held)
    if labels == out:
        return node if are_distinct(out) else None
    if not permutes(labels, out):
        return None
    if isinstance(node, Contract):
        # Exchanging the axes of a product only renames what comes out of it.
        renamed = [node.out[labels.index(label)] for label in out]
        return contract(node.factors, renamed, dict(enumerate(node.sizes)))
    if node.symmetric:
        return node
    if len(out) > 2 and isinstance(node, Sum):
        # A tensor has no transposed form to read: its axes are exchanged term by term.
        terms = [(c, contract([(term, labels)], out, sizes)) for c, term in node.terms]
        return linear(terms, [sizes[label] for label in out])
    return None


def _fused_labels(gathered: Gathered) -> dict[Label, Axes]:
    """The labels along which fused axes may be taken apart: everything that holds them can follow."""
    wanted: dict[Label, Axes] = {}
    for node, labels in gathered.factors:
        if isinstance(node, Fuse):
            for label, group in zip(labels, group_sizes(node), strict=True):
                if len(group) > 1:
                    wanted.setdefault(label, group)
    for node, labels in gathered.factors:
        for axis, label in enumerate(labels):
            if label in wanted and not splits_freely(node, axis, wanted[label]):
                del wanted[label]
    return wanted


def _unfused(gathered: Gathered, wanted: dict[Label, Axes]) -> Node:
    """Fused axes move outward: split their labels everywhere, and fuse what comes out of the result."""
    parts: dict[Label, Labels] = {
        label: tuple((label, k) for k in range(len(g))) for label, g in wanted.items()
    }
    factors = []
    for node, held in gathered.factors:
        if any(label in wanted for label in held):
            node = split(node, tuple(wanted.get(label, (gathered.sizes[label],)) for label in held))
            held = tuple(part for label in held for part in parts.get(label, (label,)))
        factors.append((node, held))
    sizes = {label: dim for label, dim in gathered.sizes.items() if label not in parts}
    for label, group in wanted.items():
        sizes.update(zip(parts[label], group, strict=True))
    out = tuple(part for label in gathered.out for part in parts.get(label, (label,)))
    groups = tuple(len(parts.get(label, (label,))) for label in gathered.out)
    return fuse(scale(gathered.coefficient, contract(factors, out, sizes)), groups)


def unbroadcast(node: Node, where: Sequence[int]) -> Node:
    """The node without the axes along which it is constant."""
    assert isinstance(node, Contract)
    labels = tuple(node.out[k] for k in where)
    held = {label for _, inner in node.factors for label in inner} | set(labels)
    sizes = {label: dim for label, dim in enumerate(node.sizes) if label in held}
    return contract(node.factors, labels, sizes)


# Fused axes --------------------------------------------------------------------------------------------------------


def fuse(node: Node, groups: Sequence[int]) -> Node:
    """Consecutive axes of `node` made one each, the first of a group being the slowest."""
    groups = tuple(groups)
    if all(count == 1 for count in groups):
        return node
    if isinstance(node, Sum) and len(node.terms) == 1:
        return scale(node.terms[0][0], fuse(node.terms[0][1], groups))
    axes, start = [], 0
    for count in groups:
        axes.append(dim_product(node.axes[start : start + count]))
        start += count
    if is_zero(node):
        return zero(axes)
    if isinstance(node, Fuse):
        inner = iter(node.groups)
        merged = tuple(sum(next(inner) for _ in range(count)) for count in groups)
        return fuse(node.children[0], merged)
    if isinstance(node, Split) and tuple(map(len, node.parts)) == groups:
        return node.children[0]
    if isinstance(node, Contract):
        joined = _join_labels(node, groups)
        if joined is not None:
            return joined
    return make_fuse(node, groups, tuple(axes))


def _join_labels(node: Contract, groups: tuple[int, ...]) -> Node | None:
    """Fuse labels that always come out together, and that factors only hold as the parts of a split axis.

    Deltas and ones get the fused size, and what was split only to be fused again is whole.
    """
    runs = cut(node.out, groups)
    places = [axis_labels(factor, labels) for factor, labels in node.factors]
    joined = {run for run in runs if comes_together(run, node, runs, places)}
    if not joined:
        return None
    out: list[Label] = []
    rest: list[int] = []
    sizes: dict[Label, Dim] = dict(enumerate(node.sizes))
    for run in runs:
        if run in joined:
            sizes[run] = dim_product(node.sizes[label] for label in run)
            out.append(run)
            rest.append(1)
        else:
            out += run
            rest.append(len(run))
    factors = [_rejoined(factor, own, joined) for (factor, _), own in zip(node.factors, places, strict=True)]
    held = {label for _, labels in factors for label in labels} | set(out)
    kept = {label: dim for label, dim in sizes.items() if label in held}
    return fuse(contract(factors, out, kept), rest)


def _rejoined(factor: Node, places: list[tuple[int, ...]], joined: set[tuple[int, ...]]) -> Labelled:
    """A factor whose joined places are whole again."""
    labels: list[Label] = [label for place in places for label in ((place,) if place in joined else place)]
    if not isinstance(factor, Split) or not joined.intersection(places):
        return factor, labels
    parts = [
        (dim_product(part),) if place in joined else part
        for place, part in zip(places, factor.parts, strict=True)
    ]
    return split(factor.children[0], parts), labels


def split(node: Node, parts: Sequence[Axes]) -> Node:
    """The inverse of `fuse`: axis k falls into the sizes `parts[k]`, the first being the slowest."""
    parts = tuple(parts)
    if all(len(part) == 1 for part in parts):
        return node
    axes = tuple(dim for part in parts for dim in part)
    if tuple(map(dim_product, parts)) != tuple(dim_product((dim,)) for dim in node.axes):
        raise ShapeError(f"axes {axes_text(node.axes)} do not split into {axes_text(axes)}")
    if isinstance(node, Sum):
        return linear([(c, split(term, parts)) for c, term in node.terms], axes)
    if isinstance(node, Fuse):
        inside = group_sizes(node)
        if inside == parts:
            return node.children[0]
        if all(a == b or len(b) == 1 or len(a) == 1 for a, b in zip(inside, parts, strict=True)):
            return _split_rest(node, inside, parts)
    if isinstance(node, Contract):
        return _split_contract(node, parts)
    return make_split(node, parts, axes)


def _split_rest(node: Fuse, inside: tuple[Axes, ...], parts: tuple[Axes, ...]) -> Node:
    """Split a fused node where some axes are already made of the wanted parts, and fuse the others again."""
    inner = node.children[0]
    deeper: list[Axes] = []
    groups = []
    for a, b in zip(inside, parts, strict=True):
        if a == b:
            deeper += [(dim,) for dim in a]
            groups += [1] * len(a)
        elif len(b) == 1:
            deeper += [(dim,) for dim in a]
            groups.append(len(a))
        else:
            deeper.append(b)
            groups += [1] * len(b)
    return fuse(split(inner, deeper), groups)


def _split_contract(node: Contract, parts: tuple[Axes, ...]) -> Node:
    """Split labels of a contraction: its factors are split in turn, other outputs of the same label fused again."""
    into: dict[int, Axes] = {}
    for label, part in zip(node.out, parts, strict=True):
        if len(part) > 1 and into.setdefault(label, part) != part:
            return make_split(node, parts, tuple(dim for part in parts for dim in part))
    pieces: dict[Label, tuple[Label, ...]] = {
        label: tuple((label, k) for k in range(len(part))) for label, part in into.items()
    }
    factors = []
    for factor, labels in node.factors:
        if any(label in into for label in labels):
            factor = split(factor, tuple(into.get(label, (node.sizes[label],)) for label in labels))
        factors.append((factor, tuple(part for label in labels for part in pieces.get(label, (label,)))))
    sizes: dict[Label, Dim] = {label: dim for label, dim in enumerate(node.sizes) if label not in into}
    for label, part in into.items():
        sizes.update(zip(pieces[label], part, strict=True))
    out: list[Label] = []
    groups: list[int] = []
    for label, part in zip(node.out, parts, strict=True):
        own = pieces.get(label, (label,))
        out += own
        groups += [1] * len(own) if len(part) == len(own) else [len(own)]
    return fuse(contract(factors, out, sizes), groups)
