"""Multi-head attention."""

from functools import reduce
from operator import add, and_
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, ShapeError, names_itself, told_as
from ..ops.attention import attention_weights, merge_heads, sorted_mask, split_heads
from ..ops.contraction import linear
from ..ops.dropout import dropout as dropped
from ..ops.sequences import sequence_mask, whole_lengths
from ..random import Rng, generator
from ..tensor import Tensor
from . import init
from .linear import Linear
from .module import Module
from .parameter import Parameter, as_input
from .sizes import check_probability, check_sizes


class MultiheadAttention(Module):
    """Attention of several heads: queries, keys and values are projected, each head attends, all are mixed.

    head_i = softmax(Q_i K_iᵀ / √d) V_i with Q = query W_qᵀ + b_q and so on, split into heads of length d =
    embed_dim / num_heads; the output is (head_1, head_2, …) W_oᵀ + b_o.

    Parameters
    ----------
    embed_dim : int
        The length of queries and of the output, a multiple of num_heads.
    num_heads : int
    dropout : float in [0, 1], default=0.0
        Attention weights are dropped with this probability, in training.
    bias : bool, default=True
        Whether the projections have biases.
    add_bias_kv : bool, default=False
        Whether there is one more key and value, the same for all, which are learned: ``bias_k``, ``bias_v``.
    add_zero_attn : bool, default=False
        Whether there is one more key and value of zeros.  A query that matches no key attends to either.
    kdim, vdim : int, optional
        The lengths of keys and values; embed_dim by default.
    batch_first : bool, default=False
        Whether arrays are (b, t, embed_dim) and not (t, b, embed_dim).
    rng : numpy.random.Generator or int, optional
        Of the initial weights, and then of the dropout.
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    in_proj_weight : Parameter of shape (3 embed_dim, embed_dim), or None
        W_q, W_k and W_v, one below the other; None if kdim or vdim is another length.  Then there are
        ``q_proj_weight``, ``k_proj_weight`` and ``v_proj_weight``.
    in_proj_bias : Parameter of shape (3 embed_dim,), or None
    bias_k, bias_v : Parameter of shape (1, 1, embed_dim), or None
    out_proj : Linear

    Raises
    ------
    ArgumentError
        If embed_dim is not a multiple of num_heads.
    ShapeError
        When called with arrays or masks of other shapes.

    References
    ----------
    A. Vaswani et al. (2017). Attention is all you need. arXiv:1706.03762

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> attention = nn.MultiheadAttention(8, num_heads=2, batch_first=True, rng=0)
    >>> x = np.ones((5, 3, 8))
    >>> y, weights = attention(x, x, x)
    >>> y.shape, weights.shape
    ((5, 3, 8), (5, 3, 3))
    """

    @names_itself
    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        lengths = {name: n for name, n in (("kdim", kdim), ("vdim", vdim)) if n is not None}
        check_sizes(embed_dim=embed_dim, num_heads=num_heads, **lengths)
        if embed_dim % num_heads:
            raise ArgumentError(f"embed_dim {embed_dim} is not divisible by num_heads {num_heads}.")
        check_probability("dropout", dropout)
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.rng = generator(rng)
        self.in_proj_weight = self.q_proj_weight = self.k_proj_weight = self.v_proj_weight = None
        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = self._weight(3 * embed_dim, embed_dim, dtype)
        else:
            self.q_proj_weight = self._weight(embed_dim, embed_dim, dtype)
            self.k_proj_weight = self._weight(embed_dim, self.kdim, dtype)
            self.v_proj_weight = self._weight(embed_dim, self.vdim, dtype)
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, dtype)) if bias else None
        self.bias_k = self.bias_v = None
        if add_bias_kv:
            self.bias_k, self.bias_v = (
                Parameter(init.xavier_normal((1, 1, embed_dim), rng=self.rng, dtype=dtype)) for _ in "kv"
            )
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=self.rng, dtype=dtype)
        if self.out_proj.bias is not None:
            self.out_proj.bias.data[...] = 0

    def _weight(self, n_out: int, n_in: int, dtype: DTypeLike) -> Parameter:
        return Parameter(init.xavier_uniform((n_out, n_in), rng=self.rng, dtype=dtype))

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
        *,
        lengths: Any = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend from each query to the keys, and average their values.

        Parameters
        ----------
        query : Tensor or ndarray of shape (t, b, embed_dim), (b, t, embed_dim) if batch_first, or without b
        key : Tensor or ndarray of shape (s, b, kdim), (b, s, kdim) or (s, kdim)
        value : Tensor or ndarray of shape (s, b, vdim), (b, s, vdim) or (s, vdim)
        key_padding_mask : array_like of shape (b, s), optional
            Boolean: True where a key is to be ignored.  Floating: added to the scores; -inf is the same as
            True.
        need_weights : bool, default=True
            Whether the attention weights are wanted.
        attn_mask : array_like of shape (t, s) or (b · num_heads, t, s), optional
            Boolean: True where a query may *not* attend to a key.  Floating: added to the scores; -inf is the
            same as True.
        average_attn_weights : bool, default=True
            Whether the weights are averaged over the heads.
        is_causal : bool, default=False
            Each query attends to the keys up to its own position only.  PyTorch wants the same said by
            attn_mask too.
        lengths : array_like of int, of shape (b,), or () without a batch, optional
            How many of the keys are real, the rest being padding: another way to say
            ``key_padding_mask=~tg.sequence_mask(lengths, s)``.

        Returns
        -------
        output : Tensor of the shape of query
        weights : Tensor of shape (b, t, s), or (b, num_heads, t, s) if not averaged, or None
            The key of add_bias_kv, and then that of add_zero_attn, follow the s given ones.  A query that may
            attend to no key, for there is none or none is allowed, has weights 0, and the bias of out_proj
            for its output; in PyTorch, NaN.
        """
        like, who = self.out_proj.weight, type(self).__name__
        same = query is key and key is value
        query = as_input(query, like, who)
        key, value = (query, query) if same else (as_input(x, like, who) for x in (key, value))
        self._check(query, key, value)
        batched, batch = query.ndim == 3, 0 if self.batch_first else 1
        if not batched:
            query, key, value = (np.expand_dims(x, batch) for x in (query, key, value))
        q, k, v = self._heads(query, key, value, same)  # (b, heads, t or s, d)
        shape = (*q.shape[:-1], k.shape[-2])
        real = None if lengths is None else self._real(lengths, shape, batched)
        allowed, added = self._masks(key_padding_mask, attn_mask, is_causal, real, shape)
        if self.bias_k is not None or self.add_zero_attn:
            k, v = self._with_more(k, self.bias_k), self._with_more(v, self.bias_v)
            allowed, added = (_wider(mask, k.shape[2] - shape[3]) for mask in (allowed, added))
        weights = attention_weights(q, k, allowed, added)  # (b, heads, t, s)
        weights = dropped(weights, self.dropout if self.training else 0.0, rng=self.rng)
        y: Any = self.out_proj(merge_heads(np.matmul(weights, v), self.batch_first))
        y = y if batched else np.squeeze(y, batch)
        if not need_weights:
            return y, None
        shown = np.mean(weights, axis=1) if average_attn_weights else weights
        return y, shown if batched else np.squeeze(shown, 0)

    def _check(self, query: Any, key: Any, value: Any) -> None:
        """Raise unless query, key and value fit together, and their lengths fit the weights."""
        lengths, shapes = (self.embed_dim, self.kdim, self.vdim), (query.shape, key.shape, value.shape)
        axes = "(b, t, {})" if self.batch_first else "(t, b, {})"
        fits = query.ndim == key.ndim == value.ndim and query.ndim in (2, 3)
        fits = fits and tuple(shape[-1] for shape in shapes) == lengths and key.shape[:-1] == value.shape[:-1]
        if fits and query.ndim == 3:
            batch = 0 if self.batch_first else 1
            fits = query.shape[batch] == key.shape[batch]
        if not fits:
            expected = ", ".join(axes.format(n) for n in lengths)
            raise ShapeError(
                f"MultiheadAttention expects query, key and value of shapes {expected}, keys and values "
                f"equally many, or all without b; got {query.shape}, {key.shape}, {value.shape}."
            )

    def _heads(self, query: Any, key: Any, value: Any, same: bool) -> Any:
        """The three projections, split into heads; in one product where one array is projected."""
        if same and self.in_proj_weight is not None:
            projected = linear(query, self.in_proj_weight, self.in_proj_bias)
            return split_heads(projected, 3, self.num_heads, self.batch_first)
        weights: Any = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        biases: list[Any] = [None, None, None]
        if self.in_proj_weight is not None:
            weights = np.split(self.in_proj_weight, 3)
        if self.in_proj_bias is not None:
            biases = np.split(self.in_proj_bias, 3)
        projected = (linear(x, weight, bias) for x, weight, bias in zip((query, key, value), weights, biases))
        return [split_heads(x, 1, self.num_heads, self.batch_first)[0] for x in projected]

    def _with_more(self, x: Any, learned: Any) -> Any:
        """Keys or values (b, heads, s, d), and those that there are for all."""
        b, heads, _, d = x.shape
        parts = [x]
        if learned is not None:
            parts.append(np.broadcast_to(np.reshape(learned, (1, heads, 1, d)), (b, heads, 1, d)))
        if self.add_zero_attn:
            parts.append(np.zeros((b, heads, 1, d), x.dtype))
        return np.concatenate(parts, 2)

    @staticmethod
    def _real(lengths: Any, shape: tuple[int, ...], batched: bool) -> Any:
        """Which keys the lengths allow, (b, 1, 1, s)."""
        with told_as("MultiheadAttention"):
            counts = whole_lengths(lengths, shape[3], shape[:1] if batched else ())
        return np.reshape(sequence_mask(counts, shape[3]), (shape[0], 1, 1, shape[3]))

    def _masks(
        self, key_padding_mask: Any, attn_mask: Any, is_causal: bool, real: Any, shape: tuple[int, ...]
    ) -> tuple[Any, Any]:
        """What is allowed, and what is added to the scores (b, heads, t, s); None for all, and nothing."""
        b, heads, t, s = shape
        allowed: list[Any] = [np.tri(t, s, dtype=bool)] if is_causal else []
        allowed += [] if real is None else [real]
        added: list[Any] = []
        of_keys: dict[tuple[int, ...], tuple[int, ...]] = {(b, s): (b, 1, 1, s)}
        if b == 1:
            of_keys[s,] = (1, 1, 1, s)
        of_scores = {(t, s): (1, 1, t, s), (b * heads, t, s): shape}
        for name, mask, fitting in (
            ("key_padding_mask", key_padding_mask, of_keys),
            ("attn_mask", attn_mask, of_scores),
        ):
            boolean, floating = sorted_mask(mask, f"MultiheadAttention: {name}")
            given = boolean if boolean is not None else floating
            if given is None:
                continue
            if given.shape not in fitting:
                expected = " or ".join(map(str, fitting))
                raise ShapeError(f"MultiheadAttention expects {name} of shape {expected}, got {given.shape}.")
            given = np.reshape(given, fitting[given.shape])
            (allowed if boolean is not None else added).append(~given if boolean is not None else given)
        return reduce(and_, allowed) if allowed else None, reduce(add, added) if added else None

    def extra_repr(self) -> str:
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, batch_first={self.batch_first}"


def _wider(mask: Any, more: int) -> Any:
    """A mask of the scores for some more keys, which are allowed to all and to which nothing is added."""
    if mask is None:
        return None
    shape = (*mask.shape[:-1], more)
    return np.concatenate([mask, np.full(shape, mask.dtype.kind == "b", mask.dtype)], -1)
