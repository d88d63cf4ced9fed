"""The reference interpreter under the name that tests use: what a graph means, evaluated node by node."""

from __future__ import annotations

from matcalc.rules.interpreter import evaluate

__all__ = ["evaluate"]
