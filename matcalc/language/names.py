"""Names: what may be one, what its first letter says, and what was meant by one that is unknown."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import lru_cache

from matcalc.errors import UnknownNameError
from matcalc.language.complaints import shortened
from matcalc.language.text import ACCENTS
from matcalc.rules import find, names

CONSTANTS = frozenset({"pi"})
ABSTRACT = ("f", "g", "h")
SIGMOIDS = ("sigma", "σ")

_GREEK_LETTERS = "αβγδεζηθικλμνξοπρστυφχψω"
_GREEK_SPELLED = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau
upsilon phi chi psi omega"""
_LOWER = dict(zip(_GREEK_LETTERS, _GREEK_SPELLED.split(), strict=True))
_GREEK = {
    **{letter.upper(): name.capitalize() for letter, name in _LOWER.items()},
    **_LOWER,
    "λ": "lambda_",
    "ς": "sigma",
}
_SPELLED = {*_LOWER.values(), "varepsilon", "vartheta", "varphi", "varrho", "varsigma"}
_GREEK_NAME = re.compile(f"(?:{'|'.join(sorted(_SPELLED, key=len, reverse=True))})(?![A-Za-z])|[α-ως]")
_NAME = re.compile(r"[A-Za-z_Α-Ωα-ω][A-Za-z0-9_Α-Ωα-ω]*")
# Letters of other alphabets that look like Latin ones: Greek first, then Cyrillic.
_LOOKS = str.maketrans(
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρυικαωАВЕКМНОРСТУХЅІЈаеорсухѕіјԁһԛԝѡ",
    "ABEZHIKMNOPTYXovpuikawABEKMHOPCTYXSIJaeopcyxsijdhqww",
)
_SYNONYMS = {
    "transpose": "the transpose is written A.T",
    "matmul": "the product is written A @ B",
    "inverse": "did you mean inv?",
    "Tr": "did you mean tr?",
    "determinant": "did you mean det?",
    "I": "the identity matrix is eye(n)",
    "identity": "the identity matrix is eye(n)",
    "einsum": "write an index form: A[i,k] * x[k] -> i",
    "where": "heaviside(x) is 1 where x > 0",
    "arange": "vectors are declared, not made",
    "concatenate": "stack what belongs together into one variable",
    "reshape": "vec(A) stacks the columns of A",
    "pow": "the power is written x**2",
    "power": "the power is written x**2",
    "fabs": "did you mean abs?",
    "prod": "exp(sum(log(x))) is the product of positive entries",
    "std": "write sqrt(mean((x - mean(x))**2))",
    "var": "write mean((x - mean(x))**2)",
}


@lru_cache(maxsize=1024)
def is_name(text: str) -> bool:
    """Whether the text can be a name at all: Latin or Greek letters, digits, underscores, no word of Python."""
    return _NAME.fullmatch(text) is not None and not keyword.iskeyword(text) and text != "where"


def check_variable(name: str) -> None:
    """Raises UnknownNameError for a name that no variable can have."""
    if not is_name(name):
        raise UnknownNameError(f"'{shortened(name)}' can't be a name", hint=_name_hint(name))
    if name in CONSTANTS or find(name) is not None:
        kind = "constant" if name in CONSTANTS else "function"
        raise UnknownNameError(
            f"'{name}' is a {kind} of the language and can't be a variable",
            hint=f"call it {name}_ or {name}0",
        )


def _name_hint(name: str) -> str:
    if keyword.iskeyword(name) or name == "where":
        return f"it is a word of the language; write {name}_"
    looks = name.translate(_LOOKS)
    bare = "".join(ACCENTS.get(ord(letter), letter) for letter in unicodedata.normalize("NFD", name))
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    if bare != name and is_name(bare):
        return f"names have no accents; write {bare}"
    if is_name(looks):
        return f"it has letters that only look Latin; the Latin name is {looks}"
    return "names are Latin or Greek letters, digits and underscores, and begin with a letter"


def kind_of(name: str) -> str:
    """What a name that is not declared is: `matrix`, `scalar` or `column`, by its first letter."""
    first = name.lstrip("_")[:1]
    if first.isupper():
        return "matrix"
    return "scalar" if _GREEK_NAME.match(name.lstrip("_")) else "column"


def unknown_name(
    name: str, known: Iterable[str], functions: Collection[str], declared: bool
) -> UnknownNameError:
    """The error for a name that stands for no value."""
    known = list(known)
    if name in functions or find(name) is not None:
        return UnknownNameError(f"'{name}' is a function and needs its argument", hint=f"write {name}(x)")
    hint = nearest(name, [*known, *CONSTANTS])
    if hint is None and not is_name(name):
        hint = _name_hint(name)
    if hint is None and declared:
        hint = f'declare it: shapes="…, {shortened(name)}: n", or end the declarations with ... to have it inferred'
    what = "is not declared" if declared else "is not a name of the language"
    return UnknownNameError(f"'{shortened(name)}' {what}", hint=hint)


def unknown_function(
    name: str, variables: Collection[str], functions: Collection[str], restricted: bool
) -> UnknownNameError:
    """The error for a call of something that is no function."""
    if name in variables:
        return UnknownNameError(
            f"'{shortened(name)}' is a variable, not a function",
            hint=f"did you mean {name} * (…) or {name} @ (…)?",
        )
    message = f"there is no function '{shortened(name)}'"
    if restricted and name in ABSTRACT:
        return UnknownNameError(f"{message}: functions= lists others", hint=f'add it: functions=("{name}",)')
    hint = _SYNONYMS.get(name) or nearest(name, [*names(), *functions])
    if hint is None:
        hint = f'for an abstract elementwise function pass functions=("{shortened(name)}",)'
    return UnknownNameError(message, hint=hint)


def nearest(name: str, known: Collection[str]) -> str | None:
    """A hint naming the known name that was probably meant."""
    looks = name.translate(_LOOKS)
    by_looks = {other.translate(_LOOKS): other for other in known}
    if looks in by_looks:
        return f"it has letters that only look like those of '{by_looks[looks]}'; did you mean {by_looks[looks]}?"
    spelled = {_spell(other): other for other in known}
    if _spell(name) in spelled:
        other = spelled[_spell(name)]
        return f"a Greek letter and its name are two names; did you mean {other}?"
    folded = {other.lower().replace("_", ""): other for other in known}
    plain = name.lower().replace("_", "")
    if plain and plain in folded:
        return f"did you mean {folded[plain]}?"
    # Short names have near neighbours by accident.
    close = get_close_matches(name[:100], known, n=1, cutoff=0.6 if len(name) > 3 else 0.75)
    return f"did you mean {close[0]}?" if close else None


def _spell(name: str) -> str:
    return "".join(_GREEK.get(letter, letter) for letter in name)
