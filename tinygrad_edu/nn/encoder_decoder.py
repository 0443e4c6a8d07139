"""The whole transformer: an encoder, and a decoder that attends to what the encoder made."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import names_itself
from ..random import Rng, generator
from ..tensor import Tensor
from . import init
from .decoder import TransformerDecoder, TransformerDecoderLayer
from .layer_norm import LayerNorm
from .module import Module
from .transformer import TransformerEncoder, TransformerEncoderLayer


class Transformer(Module):
    """An encoder of one sequence, and a decoder of another that attends to it; both end with a normalization.

    Embeddings, the encoding of positions and the layer that makes scores are the user's.

    Parameters
    ----------
    d_model, nhead : int, default=512, and 8
    num_encoder_layers, num_decoder_layers : int, default=6
    dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        As of `TransformerDecoderLayer`.
    custom_encoder, custom_decoder : Module, optional
        In the place of those that this makes.
    rng : numpy.random.Generator or int, optional
        Of the initial weights, all matrices by Xavier's uniform initializer, and then of the dropout.
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    encoder : TransformerEncoder
    decoder : TransformerDecoder

    References
    ----------
    A. Vaswani et al. (2017). Attention is all you need. arXiv:1706.03762

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> model = nn.Transformer(8, 2, 1, 1, dim_feedforward=16, batch_first=True, rng=0)
    >>> model(np.ones((3, 7, 8)), np.ones((3, 5, 8)), tgt_is_causal=True, src_lengths=[7, 4, 2]).shape
    (3, 5, 8)
    """

    @names_itself
    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Any] = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        rng = generator(rng)
        shared = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps)
        settings: dict[str, Any] = {"batch_first": batch_first, "norm_first": norm_first, "bias": bias}
        settings["dtype"] = dtype
        norms = [LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype) for _ in range(2)]
        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*shared, **settings, rng=rng), num_encoder_layers, norms[0]
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*shared, **settings, rng=rng), num_decoder_layers, norms[1]
        )
        for parameter in self.parameters():
            if parameter.ndim > 1:
                parameter.data[...] = init.xavier_uniform(parameter.shape, rng=rng, dtype=dtype)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool = False,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
        *,
        src_lengths: Any = None,
        tgt_lengths: Any = None,
    ) -> Tensor:
        """Map src (s, b, d_model) and tgt (t, b, d_model) to the shape of tgt.

        Masks are those of `TransformerEncoder` and `TransformerDecoder`; so are lengths, of which those of
        src are the memory's too.
        """
        of_src = {} if src_lengths is None else {"lengths": src_lengths}
        of_tgt = {} if tgt_lengths is None else {"lengths": tgt_lengths}
        of_memory = {f"memory_{name}": lengths for name, lengths in of_src.items()}
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal, **of_src)
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return self.decoder(tgt, memory, *masks, tgt_is_causal, memory_is_causal, **of_tgt, **of_memory)
