"""Networks: modules, layers, containers, losses and initializers, with PyTorch's names."""

# fmt: off
# isort: off
from typing import Any

from . import init
from .activation import (
    CELU, ELU, GELU, GLU, SELU, Arctan, Gaussian, Hardsigmoid, Hardswish, Hardtanh, Heaviside, Identity,
    LeakyReLU, LogSigmoid, LogSoftmax, Maxout, Mish, PReLU, ReLU, ReLU6, Sigmoid, SiLU, Softmax, Softmax2d,
    Softmin, Softplus, Softsign, Tanh,
)
from .attention import MultiheadAttention
from .bilinear import Bilinear
from .cell import GRUCell, LSTMCell, RNNCell
from .container import ModuleDict, ModuleList, Residual, Sequential
from .convolution import Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d
from .dead import dead_units
from .decoder import TransformerDecoder, TransformerDecoderLayer
from .dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d
from .embedding import Embedding
from .encoder_decoder import Transformer
from .flatten import Flatten, Unflatten
from .instance_norm import InstanceNorm1d, InstanceNorm2d
from .layer_norm import GroupNorm, LayerNorm, RMSNorm
from .linear import Linear
from .loss import (
    BCELoss, BCEWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, GaussianNLLLoss,
    HalfSquaredErrorLoss, HingeEmbeddingLoss, HingeLoss, HuberLoss, KLDivLoss, L1Loss, MSELoss,
    MarginRankingLoss, MultiLabelMarginLoss, MultiLabelSoftMarginLoss, MultiMarginLoss, NLLLoss,
    PoissonNLLLoss, SmoothL1Loss, SoftMarginLoss, TripletMarginLoss,
)
from .module import Module
from .normalization import BatchNorm1d, BatchNorm2d
from .padding import (
    CircularPad1d, CircularPad2d, ConstantPad1d, ConstantPad2d, ReflectionPad1d, ReflectionPad2d,
    ReplicationPad1d, ReplicationPad2d, ZeroPad1d, ZeroPad2d,
)
from .parameter import Buffer, Parameter
from .pooling import (
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d, AvgPool2d,
    LPPool1d, LPPool2d, MaxPool1d, MaxPool2d,
)
from .recurrent import GRU, LSTM, RNN
from .resize import PixelShuffle, PixelUnshuffle, Upsample
from .shrinkage import Hardshrink, RReLU, Softshrink, Tanhshrink, Threshold
from .similarity import CosineSimilarity, PairwiseDistance
from .stored import store
from .summary import summary
from .transformer import TransformerEncoder, TransformerEncoderLayer
from .unfolding import Fold, Unfold

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "GRU", "LSTM", "RNN", "SELU", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AlphaDropout", "Arctan", "AvgPool1d", "AvgPool2d",
    "BCELoss", "BCEWithLogitsLoss", "BatchNorm1d", "BatchNorm2d", "Bilinear", "Buffer", "CircularPad1d",
    "CircularPad2d", "ConstantPad1d", "ConstantPad2d", "Conv1d", "Conv2d", "ConvTranspose1d",
    "ConvTranspose2d", "CosineEmbeddingLoss", "CosineSimilarity", "CrossEntropyLoss", "Dropout",
    "Dropout1d", "Dropout2d", "Embedding", "Flatten", "Fold", "GRUCell", "Gaussian", "GaussianNLLLoss",
    "GroupNorm", "HalfSquaredErrorLoss", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
    "Heaviside", "HingeEmbeddingLoss", "HingeLoss", "HuberLoss", "Identity", "InstanceNorm1d",
    "InstanceNorm2d", "KLDivLoss", "L1Loss", "LPPool1d", "LPPool2d", "LSTMCell", "LayerNorm", "LeakyReLU",
    "Linear", "LogSigmoid", "LogSoftmax", "MSELoss", "MarginRankingLoss", "MaxPool1d", "MaxPool2d",
    "Maxout", "Mish", "Module", "ModuleDict", "ModuleList", "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss", "MultiMarginLoss", "MultiheadAttention", "NLLLoss", "PReLU",
    "PairwiseDistance", "Parameter", "PixelShuffle", "PixelUnshuffle", "PoissonNLLLoss", "RMSNorm",
    "RNNCell", "RReLU", "ReLU", "ReLU6", "ReflectionPad1d", "ReflectionPad2d", "ReplicationPad1d",
    "ReplicationPad2d", "Residual", "Sequential", "SiLU", "Sigmoid", "SmoothL1Loss", "SoftMarginLoss",
    "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink",
    "Threshold", "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder",
    "TransformerEncoderLayer", "TripletMarginLoss", "Unflatten", "Unfold", "Upsample", "ZeroPad1d",
    "ZeroPad2d", "dead_units", "init", "store", "summary",
]
# fmt: on


def __getattr__(name: str) -> Any:
    """An error that says what stands here for a name that other frameworks have."""
    from .names import missing

    raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{missing(name, __all__)}", name=name)
