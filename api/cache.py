"""The answers of late, kept for the next who asks the very same; the least recently used ones go first."""

from __future__ import annotations

from collections import OrderedDict

# What an entry costs besides its bytes, about.
_OVERHEAD = 500


class Cache:
    """Bounded by the bytes that it holds."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._entries: OrderedDict[bytes, tuple[int, bytes]] = OrderedDict()
        self._size = 0
        self.hits = 0
        self.misses = 0

    @property
    def size(self) -> int:
        """The bytes held."""
        return self._size

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> tuple[int, bytes] | None:
        """Status and body, if they are known."""
        found = self._entries.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._entries.move_to_end(key)
        return found

    def put(self, key: bytes, status: int, body: bytes) -> None:
        """Remembers an answer, and forgets the oldest ones where room is short."""
        if key in self._entries:
            return
        cost = _cost(key, body)
        # One giant must not drive out everybody else.
        if cost > self._room // 8:
            return
        self._entries[key] = (status, body)
        self._size += cost
        while self._size > self._room:
            old, (_, gone) = self._entries.popitem(last=False)
            self._size -= _cost(old, gone)


def _cost(key: bytes, body: bytes) -> int:
    return len(key) + len(body) + _OVERHEAD
