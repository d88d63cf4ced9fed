"""One numbering and one order for each index graph, however it was written down."""

from __future__ import annotations

import itertools
import random

import pytest

from matcalc.graph import contract, identity, ones, symbol, tidy, transpose

A = symbol("A", ("n", "n"))
B = symbol("B", ("n", "n"))
S = symbol("S", ("n", "n"), ("symmetric",))
x = symbol("x", ("n",))
y = symbol("y", ("n",))

GRAPHS = {
    "A B": ([(A, "ij"), (B, "jk")], "ik"),
    "A A": ([(A, "ij"), (A, "jk")], "ik"),
    "tr AAA": ([(A, "ij"), (A, "jk"), (A, "ki")], ""),
    "AᵀA": ([(A, "ki"), (A, "kj")], "ij"),
    "xᵀAx": ([(x, "i"), (A, "ij"), (x, "j")], ""),
    "xᵀSy": ([(x, "i"), (S, "ij"), (y, "j")], ""),
    "two components": ([(A, "ij"), (A, "ji"), (A, "kl"), (A, "kl")], ""),
    "complete graph": ([(A, "ij"), (A, "ik"), (A, "il"), (A, "jk"), (A, "jl"), (A, "kl")], ""),
    "A ⊙ Aᵀ on outputs": ([(A, "ij"), (A, "ji"), (x, "i")], "ij"),
}


@pytest.mark.parametrize("factors, out", GRAPHS.values(), ids=list(GRAPHS))
def test_order_of_factors_and_names_of_labels_do_not_matter(factors: list, out: str) -> None:
    nodes = set()
    draw = random.Random(0)
    letters = sorted({letter for _, labels in factors for letter in labels})
    orders = list(itertools.permutations(factors))
    for order in draw.sample(orders, min(24, len(orders))):
        renamed = dict(zip(letters, draw.sample("pqrstuvw", len(letters)), strict=True))
        again = [(node, [renamed[label] for label in labels]) for node, labels in order]
        nodes.add(contract(again, [renamed[label] for label in out]))
    assert len(nodes) == 1


@pytest.mark.parametrize(
    "node, symmetric",
    [
        (contract([(A, "ki"), (A, "kj")], "ij"), True),
        (contract([(A, "ij"), (A, "jk")], "ik"), False),
        (contract([(x, "i"), (x, "j")], "ij"), True),
        (contract([(x, "i"), (y, "j")], "ij"), False),
        (contract([(A, "ij"), (S, "jk"), (A, "lk")], "il"), True),
        (contract([(A, "ij"), (B, "jk"), (A, "lk")], "il"), False),
        (identity("n"), True),
        (ones(("n", "n")), True),
        (S, True),
        (A, False),
    ],
)
def test_symmetry_is_seen_from_the_form(node: object, symmetric: bool) -> None:
    assert node.symmetric is symmetric
    assert (transpose(node) is node) is symmetric


def test_a_diagonal_part_is_not_the_whole() -> None:
    part = contract([(A, "ii")], "ii")
    assert part is not A
    assert part.axes == ("n", "n")


def test_associativity_after_tidying() -> None:
    left = contract([(contract([(A, "ij"), (B, "jk")], "ik"), "ik"), (x, "k")], "i")
    right = contract([(A, "ij"), (contract([(B, "jk"), (x, "k")], "j"), "j")], "i")
    assert tidy(left) == tidy(right)


def test_a_long_chain_of_one_matrix_is_settled_quickly() -> None:
    factors = [(A, (k, k + 1)) for k in range(300)]
    assert contract(factors, (0, 300)) is contract(factors[::-1], (0, 300))
