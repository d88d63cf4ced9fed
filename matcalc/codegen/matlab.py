"""MATLAB source, which GNU Octave runs as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matcalc.codegen.columnmajor import ColumnMajor
from matcalc.codegen.helpers import ATOM, POWER, PRODUCT, Text
from matcalc.codegen.names import Names
from matcalc.codegen.numbers import dim_source
from matcalc.codegen.program import Instruction
from matcalc.codegen.translation import Translation
from matcalc.shapes.dims import Dim

_SELECT = """function y = select(c, a, b)
%SELECT a where c holds, b elsewhere.
    y = a .* ones(size(c));
    b = b .* ones(size(c));
    y(~c) = b(~c);
end
"""
_LOGABSDET = """function y = logabsdet(X)
%LOGABSDET log |det X|, without overflow.
    [~, U, ~] = lu(X);
    y = sum(log(abs(diag(U))));
end
"""
_ADJ = """function C = {name}(X)
%{name} The adjugate: the transposed matrix of cofactors.
    [U, S, V] = svd(X);
    s = diag(S);
    n = numel(s);
    p = zeros(n, 1);
    for k = 1:n
        p(k) = prod(s([1:k-1, k+1:n]));
    end
    C = det(U) * det(V) * V * diag(p) * U.';
end
"""


def translation(names: Names) -> Translation:
    """How MATLAB writes the primitives."""
    return Translation(
        language="MATLAB",
        dot="",
        inside=".",
        power="^",
        primitives={
            "maximum": "max({0}, {1})",
            "minimum": "min({0}, {1})",
            "clip": "min(max({0}, {1}), {2})",
            "heaviside": "double({0} > 0)",
            "where": "select({0}, {1}, {2})",
            "logaddexp": "(max({0}, {1}) + log1p(exp(-abs({0} - {1}))))",
            "nan_to_num": "max(min({0}, realmax), -realmax)",
            "isfinite": "isfinite({0})",
            "linalg.inv": "inv({0})",
            "linalg.det": "det({0})",
            "linalg.pinv": "pinv({0})",
            "linalg.slogdet": "logabsdet({0})",
        },
        reductions={
            "sum": ("sum({0})", "sum({0}, {1})"),
            "amax": ("max({0})", "max({0}, [], {1})"),
            "amin": ("min({0})", "min({0}, [], {1})"),
        },
        special={"adj": _ADJ},
        words={"expm": "expm({0})"},
        definition="function y_ = {name}({arguments})\n%{name} {doc}.\n{lines}    y_ = {body};\nend\n",
        support={"where": _SELECT, "linalg.slogdet": _LOGABSDET},
        names=names,
    )


class Matlab(ColumnMajor):
    """Statements end in a semicolon; elementwise operators have a dot."""

    def operator(self, sign: str, instruction: Instruction) -> str:
        """Products, quotients and powers of arrays have a dot."""
        if sign == "**":
            return ".^" if instruction.axes else "^"
        return f".{sign}" if instruction.axes and sign in "*/" else sign

    def fitted(self, ref: int, instruction: Instruction) -> Text:
        """Octave adds nothing to a diagonal matrix by broadcasting, so that it is made a full one before."""
        if instruction.op == "sum" and self._is_kept_diagonal(ref):
            others = [self.program.axes(operand) for operand in instruction.operands]
            if any(axes and axes != self.program.axes(ref) for axes in others):
                return self._full(ref), ATOM
        return super().fitted(ref, instruction)

    def argument(self, ref: int) -> Text:
        """What a genuine function is applied to, which may broadcast inside."""
        return (self._full(ref), ATOM) if self._is_kept_diagonal(ref) else super().argument(ref)

    def _full(self, ref: int) -> str:
        return f"full({self.texts[ref][0]})"

    def _is_kept_diagonal(self, ref: int) -> bool:
        """Whether Octave keeps the matrix as its diagonal: sums, products and transposes of eye(n) and diag(x)."""
        seen: set[int] = set()
        pending = {ref}
        while pending:
            seen |= pending
            op, operands, coefficients, _ = self.program.instructions[pending.pop()]
            if op in ("expand", "matmul") or (op == "sum" and all(abs(c) == 1 for c in coefficients)):
                pending |= set(operands) - seen
            elif op not in ("eye", "diag"):
                return False
        return True

    def transposed(self, text: str) -> str:
        return f"{text}.'"

    def moved(self, text: str, rank: int, places: Sequence[int], total: int) -> Text:
        extra = iter(range(rank + 1, total + rank + 1))
        order = [places.index(place) + 1 if place in places else next(extra) for place in range(total)]
        if order == sorted(order):
            return text, ATOM
        return f"permute({text}, [{' '.join(map(str, order))}])", ATOM

    def summed(self, text: str, rank: int, axes: Sequence[int]) -> Text:
        axes = sorted(axes)
        if rank == 1:
            return f"sum({text})", ATOM
        if rank == 2 and len(axes) == 1:
            return (f"sum({text}, 2)", ATOM) if axes[0] == 1 else (f"sum({text}, 1).'", ATOM)
        for axis in axes:
            text = f"sum({text}, {axis + 1})"
        kept = [axis + 1 for axis in range(rank) if axis not in axes]
        order = [*kept, *(axis + 1 for axis in axes)]
        if order == sorted(order):
            return text, ATOM
        return f"permute({text}, [{' '.join(map(str, order))}])", ATOM

    def inner(self, left: str, right: str) -> Text:
        return f"{left}.' * {right}", PRODUCT

    def fortran(self, text: str, rank: int, dims: Sequence[Dim]) -> Text:
        if rank == 2 and len(dims) == 1:
            return f"reshape({self.transposed(text)}, [], 1)", ATOM
        backwards = " ".join(str(axis) for axis in range(rank, 0, -1))
        inside = f"permute({text}, [{backwards}])" if rank > 1 else text
        shape = self.dims(dims[::-1]) if len(dims) > 1 else f"{self.dims(dims)}, 1"
        made = f"reshape({inside}, [{shape}])"
        if len(dims) > 1:
            made = f"permute({made}, [{' '.join(str(axis) for axis in range(len(dims), 0, -1))}])"
        return made, ATOM

    def filled(self, maker: str, dims: Sequence[Dim]) -> str:
        return f"{maker}({self.dims(dims)}{', 1' if len(dims) == 1 else ''})"

    def identity(self, dim: Dim) -> str:
        return f"eye({dim_source(dim, self.sizes)})"

    def diag(self, instruction: Instruction) -> Text:
        """The diagonal matrix of a vector."""
        return f"diag({self.texts[instruction.operands[0]][0]})", ATOM

    def copy(self, instruction: Instruction) -> Text:
        """Arrays are values."""
        return self.texts[instruction.operands[0]]

    def cholesky(self, instruction: Instruction) -> Text:
        """The upper factor."""
        return f"chol({self.texts[instruction.operands[0]][0]})", ATOM

    def cholesky_solve(self, instruction: Instruction) -> Text:
        """Two triangular systems."""
        self._name(instruction.operands[0])
        factor, other = (self._at(operand, ATOM) for operand in instruction.operands)
        return f"({factor} \\ ({factor}.' \\ {other}))", ATOM

    def own(self, ref: int) -> str:
        return self.texts[ref][0]

    def added(self, name: str, entries: int, dim: Dim) -> str:
        size = dim_source(dim, self.sizes)
        text = (
            self.transposed(self._at(entries, ATOM))
            if self.program.rank(entries)
            else self._at(entries, POWER)
        )
        diagonal = f"{name}(1:{size}+1:end)"
        return f"{diagonal} = {diagonal} + {text}"

    def loop(self, place: str, dim: Dim) -> str:
        return f"for {place} = 1:{dim_source(dim, self.sizes)}"

    def put(self, name: str, target: str, entries: str, own: str) -> str:
        return f"{name}({target}) = {entries}({own})" if own else f"{name}({target}) = {entries}"


# Keywords, and functions that the source uses.
_WORDS = """
break case catch classdef continue else elseif end for function global if otherwise parfor persistent
return spmd switch try while eye zeros ones sum max min exp log sqrt abs diag kron inv det size error
isequal permute reshape pi Inf tanh sin cos lu chol select mat2str numel acos asin atan cosh double erf erfc
expm expm1 full isfinite log1p logabsdet pinv prod realmax sign sinh svd tan
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
    """The text of a function; of several results the ones by name are a struct."""
    outputs = list(results)
    head = outputs[0] if len(outputs) == 1 else f"[{', '.join(outputs)}]"
    lines = [f"function {head} = {name}({', '.join(parameters)})"]
    first, *rest = doc or [""]
    lines.append(f"%{name.upper()} {first}".rstrip())
    lines += [f"% {line}".rstrip() for line in rest]
    lines += [f"    {line}" for line in checks]
    lines += [f"    {_ended(line)}" for line in body]
    for output, text in results.items():
        if isinstance(text, str):
            lines.append(f"    {output} = {text};")
        else:
            lines += [f"    {output}.{key} = {part};" for key, part in text.items()]
    return "\n".join([*lines, "end", *(f"\n{helper.rstrip()}" for helper in helpers.values()), ""])


def _ended(line: str) -> str:
    return line if line.lstrip().startswith("for ") or line.strip() == "end" else f"{line};"


def complaint(text: str, dims: Sequence[str], shown: str) -> list[str]:
    """What is checked of an argument."""
    pair = " ".join([*dims, *["1"] * (2 - len(dims))])
    return [
        f"if ~isequal(size({text}), [{pair}])",
        f"    error('{text} has size %s, expected {shown} = %s', mat2str(size({text})), mat2str([{pair}]));",
        "end",
    ]


def reading(name: str, text: str, axis: int) -> str:
    """A size read off an argument."""
    return f"{name} = size({text}, {axis + 1});"
