"""Arrays: evaluators, samples inside the domains, and verification against autodiff."""

from matcalc.numeric.comparison import Check
from matcalc.numeric.evaluator import Evaluator, jax_evaluator, numpy_evaluator
from matcalc.numeric.verification import Verification, verify

__all__ = ["Check", "Evaluator", "Verification", "jax_evaluator", "numpy_evaluator", "verify"]
