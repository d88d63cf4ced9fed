"""Names for the parts that a `where` names: z for pre-activations, h for activations, p for probabilities …

The user's own name comes first. A chosen name never looks like one in use, not even in LaTeX, where δ and delta do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from matcalc.notation.latex import latex_name
from matcalc.notation.tree import Addition, Call, MatrixProduct, Negative, Scaled, Tree
from matcalc.rules import find

Role = Literal["cotangent"]

PROBABILITIES = frozenset({"softmax", "sigmoid"})
ACTIVATIONS = frozenset(
    {"tanh", "relu", "leaky_relu", "prelu", "elu", "selu", "gelu", "gelu_tanh", "silu", "softplus"}
    | {"softsign", "hard_tanh", "hard_sigmoid"}
)
# A matrix gets a capital. T would read as a transpose.
_OF_MATRIX = {"z": "Z", "h": "H", "p": "P", "r": "R", "delta": "Delta", "t": "M"}


@dataclass(frozen=True, slots=True)
class Part:
    """A part to be named; `given` is the name that the user gave it, `role` what only the derivation knows."""

    tree: Tree
    given: str | None = None
    role: Role | None = None


def name_parts(parts: Sequence[Part], taken: Iterable[str]) -> list[str]:
    """A name for each part, in their order: z, or z1, z2 where there are several of a kind.

    `taken` holds every other name of the expression: variables, dimensions and abstract functions. Names of the
    table are avoided by themselves. A given name is kept as it is unless it is taken.
    """
    used = {latex_name(name) for name in taken}
    names: list[str | None] = []
    for part in parts:
        keep = part.given is not None and _free(part.given, used)
        names.append(part.given if keep else None)
        if keep and part.given is not None:
            used.add(latex_name(part.given))
    stems = [stem_of(part) for part in parts]
    several = Counter(stem for stem, name in zip(stems, names, strict=True) if name is None)
    numbers: Counter[str] = Counter()

    def choose(stem: str) -> str:
        name = stem if several[stem] == 1 else ""
        while not name or not _free(name, used):
            numbers[stem] += 1
            name = f"{stem}{numbers[stem]}"
        used.add(latex_name(name))
        return name

    return [name or choose(stem) for name, stem in zip(names, stems, strict=True)]


def stem_of(part: Part) -> str:
    """The letter for a part, before it is numbered."""
    letter = "delta" if part.role == "cotangent" else _letter_of(part.tree)
    return _OF_MATRIX[letter] if all(dim != 1 for dim in part.tree.shape) else letter


def _letter_of(tree: Tree) -> str:
    scalar = all(dim == 1 for dim in tree.shape)
    if type(tree) is Addition:
        if any(sign < 0 or type(term) is Negative for sign, term in tree.terms):
            return "r"
        return "z" if any(_is_product(term) for _, term in tree.terms) else "t"
    if type(tree) is MatrixProduct:
        return "t" if scalar else "z"
    if type(tree) is Call:
        if tree.function in PROBABILITIES:
            return "p"
        abstract = find(tree.function) is None and not tree.primes
        return "h" if abstract or tree.function in ACTIVATIONS else "t"
    return "t"


def _is_product(term: Tree) -> bool:
    return type(term) is MatrixProduct or (type(term) is Scaled and type(term.body) is MatrixProduct)


def _free(name: str, used: set[str]) -> bool:
    return latex_name(name) not in used and find(name) is None
