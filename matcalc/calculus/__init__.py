"""Differentiation: one backward sweep over the index graph, and the laws that simplify what comes out."""
