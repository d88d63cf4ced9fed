"""Names in generated source: legal, distinct from each other and from what the source uses itself."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable

# What the generated source relies on.
_TAKEN = ("ValueError", "float", "bool", "getattr", "tuple", "dtype", "device", "math")


class Names:
    """Hands out names, each once."""

    def __init__(self, taken: Iterable[str] = _TAKEN) -> None:
        self._taken = set(taken)

    def fresh(self, wanted: str) -> str:
        """`wanted`, spelled as Python reads it, or with underscores behind it where it is taken."""
        name = identifier(wanted)
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def numbered(self, wanted: str) -> str:
        """`wanted`, or with the next free number behind it: t, t2, t3."""
        name = wanted
        count = 1
        while name in self._taken:
            count += 1
            name = f"{wanted}{count}"
        self._taken.add(name)
        return name


def identifier(text: str) -> str:
    """A name as close to `text` as Python allows: normalised as Python does, no keyword."""
    name = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if not name.isidentifier():
        name = re.sub(r"\W", "_", name)
        if not name.isidentifier():
            name = f"v_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def derivative_name(letter: str, order: int) -> str:
    """The keyword under which a function takes a derivative of f: f, df, d2f, d3f."""
    return letter if not order else f"d{letter}" if order == 1 else f"d{order}{letter}"
