"""From the graph to source text of array libraries: `generate` writes it, `compiled` makes it callable."""

from matcalc.codegen.names import derivative_name
from matcalc.codegen.source import (
    JAX,
    NUMPY,
    TARGETS,
    TORCH,
    Source,
    Target,
    compiled,
    generate,
    source_text,
)

__all__ = [
    "JAX",
    "NUMPY",
    "TARGETS",
    "TORCH",
    "Source",
    "Target",
    "compiled",
    "derivative_name",
    "generate",
    "source_text",
]
