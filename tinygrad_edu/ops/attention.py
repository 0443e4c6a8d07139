"""Attention: averages of values, weighted by how well keys match a query; and the encoding of positions."""

import math
from typing import Any

import numpy as np

from ..arrays import floating, given, plain
from ..broadcast import broadcasts_to
from ..errors import ArgumentError, DTypeError, ShapeError
from ..random import Rng
from ..table import primitive
from .dropout import dropout
from .softmax import dot, shares, softmax

# by whether the batch is first: from (b, heads, t, d) to (b, t, heads, d), or to (t, b, heads, d)
ORDER = {True: (0, 2, 1, 3), False: (2, 0, 1, 3)}


# fmt: off
@primitive(x=lambda g, out, axis: out * (g - dot(g, out, axis)))
def softmax_where(x: Any, mask: Any, axis: int | tuple[int, ...]) -> Any:
    return shares(np.where(mask, x, -np.inf), axis)

@primitive(x=lambda g, x_shape, batch_first: np.reshape(np.stack([np.transpose(part, ORDER[batch_first]) for part in g], 2), x_shape))
def split_heads(x: Any, parts: int, heads: int, batch_first: bool) -> Any:
    """(t, b, parts · heads · d) to as many parts (b, heads, t, d), each contiguous, which makes their products fast."""
    apart = np.reshape(x, (*x.shape[:2], parts, heads, x.shape[2] // (parts * heads)))
    apart = np.transpose(apart, (2, 0, 3, 1, 4) if batch_first else (2, 1, 3, 0, 4))
    return tuple(np.copy(apart[i], order="C") for i in range(parts))
# fmt: on


def merge_heads(x: Any, batch_first: bool) -> Any:
    """(b, heads, t, d) to (t, b, heads · d), the adjoint of `split_heads` into one part."""
    x = np.transpose(x, ORDER[batch_first])
    return np.reshape(x, (*x.shape[:2], x.shape[2] * x.shape[3]))


def masked_softmax(x: Any, mask: Any, axis: int | tuple[int, ...] = -1) -> Any:
    """Softmax over the allowed entries of each slice; all others are 0, and so is a slice that has none.

    y = exp(x) · mask / Σ exp(x) · mask.  What stands in the others, NaN and infinities included, has no
    influence.

    Parameters
    ----------
    x : Tensor or ndarray of any shape
    mask : array_like of bool
        True where an entry is allowed; broadcasts to the shape of x.
    axis : int or tuple of int, default=-1

    Returns
    -------
    Tensor or ndarray of the shape of x
        `softmax` of a slice of nothing but -inf is NaN instead; so it is in PyTorch.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.masked_softmax(np.zeros((2, 3)), np.array([[True, True, False], [False, False, False]]))
    array([[0.5, 0.5, 0. ],
           [0. , 0. , 0. ]])
    """
    x = floating(x, "masked_softmax")
    mask = plain(mask, "masked_softmax: mask")
    if mask.dtype.kind != "b":
        raise DTypeError(
            f"masked_softmax: mask is boolean, True where an entry is allowed; got {mask.dtype}."
        )
    check_broadcast("masked_softmax", mask, f"x of shape {x.shape}", x)
    return softmax_where(x, mask, axis)


def scaled_dot_product_attention(
    q: Any, k: Any, v: Any, *, mask: Any = None, is_causal: bool = False,
    dropout_p: float = 0.0, rng: Rng = None,
) -> Any:  # fmt: skip
    """Averages of values, weighted by how well their keys match each query: softmax(q kᵀ / √d) v.

    Parameters
    ----------
    q : Tensor or ndarray of shape (..., t, d)
        Queries.
    k : Tensor or ndarray of shape (..., s, d)
        Keys.
    v : Tensor or ndarray of shape (..., s, e)
        Values.
    mask : array_like, optional
        Broadcasts to (..., t, s).  Boolean: True where a query may attend to a key, as in PyTorch's function
        of this name (and unlike its `nn.MultiheadAttention`).  Floating: added to the scores; -inf is the
        same as False.  A query that may attend to no key, for there is none or none is allowed, gets zeros,
        and passes no gradient on; in PyTorch, a floating mask gives it NaN.
    is_causal : bool, default=False
        Each query attends to the keys up to its own position only, beside what the mask says.
    dropout_p : float in [0, 1], default=0.0
        Weights are dropped with this probability, whenever it is not 0: there is no training mode here.
    rng : numpy.random.Generator or int, optional
        Draws which weights are dropped.

    Returns
    -------
    Tensor or ndarray of shape (..., t, e)

    References
    ----------
    A. Vaswani et al. (2017). Attention is all you need. arXiv:1706.03762

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> q = k = np.zeros((3, 2))
    >>> tg.scaled_dot_product_attention(q, k, np.array([[2.0], [4.0], [9.0]]), is_causal=True)
    array([[2.],
           [3.],
           [5.]])
    """
    q, k, v = (floating(x, "scaled_dot_product_attention") for x in (q, k, v))
    allowed, added = sorted_mask(mask, "scaled_dot_product_attention")
    if is_causal:
        causal = np.tri(q.shape[-2], k.shape[-2], dtype=bool)
        allowed = causal if allowed is None else allowed & causal
    return np.matmul(dropout(attention_weights(q, k, allowed, added), dropout_p, rng=rng), v)


def attention_weights(q: Any, k: Any, allowed: Any = None, added: Any = None) -> Any:
    """How much each query attends to each key, softmax(q kᵀ / √d + added) over the allowed keys, (..., t, s).

    Those are not allowed to which -inf is added.
    """
    if q.ndim < 2 or k.ndim < 2 or q.shape[-1] != k.shape[-1]:
        got = f"got shapes {q.shape} and {k.shape}"
        raise ShapeError(f"attention: queries (…, t, d) and keys (…, s, d) are of one length d; {got}.")
    scores = np.matmul(q * (1 / math.sqrt(q.shape[-1])), np.matrix_transpose(k))  # (..., t, s)
    for mask in (allowed, added):
        check_broadcast("attention", mask, f"the scores, of shape {scores.shape}", scores)
    if added is not None:
        finite = added != -np.inf
        scores = scores + np.where(finite, added, 0).astype(scores.dtype)
        allowed = finite if allowed is None else np.logical_and(allowed, finite)
    return softmax(scores) if allowed is None else masked_softmax(scores, allowed)


def check_broadcast(who: str, mask: Any, described: str, x: Any) -> None:
    """Refuse a mask that has not, and cannot get, the shape of x."""
    if mask is not None and not broadcasts_to(mask.shape, x.shape):
        raise ShapeError(f"{who}: a mask of shape {mask.shape} does not broadcast to {described}.")


def sorted_mask(mask: Any, who: str) -> tuple[Any, Any]:
    """A mask as the pair (boolean mask or None, floating mask or None)."""
    if mask is None:
        return None, None
    mask = given(mask, who)
    if mask.dtype.kind not in "bf":
        raise DTypeError(
            f"{who}: a mask is boolean, or floating and then added to the scores; got {mask.dtype}."
        )
    return (mask, None) if mask.dtype.kind == "b" else (None, mask)


def positional_encoding(length: int, dim: int, *, base: float = 10000.0, dtype: Any = np.float32) -> Any:
    """Sinusoidal encoding of positions, to be added to embeddings.

    y[t, 2i] = sin(t / base^(2i/dim)), y[t, 2i+1] = cos(t / base^(2i/dim)).

    Parameters
    ----------
    length : int
        The positions, from 0.
    dim : int
        The length of each position's vector.
    base : float, default=10000.0
        The wavelengths grow from 2π to 2π · base.
    dtype : dtype, default=numpy.float32

    Returns
    -------
    ndarray of shape (length, dim)

    References
    ----------
    A. Vaswani et al. (2017). Attention is all you need. arXiv:1706.03762, section 3.5.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> np.round(tg.positional_encoding(2, 4), 2)
    array([[0.  , 1.  , 0.  , 1.  ],
           [0.84, 0.54, 0.01, 1.  ]], dtype=float32)
    """
    if length < 0 or dim < 1:
        got = f"got {length} and {dim}"
        raise ArgumentError(f"positional_encoding: length is at least 0 and dim at least 1; {got}.")
    angles = np.arange(length)[:, None] / base ** (np.arange(0, dim, 2) / dim)  # (length, dim / 2)
    y = np.empty((length, dim))
    y[:, 0::2], y[:, 1::2] = np.sin(angles), np.cos(angles)[:, : dim // 2]
    return y.astype(dtype)
