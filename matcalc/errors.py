"""Every error of matcalc: what went wrong, where in the text, and the likeliest repair."""

from __future__ import annotations

from typing import ClassVar

Span = tuple[int, int]


class MatcalcError(Exception):
    """Base of all errors a user can meet.

    `message` says what is wrong, `span` (start, end) where in the text, `hint` what was probably meant,
    `code` which kind it is; `text` is the text that the span points into, when there is one.
    """

    code: ClassVar[str] = "error"

    def __init__(
        self, message: str, *, span: Span | None = None, hint: str | None = None, text: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint
        self.text = text

    def located(self, span: Span | None, text: str | None = None) -> MatcalcError:
        """The same error, placed at `span` unless it already knows its place."""
        if self.span is None:
            self.span = span
        if self.text is None:
            self.text = text
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.span, self.hint, self.text)

    def __str__(self) -> str:
        lines = [self.message]
        if self.text is not None and self.span is not None:
            lines += caret(self.text, self.span)
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


def _rebuild(
    kind: type[MatcalcError], message: str, span: Span | None, hint: str | None, text: str | None
) -> MatcalcError:
    return kind(message, span=span, hint=hint, text=text)


class ParseError(MatcalcError):
    """The text is not an expression of the language."""

    code = "syntax_error"


class ShapeError(MatcalcError):
    """The parts are well formed, but their shapes do not fit each other."""

    code = "shape_error"


class UnknownNameError(MatcalcError):
    """A name that is neither declared nor a function of the table."""

    code = "name_error"


class MissingKeyError(UnknownNameError, KeyError):
    """A mapping by names has nothing under this one. Also a KeyError, as of every mapping."""


class DomainError(MatcalcError):
    """A value, argument or option outside what the operation is defined for."""

    code = "value_error"


class LimitError(MatcalcError):
    """The input is larger, deeper or longer to compute than the limits allow."""

    code = "limit_error"


def caret(text: str, span: Span, width: int = 76) -> list[str]:
    """The line of `text` that holds `span`, and a line of carets under it."""
    start, end = max(0, min(span[0], len(text))), max(0, min(span[1], len(text)))
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    # A long line is cut to a window around the mistake, so that the caret stays in view.
    window = max(line_start, start - width // 2)
    line = "".join(map(_shown, text[window : min(line_end, window + width)]))
    lead = "…" if window > line_start else ""
    marks = max(1, min(end, line_end, window + width) - start)
    return ["  " + lead + line, "  " + " " * (len(lead) + start - window) + "^" * marks]


def _shown(character: str) -> str:
    """A character as a terminal may have it: no control or direction sign of the user's text gets through."""
    return character if character.isprintable() else " " if character.isspace() else "\ufffd"
