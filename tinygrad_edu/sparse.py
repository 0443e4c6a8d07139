"""Sparse matrices of SciPy's in products with tensors: A @ t, t @ A and A.dot(t).

A sparse matrix does not speak NumPy's protocols, and NumPy makes an array of one object of it.
`SparseOperand` speaks them for it, as far as a matrix product and its derivative need: what multiplies and
transposes.  So the rule of np.matmul is the rule of these products too, to any order.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import ShapeError, UnsupportedCall


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse matrix or sparse array of SciPy's."""
    sparse = sys.modules.get("scipy.sparse")  # which is there if a value of it is
    return sparse is not None and bool(sparse.issparse(value))


def multiplied() -> bool:
    """Whether it is a product of a sparse matrix, A @ t, that asks for the array of a tensor."""
    frame = sys._getframe(2)
    inside = frame.f_code.co_name == "_matmul_dispatch"
    return inside and frame.f_globals.get("__name__", "").startswith("scipy.sparse")


def operand(function: Callable[..., Any], name: str, matrix: Any) -> "SparseOperand":
    """A sparse matrix as an argument of a function that is recorded, if that is a matrix product.

    Raises
    ------
    UnsupportedCall
        If it is something else, whose result might be sparse.
    ShapeError
        If the sparse array has other than two axes.
    """
    kind = f"a sparse {type(matrix).__name__} of shape {matrix.shape}"
    if function is not np.matmul:
        raise UnsupportedCall(
            f"{name} of a tensor and {kind}: of those, products of matrices differentiate, A @ t and t @ A.\n"
            "  Write A.toarray() for it where it is added, or multiplied element by element."
        )
    if matrix.ndim != 2:
        raise ShapeError(f"{name} of a tensor and {kind}: it must have two axes; use A.toarray() @ t.")
    return SparseOperand(matrix)


class SparseOperand:
    """A sparse matrix that speaks NumPy's protocols: it is multiplied, and transposed."""

    def __init__(self, matrix: Any) -> None:
        self.matrix, self.shape, self.dtype, self.ndim = matrix, matrix.shape, matrix.dtype, 2

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        a, b = inputs if ufunc is np.matmul and method == "__call__" else (None, None)
        other = b if a is self else a
        if not isinstance(other, (np.ndarray, np.generic)) or kwargs:
            return NotImplemented
        if other.ndim > 2:
            raise ShapeError(
                "A sparse matrix is multiplied by tensors of one or two axes; got shape "
                f"{other.shape}: reshape "
                "it first."
            )
        return self.matrix @ other if a is self else other @ self.matrix

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.shape:
            return self.shape
        return SparseOperand(self.matrix.T) if function is np.matrix_transpose else NotImplemented
