"""What the benchmark compares with, a file for each: the corpus's expressions as the rivals' own objects."""

from benchmarks.rivals.rival import CannotDo, Rival, Way
from benchmarks.rivals.with_sympy import SymPy
from benchmarks.rivals.with_tensorgrad import Tensorgrad

__all__ = ["CannotDo", "Rival", "SymPy", "Tensorgrad", "Way"]
