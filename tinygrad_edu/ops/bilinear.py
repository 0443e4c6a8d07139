"""The bilinear form x1ᵀ W x2 of two vectors, for many pairs and many W at once."""

from typing import Any

import numpy as np


def bilinear(x1: Any, x2: Any, weight: Any, bias: Any = None) -> Any:
    """y_k = Σ_ij x1_i W_kij x2_j + b_k: each output is linear in x1 and linear in x2.

    It is computed as x1ᵀ W for all k in one product, (..., i) times (i, k · j), and then a product with x2.

    Parameters
    ----------
    x1 : Tensor or ndarray of shape (..., n_1)
    x2 : Tensor or ndarray of shape (..., n_2)
        The axes before the last broadcast; PyTorch wants them equal.
    weight : Tensor or ndarray of shape (n_out, n_1, n_2)
    bias : Tensor or ndarray of shape (n_out,), optional

    Returns
    -------
    Tensor or ndarray of shape (..., n_out)

    Examples
    --------
    >>> bilinear(np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.eye(2)[None])
    array([11.])
    """
    n_out, n_1, n_2 = weight.shape
    columns = np.reshape(np.transpose(weight, (1, 0, 2)), (n_1, n_out * n_2))
    rows = np.matmul(x1, columns)  # (..., n_out · n_2)
    y = np.matmul(np.reshape(rows, (*x1.shape[:-1], n_out, n_2)), np.expand_dims(x2, -1))  # (..., n_out, 1)
    y = np.squeeze(y, -1)
    return y if bias is None else y + bias
