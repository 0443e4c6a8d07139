"""The encoder of a transformer: layers of self-attention and a small network, each beside the identity."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, names_itself
from ..ops.activation import gelu, relu
from ..random import Rng, generator
from ..tensor import Tensor
from .attention import MultiheadAttention
from .container import ModuleList
from .dropout import Dropout
from .layer_norm import LayerNorm
from .linear import Linear
from .module import Module
from .parameter import as_input
from .sizes import check_sizes

ACTIVATIONS: dict[str, Callable[..., Any]] = {"relu": relu, "gelu": gelu}


class TransformerEncoderLayer(Module):
    """Self-attention, then a network of two layers at each position, each added to its input and normalized.

    With norm_first=False, as published: x = norm1(x + attention(x)), then x = norm2(x +
    linear2(activation(linear1(x)))). With norm_first=True each is normalized before and not after: x = x +
    attention(norm1(x)), and so on; it trains without a warm-up of the learning rate.

    Parameters
    ----------
    d_model : int
        The length of each position's vector, a multiple of nhead.
    nhead : int
        The heads of the attention.
    dim_feedforward : int, default=2048
        The length of the network's hidden layer.
    dropout : float in [0, 1], default=0.1
        Of attention weights, of the hidden layer, and of what is added to x.
    activation : {"relu", "gelu"} or callable, default="relu"
    layer_norm_eps : float, default=1e-5
    batch_first : bool, default=False
        Whether arrays are (b, t, d_model) and not (t, b, d_model).
    norm_first : bool, default=False
    bias : bool, default=True
        Whether linear layers and normalizations have biases.
    rng : numpy.random.Generator or int, optional
        Of the initial weights, and then of the dropout.
    dtype : dtype, default=numpy.float32

    References
    ----------
    A. Vaswani et al. (2017). Attention is all you need. arXiv:1706.03762
    R. Xiong et al. (2020). On layer normalization in the transformer architecture. arXiv:2002.04745

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> layer = nn.TransformerEncoderLayer(8, nhead=2, dim_feedforward=16, rng=0)
    >>> layer(np.ones((5, 3, 8))).shape
    (5, 3, 8)
    """

    @names_itself
    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Any] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if not callable(activation) and activation not in ACTIVATIONS:
            raise ArgumentError(
                f"activation is one of {', '.join(ACTIVATIONS)}, or a callable; got {activation!r}."
            )
        rng = generator(rng)
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, rng=rng, dtype=dtype
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng, dtype=dtype)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1, self.dropout2 = Dropout(dropout, rng=rng), Dropout(dropout, rng=rng)
        self.norm_first = norm_first
        self.activation = activation if callable(activation) else ACTIVATIONS[activation]

    def forward(
        self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        """Map src of shape (t, b, d_model) to the same; the masks are those of `MultiheadAttention`."""
        x = as_input(src, self.linear1.weight, "TransformerEncoderLayer")
        masks = {"key_padding_mask": src_key_padding_mask, "attn_mask": src_mask, "is_causal": is_causal}
        if self.norm_first:
            x = x + self._attend(self.norm1(x), masks)
            return x + self._transform(self.norm2(x))
        x = self.norm1(x + self._attend(x, masks))
        return self.norm2(x + self._transform(x))

    def _attend(self, x: Any, masks: dict[str, Any]) -> Any:
        return self.dropout1(self.self_attn(x, x, x, need_weights=False, **masks)[0])

    def _transform(self, x: Any) -> Any:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerEncoder(Module):
    """Encoder layers, one after the other.

    Parameters
    ----------
    encoder_layer : TransformerEncoderLayer
        The layers are deep copies of it: they start with equal weights, as in PyTorch, and draw their dropout
        apart.
    num_layers : int
    norm : Module, optional
        Applied at the end; a good idea with norm_first=True.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> layer = nn.TransformerEncoderLayer(8, nhead=2, dim_feedforward=16)
    >>> encoder = nn.TransformerEncoder(layer, num_layers=2)
    >>> encoder(np.ones((5, 3, 8))).shape
    (5, 3, 8)
    """

    @names_itself
    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        check_sizes(num_layers=num_layers)
        if not isinstance(encoder_layer, Module):
            raise ArgumentError(
                f"encoder_layer is a layer, such as TransformerEncoderLayer(8, 2); got {encoder_layer!r}."
            )
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.norm = norm
        for layer in self.layers:
            for module, original in zip(layer.modules(), encoder_layer.modules()):
                if isinstance(rng := getattr(original, "rng", None), np.random.Generator):
                    module.rng = np.random.default_rng(rng.integers(1 << 63))

    def forward(
        self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        """Map src of shape (t, b, d_model) to the same; the masks are those of `MultiheadAttention`."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, is_causal)
        return src if self.norm is None else self.norm(src)
