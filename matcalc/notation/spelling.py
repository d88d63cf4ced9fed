"""How a plain name is meant to look: `lambda_` is λ, `yhat` is y with a hat, `W1` is W with index 1.

The inverse of the reading of LaTeX, where `\\hat y` is yhat and `W_1` is W1. Each notation writes a `Spelling` its
own way.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "varsigma": "ς", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ", "chi": "χ",
    "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π",
    "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
GREEK_NAME = {letter: name for name, letter in GREEK.items()}
ACCENTS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "dot": "\u0307"}
_ACCENT_OF_MARK = {mark: accent for accent, mark in ACCENTS.items()}

_ENDS_IN_INDEX = re.compile(r"(?P<stem>.*?[^\W\d_])_?(?P<index>\d+)|(?P<stem2>[^\W_]+)_(?P<index2>\w+)")
_ACCENTED = re.compile(r"(?P<stem>.+?)_?(?P<accent>hat|tilde|bar|dot)")


class Spelling(NamedTuple):
    """A name taken apart. `base` is one letter, a Greek letter's name (then `greek`), or a word."""

    base: str
    greek: bool = False
    accent: str = ""
    below: str = ""

    @property
    def word(self) -> bool:
        """Whether the base is a word of several letters, set upright."""
        return not self.greek and len(self.base) > 1


@lru_cache(maxsize=4096)
def spell(name: str) -> Spelling:
    """The parts of a plain name; a name without inner structure is its own base."""
    whole = _base(name)
    if whole is not None:
        return whole
    stem, index = name, ""
    match = _ENDS_IN_INDEX.fullmatch(name)
    if match:
        stem, index = match["stem"] or match["stem2"], match["index"] or match["index2"]
    base = _base(stem)
    if base is None:
        base = Spelling(stem)
    return base._replace(below=index)


def _base(stem: str) -> Spelling | None:
    """A letter, a Greek name, or either with an accent; None for a word."""
    plain = _letter(stem)
    if plain is not None:
        return plain
    match = _ACCENTED.fullmatch(stem)
    if match:
        below = _letter(match["stem"])
        if below is not None and not below.accent:
            return below._replace(accent=match["accent"])
    return None


def _letter(stem: str) -> Spelling | None:
    greek = stem.rstrip("_")  # lambda_, since lambda is a word of Python
    if greek in GREEK:
        return Spelling(greek, greek=True)
    if stem in GREEK_NAME:
        return Spelling(GREEK_NAME[stem], greek=True)
    if len(stem) == 1:
        parts = unicodedata.normalize("NFD", stem)
        if len(parts) == 2 and parts[1] in _ACCENT_OF_MARK:
            return Spelling(parts[0], accent=_ACCENT_OF_MARK[parts[1]])
        return Spelling(stem)
    return None
