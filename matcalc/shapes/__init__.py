"""Symbolic dimensions, their unification, and what operations do to two-dimensional shapes."""
