"""The decoder of a transformer: its layers attend to themselves, and then to what an encoder made."""

from typing import Any

from ..errors import names_itself
from ..tensor import Tensor
from .module import Module
from .parameter import as_input
from .transformer import TransformerLayer, copies


class TransformerDecoderLayer(TransformerLayer):
    """Self-attention, attention to a memory, then a network of two layers at each position, as in an encoder.

    With norm_first=False, as published::

        x = norm1(x + self_attn(x, x, x))
        x = norm2(x + multihead_attn(x, memory, memory))
        x = norm3(x + linear2(activation(linear1(x))))

    With norm_first=True each is normalized before and not after: x = x + self_attn(norm1(x)), and so on; the
    memory is normalized by the encoder then.

    Parameters
    ----------
    d_model : int
        The length of each position's vector, a multiple of nhead; that of the memory too.
    nhead : int
        The heads of both attentions.
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

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> layer = nn.TransformerDecoderLayer(8, nhead=2, dim_feedforward=16, rng=0)
    >>> layer(np.ones((5, 3, 8)), memory=np.ones((7, 3, 8)), tgt_is_causal=True).shape
    (5, 3, 8)
    """

    attentions = ("self_attn", "multihead_attn")

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
        *,
        lengths: Any = None,
        memory_lengths: Any = None,
    ) -> Tensor:
        """Map tgt to the same shape, by what it holds itself and by the memory.

        Parameters
        ----------
        tgt : Tensor or ndarray of shape (t, b, d_model), (b, t, d_model) if batch_first, or without b
        memory : Tensor or ndarray of shape (s, b, d_model), (b, s, d_model) or (s, d_model)
            What an encoder returned.
        tgt_mask, memory_mask : array_like of shape (t, t), and (t, s), or with one for each head, optional
            Which positions of tgt, and of the memory, each position may not attend to; see ``attn_mask`` of
            `MultiheadAttention`, as for all that follow.
        tgt_key_padding_mask, memory_key_padding_mask : array_like of shape (b, t), and (b, s), optional
        tgt_is_causal, memory_is_causal : bool, default=False
            Each position attends to those up to its own only.  PyTorch wants the same said by a mask too.
        lengths, memory_lengths : array_like of int, of shape (b,), optional
            How many positions of tgt, and of the memory, are real.

        Returns
        -------
        Tensor of the shape of tgt
        """
        x, memory = (as_input(y, self.linear1.weight, "TransformerDecoderLayer") for y in (tgt, memory))
        own = {"attn_mask": tgt_mask, "key_padding_mask": tgt_key_padding_mask}
        others = {"attn_mask": memory_mask, "key_padding_mask": memory_key_padding_mask}
        x = self._attended(1, x, None, {**own, "is_causal": tgt_is_causal, "lengths": lengths})
        x = self._attended(2, x, memory, {**others, "is_causal": memory_is_causal, "lengths": memory_lengths})
        return self._transformed(x)


class TransformerDecoder(Module):
    """Decoder layers, one after the other, which all attend to the same memory.

    Parameters
    ----------
    decoder_layer : TransformerDecoderLayer
        The layers are deep copies of it: they start with equal weights, as in PyTorch, and draw their dropout
        apart.
    num_layers : int
    norm : Module, optional
        Applied at the end; a good idea with norm_first=True.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> layer = nn.TransformerDecoderLayer(8, nhead=2, dim_feedforward=16)
    >>> decoder = nn.TransformerDecoder(layer, num_layers=2)
    >>> decoder(np.ones((5, 3, 8)), memory=np.ones((7, 3, 8))).shape
    (5, 3, 8)
    """

    @names_itself
    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        self.layers, self.norm = copies(decoder_layer, num_layers, "decoder_layer"), norm

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
        *,
        lengths: Any = None,
        memory_lengths: Any = None,
    ) -> Tensor:
        """Map tgt to the same shape, with the arguments of `TransformerDecoderLayer.forward`."""
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        given = {"lengths": lengths, "memory_lengths": memory_lengths}
        given = {name: value for name, value in given.items() if value is not None}
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, tgt_is_causal, memory_is_causal, **given)
        return tgt if self.norm is None else self.norm(tgt)
