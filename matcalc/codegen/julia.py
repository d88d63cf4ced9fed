"""Julia source: Base, LinearAlgebra, and SpecialFunctions where erf is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matcalc.codegen.columnmajor import ColumnMajor
from matcalc.codegen.helpers import ATOM, Text
from matcalc.codegen.names import Names
from matcalc.codegen.numbers import dim_source
from matcalc.codegen.program import Instruction
from matcalc.codegen.translation import Translation
from matcalc.shapes.dims import Dim

_SPREAD = '''"""The axes of A at `places` of an array of `total` axes, the others being of size one."""
function spread(A, places, total)
    A = reshape(A, [size(A, i) for i in eachindex(places)]...)
    order = sortperm(collect(places))
    shape = ones(Int, total)
    shape[collect(places)[order]] .= size(A)[order]
    return reshape(permutedims(A, order), shape...)
end
'''
_ADJ = '''"""The adjugate: the transposed matrix of cofactors."""
function {name}(X)
    U, s, V = svd(X)
    p = [prod(s[1:end .!= k]) for k in eachindex(s)]
    return det(U) * det(V) * V * Diagonal(p) * U'
end
'''


def translation(names: Names) -> Translation:
    """How Julia writes the primitives; `~` is where the dot of a broadcast call goes."""
    return Translation(
        language="Julia",
        dot=".",
        inside="",
        power="^",
        primitives={
            "maximum": "max~({0}, {1})",
            "minimum": "min~({0}, {1})",
            "clip": "clamp~({0}, {1}, {2})",
            "heaviside": "float~({0} > 0)",
            "where": "ifelse~({0}, {1}, {2})",
            "logaddexp": "(max~({0}, {1}) + log1p~(exp~(-abs~({0} - {1}))))",
            "nan_to_num": "clamp~({0}, -floatmax(eltype({0})), floatmax(eltype({0})))",
            "isfinite": "isfinite~({0})",
            "linalg.inv": "inv({0})",
            "linalg.det": "det({0})",
            "linalg.pinv": "pinv({0})",
            "linalg.slogdet": "first(logabsdet({0}))",
        },
        reductions={
            "sum": ("sum({0})", "sum({0}, dims={1})"),
            "amax": ("maximum({0})", "maximum({0}, dims={1})"),
            "amin": ("minimum({0})", "minimum({0}, dims={1})"),
        },
        special={"adj": _ADJ},
        words={"expm": "exp({0})"},
        definition='"""{doc}."""\nfunction {name}({arguments})\n{lines}    return {body}\nend\n',
        support={"linalg.slogdet": ""},
        names=names,
    )


class Julia(ColumnMajor):
    """Broadcasting is written out, as dots."""

    def operator(self, sign: str, instruction: Instruction) -> str:
        """A dot for arrays, also for sums, whose terms may be numbers."""
        sign = "^" if sign == "**" else sign
        if not instruction.axes:
            return sign if sign != "^" else "^"
        return f" .{sign} " if sign == "^" else f".{sign}"

    def power(self, instruction: Instruction) -> Text:
        """Powers of sizes are those of the arrays' numbers: integers wrap around."""
        base = instruction.operands[0]
        if self.program.instructions[base].op != "size":
            return super().power(instruction)
        kept = self.texts[base]
        self.needs_eltype = True
        self.texts[base] = (f"T({kept[0]})", ATOM)
        made = super().power(instruction)
        self.texts[base] = kept
        return made

    def apply(self, instruction: Instruction) -> Text:
        """A sum or maximum along the last axis keeps it as one of size one, which a vector has not."""
        text, level = super().apply(instruction)
        rank = self.program.rank(instruction.operands[0])
        if len(instruction.axes) == 0 or len(instruction.axes) != rank - 1:
            return text, level
        return f"vec({text})" if rank == 2 else f"dropdims({text}, dims={rank})", ATOM

    def transposed(self, text: str) -> str:
        """Twice is not at all."""
        return text[:-1] if text.endswith("'") else f"{text}'"

    def moved(self, text: str, rank: int, places: Sequence[int], total: int) -> Text:
        if list(places) == list(range(total)):
            return text, ATOM
        if rank == 2 and total == 2:
            return f"permutedims({text})", ATOM
        self.translation.definitions["spread"] = _SPREAD
        where = ", ".join(str(place + 1) for place in places)
        return f"spread({text}, ({where}{',' if rank == 1 else ''}), {total})", ATOM

    def summed(self, text: str, rank: int, axes: Sequence[int]) -> Text:
        if len(axes) == rank:
            return f"sum({text})", ATOM
        where = str(axes[0] + 1) if len(axes) == 1 else f"({', '.join(str(axis + 1) for axis in axes)})"
        if rank - len(axes) == 1:
            return f"vec(sum({text}, dims={where}))", ATOM
        return f"dropdims(sum({text}, dims={where}), dims={where})", ATOM

    def inner(self, left: str, right: str) -> Text:
        return f"dot({left}, {right})", ATOM

    def fortran(self, text: str, rank: int, dims: Sequence[Dim]) -> Text:
        if rank == 2 and len(dims) == 1:
            return f"vec(permutedims({text}))", ATOM
        backwards = ", ".join(str(axis) for axis in range(rank, 0, -1))
        inside = f"permutedims({text}, ({backwards}))" if rank > 1 else text
        if len(dims) == 1:
            return f"vec({inside})", ATOM
        made = f"reshape({inside}, {self.dims(dims[::-1])})"
        forwards = ", ".join(str(axis) for axis in range(len(dims), 0, -1))
        return f"permutedims({made}, ({forwards}))", ATOM

    def filled(self, maker: str, dims: Sequence[Dim]) -> str:
        self.needs_eltype = True
        return f"{maker}(T, {self.dims(dims)})"

    def identity(self, dim: Dim) -> str:
        self.needs_eltype = True
        size = dim_source(dim, self.sizes)
        return f"Matrix{{T}}(I, {size}, {size})"

    def diag(self, instruction: Instruction) -> Text:
        """The diagonal matrix of a vector."""
        return f"diagm({self.texts[instruction.operands[0]][0]})", ATOM

    def copy(self, instruction: Instruction) -> Text:
        """An array of its own."""
        return f"copy({self.texts[instruction.operands[0]][0]})", ATOM

    def cholesky(self, instruction: Instruction) -> Text:
        """The factor, an object that solves; Julia refuses what is symmetric but for rounding, unless it is told."""
        return f"cholesky(Symmetric({self.texts[instruction.operands[0]][0]}))", ATOM

    def cholesky_solve(self, instruction: Instruction) -> Text:
        """By the factor."""
        factor, other = (self._at(operand, ATOM) for operand in instruction.operands)
        return f"({factor} \\ {other})", ATOM

    def own(self, ref: int) -> str:
        text = self.texts[ref][0]
        return text if self.program.may_change(ref, self.uses) else f"copy({text})"

    def added(self, name: str, entries: int, dim: Dim) -> str:
        return f"{name}[diagind({name})] .+= {self.texts[entries][0]}"

    def loop(self, place: str, dim: Dim) -> str:
        return f"for {place} in 1:{dim_source(dim, self.sizes)}"

    def put(self, name: str, target: str, entries: str, own: str) -> str:
        return f"{name}[{target}] = {entries}[{own}]" if own else f"{name}[{target}] = {entries}"


# Keywords, and functions that the source uses.
_WORDS = """
baremodule begin break catch const continue do else elseif end export false finally for function global
if import in isa let local macro module quote return struct true try using where while sum vec dot size
eye zeros ones exp log sqrt abs diag diagm kron inv det maximum minimum max min reshape permutedims pi
Inf I T tanh sin cos spread DimensionMismatch Diagonal Float64 Int Matrix acos asin atan cholesky clamp
collect copy cosh diagind dropdims eachindex eltype erf erfc expm1 first float floatmax ifelse isfinite
log1p logabsdet pinv prod promote_type sign sinh sortperm svd Symmetric tan throw
"""
RESERVED = tuple(_WORDS.split())


def function(
    name: str,
    parameters: Sequence[str],
    doc: Sequence[str],
    checks: Sequence[str],
    body: Sequence[str],
    results: Mapping[str, str | Mapping[str, str]],
    helpers: Mapping[str, str],
) -> str:
    """The text of a function; results by name are a named tuple."""
    written = [
        text
        if isinstance(text, str)
        else f"({', '.join(f'{key} = {part}' for key, part in text.items())}{',' if len(text) == 1 else ''})"
        for text in results.values()
    ]
    everything = "\n".join([*body, *written, *helpers.values()])
    head = ["using LinearAlgebra"]
    special = [word for word in ("erf", "erfc") if f"{word}(" in everything or f"{word}.(" in everything]
    head += [f"using SpecialFunctions: {', '.join(special)}"] if special else []
    lines = [*head, "", *(f"{helper.rstrip()}\n" for helper in helpers.values() if helper)]
    lines += ['"""', *(line.replace("\\", "\\\\").replace('"', "'").replace("$", "") for line in doc), '"""']
    lines.append(f"function {name}({', '.join(parameters)})")
    lines += [f"    {line}" for line in (*checks, *body)]
    return "\n".join([*lines, f"    return {', '.join(written)}", "end", ""])


def complaint(text: str, dims: Sequence[str], shown: str) -> list[str]:
    """What is checked of an argument."""
    pair = f"({dims[0]},)" if len(dims) == 1 else f"({', '.join(dims)})"
    message = f'"{text} has size $(size({text})), expected {shown} = $({pair})"'
    return [f"size({text}) == {pair} || throw(DimensionMismatch({message}))"]


def reading(name: str, text: str, axis: int) -> str:
    """A size read off an argument."""
    return f"{name} = size({text}, {axis + 1})"
