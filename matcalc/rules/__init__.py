"""The functions: one place per function, read by the parser, the printers, the code generators and the tests."""

from matcalc.rules import (  # noqa: F401  (each registers its functions)
    activations,
    contractions,
    cross_products,
    determinants,
    eigenvalues,
    elementwise,
    exponentials,
    inverses,
    losses,
    matrix_powers,
    norms,
    probability,
    reductions,
    singular_values,
)
from matcalc.rules.entries import (
    AbstractFunction,
    Composite,
    Condition,
    Elementwise,
    Entry,
    Function,
    Parameter,
)
from matcalc.rules.operands import Operand, ShapeRule, broadcast, broadcast_shape
from matcalc.rules.registry import (
    all_functions,
    call,
    find,
    invoke,
    lookup,
    names,
    parameters_of,
    register,
    use_formula_reader,
)

__all__ = [
    "AbstractFunction",
    "Composite",
    "Condition",
    "Elementwise",
    "Entry",
    "Function",
    "Operand",
    "Parameter",
    "ShapeRule",
    "all_functions",
    "broadcast",
    "broadcast_shape",
    "call",
    "find",
    "invoke",
    "lookup",
    "names",
    "parameters_of",
    "register",
    "use_formula_reader",
]
