"""The language: text into the index graph.

`read` is the whole way; `parse_text`, `resolve`, `infer` and the lowering are its stages. Importing this package
also tells the rules how their formulas are read.
"""

from matcalc.language.declarations import Declaration, Declarations, read_shapes
from matcalc.language.formulas import formula
from matcalc.language.limits import LIMITS, NO_LIMITS, Limits
from matcalc.language.lowering import Parsed, function_names, read
from matcalc.language.parser import parse_text
from matcalc.language.values import Value
from matcalc.rules import use_formula_reader

use_formula_reader(formula)

__all__ = [
    "LIMITS",
    "NO_LIMITS",
    "Declaration",
    "Declarations",
    "Limits",
    "Parsed",
    "Value",
    "formula",
    "function_names",
    "parse_text",
    "read",
    "read_shapes",
]
