"""The functions of arrays that users call, which `ops` defines; their types are in the stub beside this file.

Type checkers read `functions.pyi`, where each has one signature for tensors and one for plain arrays.
"""

# fmt: off
# isort: off
from .ops.activation import (
    celu, elu, gaussian, gelu, hardsigmoid, hardswish, hardtanh, leaky_relu, log_softmax, logsumexp,
    maxout, mish, prelu, relu, relu6, selu, sigmoid, silu, softmax, softplus, softsign,
)
from .ops.adaptive import adaptive_avg_pool1d, adaptive_avg_pool2d
from .ops.attention import masked_softmax, positional_encoding, scaled_dot_product_attention
from .ops.bilinear import bilinear
from .ops.contraction import linear
from .ops.convolution import conv1d, conv2d
from .ops.dropout import dropout
from .ops.embedding import embedding
from .ops.erf import erf, erfc
from .ops.losses.divergence import binary_cross_entropy, binary_cross_entropy_with_logits, kl_div
from .ops.losses.labels import nll_loss, softmax_cross_entropy
from .ops.losses.margin import hinge_loss, multi_margin_loss
from .ops.losses.pairs import cosine_embedding_loss, triplet_margin_loss
from .ops.losses.regression import half_squared_error, huber_loss, l1_loss, mse_loss, smooth_l1_loss
from .ops.normalization import group_norm, layer_norm, rms_norm
from .ops.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from .ops.transposed import conv_transpose2d

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "avg_pool1d", "avg_pool2d", "bilinear",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu", "conv1d", "conv2d",
    "conv_transpose2d", "cosine_embedding_loss", "dropout", "elu", "embedding", "erf", "erfc", "gaussian",
    "gelu", "group_norm", "half_squared_error", "hardsigmoid", "hardswish", "hardtanh", "hinge_loss",
    "huber_loss", "kl_div", "l1_loss", "layer_norm", "leaky_relu", "linear", "log_softmax", "logsumexp",
    "masked_softmax", "max_pool1d", "max_pool2d", "maxout", "mish", "mse_loss", "multi_margin_loss",
    "nll_loss", "positional_encoding", "prelu", "relu", "relu6", "rms_norm",
    "scaled_dot_product_attention", "selu", "sigmoid", "silu", "smooth_l1_loss", "softmax",
    "softmax_cross_entropy", "softplus", "softsign", "triplet_margin_loss",
]
# isort: on
# fmt: on
