"""What evaluators need of an array library: arrays of what users give, and the dtype that follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from matcalc.codegen import Target
from matcalc.errors import DomainError


class Arrays:
    """NumPy, or JAX, which has the same names. `kind` is "integer", "float", "complex" or "other"."""

    failures: tuple[type[Exception], ...] = (np.linalg.LinAlgError,)

    def __init__(self, module: Any) -> None:
        self.module = module
        self.kinds: Any = module.ndarray

    def is_plain(self, value: Any) -> bool:
        """Whether a value is an array of floats, to be taken as it is."""
        return isinstance(value, self.kinds) and value.dtype.kind == "f"

    def array(self, value: Any, like: Any = None) -> Any:
        """An array of a value; `like` is another one whose device it is to share."""
        return self.module.asarray(value)

    def kind(self, array: Any) -> str:
        """What an array holds."""
        if array.dtype.kind in "biu":
            return "integer"
        if array.dtype.kind == "c":
            return "complex"
        # JAX has float kinds of its own, such as bfloat16, whose kind is V.
        return "float" if self.module.issubdtype(array.dtype, self.module.floating) else "other"

    def common(self, dtypes: Iterable[Any]) -> Any:
        """The dtype that holds all of these; of none float64, or what the library has instead."""
        return self.module.result_type(*(tuple(dtypes) or (float,)))

    def cast(self, array: Any, dtype: Any) -> Any:
        """The array with another dtype."""
        return array.astype(dtype)

    def filled(self, shape: tuple[int, ...], value: Any, like: Any) -> Any:
        """An array of one value, a number or a scalar, with the dtype that it has beside `like`."""
        return self.module.full(shape, value, dtype=self.module.result_type(like, value))

    def is_finite(self, array: Any) -> bool:
        """Whether no entry is nan or infinite."""
        return bool(self.module.isfinite(array).all())


class Tensors(Arrays):
    """torch: a number beside tensors is put where they are."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.kinds = module.Tensor
        self.failures = (module.linalg.LinAlgError,)

    def is_plain(self, value: Any) -> bool:
        """Whether a value is a tensor of floats."""
        return isinstance(value, self.module.Tensor) and value.dtype.is_floating_point

    def array(self, value: Any, like: Any = None) -> Any:
        """A tensor; a number is one of no axes."""
        if isinstance(value, self.module.Tensor):
            return value
        return self.module.as_tensor(value, device=None if like is None else like.device)

    def kind(self, array: Any) -> str:
        """What a tensor holds."""
        if array.dtype.is_complex:
            return "complex"
        return "float" if array.dtype.is_floating_point else "integer"

    def common(self, dtypes: Iterable[Any]) -> Any:
        """The dtype that holds all of these; of none float64."""
        found, *others = tuple(dtypes) or (self.module.float64,)
        for dtype in others:
            found = self.module.promote_types(found, dtype)
        return found

    def cast(self, array: Any, dtype: Any) -> Any:
        """The tensor with another dtype."""
        return array.to(dtype)

    def filled(self, shape: tuple[int, ...], value: Any, like: Any) -> Any:
        """A tensor of one value; torch.full would cut it off from what it was computed from."""
        dtype = self.module.result_type(like, value)
        return self.module.as_tensor(value, dtype=dtype, device=like.device).expand(shape).clone()


def arrays_of(target: Target) -> Arrays:
    """The library of a target. Raises DomainError where it is not installed."""
    if target.library == "numpy":
        return Arrays(np)
    try:
        if target.library == "torch":
            import torch

            return Tensors(torch)
        import jax.numpy
    except ImportError as error:
        name = {"jax": "JAX"}.get(target.library, target.library)
        raise DomainError(
            f"this needs {name}, which is not installed", hint=f"pip install {target.library}"
        ) from error
    return Arrays(jax.numpy)
