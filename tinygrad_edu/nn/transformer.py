"""The encoder of a transformer: layers of self-attention and a small network, each beside the identity."""

import copy
from collections.abc import Callable
from typing import Any, ClassVar

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


class TransformerLayer(Module):
    """What the layers of encoders and decoders share: attentions, and a small network at each position.

    Attributes
    ----------
    attentions : tuple of str
        Their names, of the class.  The k-th of them, or the network at last, has norm k and dropout k.
    """

    attentions: ClassVar[tuple[str, ...]]

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
        rng, parts = generator(rng), range(1, len(self.attentions) + 2)
        for name in self.attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, rng=rng, dtype=dtype
            )
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng, dtype=dtype)
        for k in parts:
            setattr(self, f"norm{k}", LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype))
        for k in parts:
            setattr(self, f"dropout{k}", Dropout(dropout, rng=rng))
        self.norm_first = norm_first
        self.activation = activation if callable(activation) else ACTIVATIONS[activation]

    def _attended(self, k: int, x: Any, others: Any, masks: dict[str, Any]) -> Any:
        """x after the k-th attention, to others or, if they are None, to itself."""
        attention = getattr(self, self.attentions[k - 1])

        def attend(y: Any) -> Any:
            keys = y if others is None else others
            return attention(y, keys, keys, need_weights=False, **masks)[0]

        return self._added(k, x, attend)

    def _transformed(self, x: Any) -> Any:
        """x after the network at each position."""
        return self._added(
            len(self.attentions) + 1,
            x,
            lambda y: self.linear2(self.dropout(self.activation(self.linear1(y)))),
        )

    def _added(self, k: int, x: Any, branch: Callable[[Any], Any]) -> Any:
        """x plus what a branch makes of it, normalized before the branch or at last."""
        norm, dropout = getattr(self, f"norm{k}"), getattr(self, f"dropout{k}")
        return x + dropout(branch(norm(x))) if self.norm_first else norm(x + dropout(branch(x)))


def copies(layer: Module, num_layers: int, name: str) -> ModuleList:
    """Deep copies of a layer, given under a name, that draw their random numbers apart."""
    check_sizes(num_layers=num_layers)
    if not isinstance(layer, Module):
        such = f"Transformer{name.title().replace('_', '')}(8, 2)"
        raise ArgumentError(f"{name} is a layer, such as {such}; got {layer!r}.")
    layers = ModuleList([copy.deepcopy(layer) for _ in range(num_layers)])
    for one in layers:
        for module, original in zip(one.modules(), layer.modules()):
            if isinstance(rng := getattr(original, "rng", None), np.random.Generator):
                module.rng = np.random.default_rng(rng.integers(1 << 63))
    return layers


class TransformerEncoderLayer(TransformerLayer):
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

    attentions = ("self_attn",)

    def forward(
        self,
        src: Any,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
        *,
        lengths: Any = None,
    ) -> Tensor:
        """Map src of shape (t, b, d_model) to the same; masks and lengths are `MultiheadAttention`'s."""
        x = as_input(src, self.linear1.weight, "TransformerEncoderLayer")
        masks = {"key_padding_mask": src_key_padding_mask, "attn_mask": src_mask}
        x = self._attended(1, x, None, {**masks, "is_causal": is_causal, "lengths": lengths})
        return self._transformed(x)


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
        self.layers, self.norm = copies(encoder_layer, num_layers, "encoder_layer"), norm

    def forward(
        self,
        src: Any,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
        *,
        lengths: Any = None,
    ) -> Tensor:
        """Map src of shape (t, b, d_model) to the same; masks and lengths are `MultiheadAttention`'s."""
        given = {} if lengths is None else {"lengths": lengths}
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, is_causal, **given)
        return src if self.norm is None else self.norm(src)
