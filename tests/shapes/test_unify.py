"""Unknown dimensions: what is learned, what can't be, and how the rest is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from matcalc.shapes.unify import Product, Unifier


def test_unknowns_become_one() -> None:
    unifier = Unifier()
    a, b, c = unifier.fresh(), unifier.fresh(), unifier.fresh()
    assert unifier.same(a, b)
    assert unifier.same(b, c)
    assert unifier.same(c, "k")
    assert [unifier.known(dim) for dim in (a, b, c)] == ["k"] * 3
    assert unifier.same(a, "k")
    assert not unifier.same(a, "m")
    assert not unifier.same(a, 3)


def test_rigid_dimensions() -> None:
    unifier = Unifier()
    assert unifier.same(3, 3)
    assert unifier.same(("m", "n"), ("m", "n"))
    assert not unifier.same("m", "n")
    assert not unifier.same(3, 4)
    assert not unifier.same("m", 3)
    assert not unifier.same(unifier.fresh(), 1)


def test_products() -> None:
    unifier = Unifier()
    a, b, c, d = (unifier.fresh() for _ in range(4))
    ab = unifier.product((a, b))
    assert isinstance(ab, Product)
    assert unifier.same(c, ab)
    assert unifier.same(unifier.product((d, b)), c)  # then d = a
    assert unifier.same(d, "m")
    assert unifier.known(a) == "m"
    assert unifier.same(ab, ("m", "n"))
    assert unifier.known(b) == "n"
    assert unifier.known(c) == ("m", "n")
    assert not unifier.same(unifier.product((a, unifier.fresh())), "m")
    assert unifier.product(("n", "m", 2)) == (2, "m", "n")
    assert unifier.product(("n",)) == "n"
    assert unifier.product((1, a, 1)) == "m"
    assert unifier.product((1, 1)) == 1
    e = unifier.fresh()
    assert unifier.same(unifier.product(("k", e)), ("k", "m", "n"))
    assert unifier.known(e) == ("m", "n")


def test_no_dimension_contains_itself() -> None:
    unifier = Unifier()
    a, b = unifier.fresh(), unifier.fresh()
    assert not unifier.same(a, unifier.product((a, b)))
    assert unifier.same(a, unifier.product((b, 2)))
    assert not unifier.same(b, unifier.product((a, 3)))


def test_attempts_can_be_taken_back() -> None:
    unifier = Unifier()
    a, b = unifier.fresh(), unifier.fresh()
    assert unifier.same(a, "m")
    mark = unifier.mark()
    assert unifier.same(b, a)
    unifier.undo(mark)
    assert unifier.find(b) is b
    assert unifier.known(a) == "m"
    assert not unifier.same(unifier.product((b, "p")), ("m", "n"))
    assert unifier.find(b) is b


def test_names_come_in_order_and_skip_those_in_use() -> None:
    unifier = Unifier()
    a, b, c, d = (unifier.fresh() for _ in range(4))
    assert unifier.same(c, "r")
    assert unifier.name((b, c, unifier.product((a, b))), taken={"n"}) == {"m", "p", "q"}
    assert [unifier.known(dim) for dim in (a, b, c, d)] == ["p", "m", "r", "q"]
    assert unifier.name((a, d), taken=()) == frozenset()
    many = [unifier.fresh() for _ in range(30)]
    unifier.name(many, taken=())
    assert len({unifier.known(dim) for dim in many}) == 30


@given(
    st.lists(st.tuples(st.integers(0, 4), st.one_of(st.integers(0, 4), st.sampled_from("mn"))), max_size=12)
)
def test_whatever_was_accepted_holds(pairs: list[tuple[int, int | str]]) -> None:
    unifier = Unifier()
    unknowns = [unifier.fresh() for _ in range(5)]
    accepted = []
    for left, right in pairs:
        other = unknowns[right] if isinstance(right, int) else right
        if unifier.same(unknowns[left], other):
            accepted.append((unknowns[left], other))
    unifier.name(unknowns, taken={"m", "n"})
    assert all(unifier.known(a) == unifier.known(b) for a, b in accepted)
