"""The index graph: every value is a node with axes, and products, sums, transposes and traces are one contraction."""

from matcalc.graph import pickling
from matcalc.graph.axes import broadcast_axes
from matcalc.graph.build import add, contract, fuse, linear, split, subtract
from matcalc.graph.leaves import ONE, constant, is_zero, negate, number, number_value, scale, symbol, zero
from matcalc.graph.maps import apply, core_axes, divide, elementwise, power
from matcalc.graph.node import (
    Apply,
    Axes,
    Constant,
    Contract,
    Factor,
    Fuse,
    Map,
    Node,
    Size,
    Split,
    Sum,
    Symbol,
    live_nodes,
)
from matcalc.graph.normal import closed, is_same, normal
from matcalc.graph.numbers import Coefficient
from matcalc.graph.powers import base_and_exponent, is_power, power_function, use_power_function
from matcalc.graph.products import broadcast, identity, multiply, ones, permute, size, transpose
from matcalc.graph.rebuild import rebuild, substitute
from matcalc.graph.tidy import may_share, shared_parts, tidy
from matcalc.graph.walk import fold, has_more_than, symbols, topological

__all__ = [
    "ONE",
    "Apply",
    "Axes",
    "Coefficient",
    "Constant",
    "Contract",
    "Factor",
    "Fuse",
    "Map",
    "Node",
    "Size",
    "Split",
    "Sum",
    "Symbol",
    "add",
    "apply",
    "base_and_exponent",
    "broadcast",
    "broadcast_axes",
    "closed",
    "constant",
    "contract",
    "core_axes",
    "divide",
    "elementwise",
    "fold",
    "fuse",
    "has_more_than",
    "identity",
    "is_power",
    "is_same",
    "is_zero",
    "linear",
    "live_nodes",
    "may_share",
    "multiply",
    "negate",
    "normal",
    "number",
    "number_value",
    "ones",
    "permute",
    "pickling",
    "power",
    "power_function",
    "rebuild",
    "scale",
    "shared_parts",
    "size",
    "split",
    "substitute",
    "subtract",
    "symbol",
    "symbols",
    "tidy",
    "topological",
    "transpose",
    "use_power_function",
    "zero",
]
