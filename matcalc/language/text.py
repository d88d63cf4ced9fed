"""What a formula's text may consist of, and how pasted text is made plain before it is read.

Unicode is brought to NFC; a byte-order mark and no-break spaces become spaces, U+2212 a minus, full-width characters
the plain ones. Whatever else only looks like a plain character is refused, with the plain one as the hint: a formula
must mean to matcalc what it means to the eye. Spans always point into the text as the user gave it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from matcalc.errors import LimitError, MatcalcError, ParseError, Span
from matcalc.language.limits import LIMITS, Limits

SUPERSCRIPT_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_PLAIN: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0x00A0, 0x2007, 0x202F, 0x3000), " "),
    0x2212: "-",
}
# Everything but printable ASCII, Greek letters without accents and the operators of the language.
_UNSURE = re.compile("[^\t\n\r -~\u0391-\u03a1\u03a3-\u03a9\u03b1-\u03c9⊙∘⊘ᵀ⊤′″→⁻" + SUPERSCRIPT_DIGITS + "]")

_HINTS = {
    "·⋅∙•": "write `*` for the elementwise product or `@` for the matrix product",
    "×": "write `@` for the matrix product, `*` for the elementwise one",
    "÷∕⁄": "write `/`",
    "∗⁎✱﹡": "write `*`",
    "‐‑‒–—―⁃﹣": "write the plain minus `-`",
    "‘’´ʹ`": "write the plain apostrophe: f'(z)",
    "“”„«»": "the language has no strings",
    "≤≥≠≈≡≪≫<>": "the language has no comparisons; max(0, x) is maximum(0, x)",
    "√∛": "write sqrt(x)",
    "∑": "write sum(x), or an index form such as A[i,k] * x[k] -> i",
    "‖∥": "write norm(x)",
    "⊗": "write kron(A, B) for the Kronecker product, outer(x, y) for the outer one",
    "∂∇": "write the function only, and name the variable with wrt",
    "⟨⟩〈〉": "write x.T @ y for the inner product",
    "…": "write three dots: ...",
    "†‡ᵗᴴ": "write A.T for the transpose",
    "∞": "the language has no infinity",
}
_HINT_OF = {character: hint for characters, hint in _HINTS.items() for character in characters}
# Accents that textbooks put on letters, and how such a name is written here.
ACCENTS = {0x0302: "hat", 0x0303: "tilde", 0x0304: "bar", 0x0305: "bar", 0x0307: "dot", 0x20D7: "vec"}


@dataclass(frozen=True, slots=True)
class Source:
    """A text made plain: `text` is read, `given` is what the user typed, `offsets` leads from one to the other."""

    given: str
    text: str
    offsets: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> Span:
        """The place in the user's own text of `text[start:end]`."""
        if self.offsets is None:
            return start, end
        last = len(self.offsets) - 1
        return self.offsets[min(start, last)], self.offsets[min(end, last)]

    def locate(self, error: MatcalcError, start: int, end: int) -> MatcalcError:
        """The error, placed at `text[start:end]` unless it already knows its place."""
        return error.located(self.span(start, end), self.given)

    def settle(self, error: MatcalcError) -> MatcalcError:
        """The error with its span, so far in `text`, carried over to the user's own text."""
        if error.text is None:
            if error.span is not None:
                error.span = self.span(*error.span)
            error.text = self.given
        return error


def read_text(given: str, limits: Limits = LIMITS) -> Source:
    """The text made plain. Raises LimitError for too long a text, ParseError for a character of no use here."""
    if not isinstance(given, str):
        raise ParseError(
            f"an expression is a text, not a {type(given).__name__}", hint='write it in quotes: "x.T @ A @ x"'
        )
    if len(given) > limits.characters:
        raise LimitError(
            f"the text has {len(given):,} characters; the limit is {limits.characters:,}",
            span=(limits.characters, len(given)),
            hint="name repeated parts once with `where`",
        )
    if given.isascii():
        source = Source(given, given)
    else:
        source = _plain(given)
    unsure = _UNSURE.search(source.text)
    while unsure is not None:
        _refuse_unless_letter(source, unsure.start())
        unsure = _UNSURE.search(source.text, unsure.end())
    return source


def _plain(given: str) -> Source:
    text = " " + given[1:] if given.startswith("\ufeff") else given
    composed = unicodedata.normalize("NFC", text)
    offsets = None if composed == text else _offsets(text, composed)
    return Source(given, composed.translate(_PLAIN), offsets)


def _offsets(text: str, composed: str) -> tuple[int, ...]:
    """For each position of `composed`, and for its end, the position in `text` that it came from."""
    found: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        found += [start] * len(unicodedata.normalize("NFC", text[start:end]))
        start = end
    # Conjoining letters compose across the clusters seen here; their places are then only near.
    found = [*found[: len(composed)], *[len(text)] * (len(composed) - len(found)), len(text)]
    return tuple(found)


def _refuse_unless_letter(source: Source, at: int) -> None:
    """Lets letters of any script pass, so that names can be judged as names; raises ParseError otherwise."""
    character = source.text[at]
    category = unicodedata.category(character)
    plain = unicodedata.normalize("NFKC", character)
    if category in ("Lu", "Ll", "Lo", "Lt") and plain == character:
        return
    message, hint = _refusal(character, category, plain, source.text[at - 1 : at])
    raise source.locate(ParseError(message, hint=hint), at, at + 1)


def _refusal(character: str, category: str, plain: str, before: str) -> tuple[str, str]:
    """What is wrong with a character, and what to write instead; `before` is the one in front of it, if any."""
    code = f"U+{ord(character):04X}"
    called = unicodedata.name(character, "").lower()
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        kind = {"Cc": "control character", "Cs": "half of a broken character"}.get(
            category, "invisible character"
        )
        return f"{called or kind} ({code}) has no place in a formula", "delete it; it may not be visible"
    if ord(character) in ACCENTS and before.isalpha():
        return f"an accent ({called}) is not part of a name", f"write {before}{ACCENTS[ord(character)]}"
    shown = f"'{character}' ({called}, {code})" if category[0] != "M" else f"{called} ({code})"
    if character in _HINT_OF:
        return f"{shown} is not part of the language", _HINT_OF[character]
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return f"{shown} is not a plain digit", f"write {digit}"
    if (plain != character and plain.strip().isascii()) or plain.isalpha():
        wanted = f"write the plain {plain.strip()}" if plain.strip() else "write a plain space"
        return f"{shown} is not a plain character", wanted
    return f"{shown} is not part of the language", "delete it, or write the operation by its name"
