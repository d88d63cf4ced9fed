"""What MathML must be: elements of MathML Core with their parts; and a reader, which sees what a person sees of it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from tests.notation.reader import Reader

NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"

# How many parts an element has: a range. Tokens hold characters and nothing else, all others hold no characters.
PARTS = {
    "math": (1, 1), "mrow": (2, 10**6), "mfrac": (2, 2), "msqrt": (1, 10**6), "msup": (2, 2), "msub": (2, 2),
    "msubsup": (3, 3), "munder": (2, 2), "mover": (2, 2), "mtable": (2, 10**6), "mtr": (1, 2), "mtd": (1, 1),
    "mspace": (0, 0),
}  # fmt: skip
TOKENS = ("mi", "mn", "mo", "mtext")
INVISIBLE = "\u2061\u2062\u2063"


def check_mathml(shown: str) -> ET.Element:
    """The element. Raises AssertionError, or ParseError, for what is no MathML."""
    root = ET.fromstring(shown)
    assert root.tag == NAMESPACE + "math"
    assert root.get("display") == "block"
    for element in root.iter():
        tag = element.tag.removeprefix(NAMESPACE)
        if tag in TOKENS:
            assert element.text and not len(element), shown
            continue
        least, most = PARTS[tag]
        assert least <= len(element) <= most, f"<{tag}> with {len(element)} parts in {shown}"
        assert not element.text and not any(part.tail for part in element), shown
    return root


def mathml_reader(shown: str) -> Reader:
    """Rows are not seen on a page: only brackets, bars of fractions and raised signs group."""
    return Reader(_tokens(check_mathml(shown)))


def _tokens(element: ET.Element) -> list[str]:
    tag = element.tag.removeprefix(NAMESPACE)
    if tag in TOKENS:
        word = element.text or ""
        word = {"−": "-", "⋅": "·"}.get(word, word)
        if word and word in "′″‴":
            return ["'"] * ("′″‴".index(word) + 1)
        return [] if word in INVISIBLE else re.findall(r"\d+(?:\.\d+)?|\w+|\S", word)
    parts = [_tokens(part) for part in element]
    if tag == "mspace":
        return []
    if tag == "mfrac":
        return ["frac", "{", *parts[0], "}", "{", *parts[1], "}"]
    if tag == "msup":
        return [*parts[0], "^", "{", *parts[1], "}"]
    assert tag in ("math", "mrow"), tag
    return [token for part in parts for token in part]
