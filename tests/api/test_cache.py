"""The cache keeps what was asked last, within its room."""

from __future__ import annotations

from api.cache import Cache


def test_what_was_put_is_found_again() -> None:
    cache = Cache(10_000)
    assert cache.get(b"a") is None
    cache.put(b"a", 200, b"answer")
    assert cache.get(b"a") == (200, b"answer")
    assert (cache.hits, cache.misses, len(cache)) == (1, 1, 1)


def test_the_least_recently_used_goes_first() -> None:
    cache = Cache(10_000)
    for name in (b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h", b"i"):
        cache.put(name, 200, b"." * 700)
        cache.get(b"a")
    assert cache.get(b"a") is not None
    assert cache.get(b"b") is None
    assert cache.get(b"i") is not None
    assert cache.size <= 10_000


def test_a_giant_drives_nobody_out() -> None:
    cache = Cache(10_000)
    cache.put(b"a", 200, b"answer")
    cache.put(b"b", 200, b"." * 9_000)
    assert cache.get(b"a") is not None
    assert cache.get(b"b") is None


def test_no_room_keeps_nothing() -> None:
    cache = Cache(0)
    cache.put(b"a", 200, b"answer")
    assert cache.get(b"a") is None
    assert cache.size == 0


def test_its_size_is_what_it_holds() -> None:
    cache = Cache(10_000)
    for number in range(1_000):
        cache.put(b"%d" % number, 200, b"." * (number % 700))
    held = sum(len(key) + len(body) + 500 for key, (_, body) in cache._entries.items())
    assert cache.size == held <= 10_000
