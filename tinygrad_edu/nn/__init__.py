"""Networks: modules, layers, containers, losses and initializers, with PyTorch's names."""

# fmt: off
# isort: off
from typing import Any

from . import init
from .activation import (
    CELU, ELU, GELU, SELU, Arctan, Gaussian, Hardsigmoid, Hardswish, Hardtanh, Heaviside, Identity,
    LeakyReLU, LogSoftmax, Maxout, Mish, PReLU, ReLU, ReLU6, Sigmoid, SiLU, Softmax, Softplus, Softsign,
    Tanh,
)
from .attention import MultiheadAttention
from .bilinear import Bilinear
from .cell import GRUCell, LSTMCell, RNNCell
from .container import ModuleDict, ModuleList, Residual, Sequential
from .convolution import Conv1d, Conv2d, ConvTranspose2d
from .dead import dead_units
from .dropout import Dropout
from .embedding import Embedding
from .flatten import Flatten
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
from .parameter import Buffer, Parameter
from .pooling import AdaptiveAvgPool1d, AdaptiveAvgPool2d, AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d
from .recurrent import GRU, LSTM, RNN
from .summary import summary
from .transformer import TransformerEncoder, TransformerEncoderLayer

__all__ = [
    "CELU", "ELU", "GELU", "GRU", "LSTM", "RNN", "SELU", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d",
    "Arctan", "AvgPool1d", "AvgPool2d", "BCELoss", "BCEWithLogitsLoss", "BatchNorm1d", "BatchNorm2d",
    "Bilinear", "Buffer", "Conv1d", "Conv2d", "ConvTranspose2d", "CosineEmbeddingLoss",
    "CrossEntropyLoss", "Dropout", "Embedding", "Flatten", "GRUCell", "Gaussian", "GaussianNLLLoss",
    "GroupNorm", "HalfSquaredErrorLoss", "Hardsigmoid", "Hardswish", "Hardtanh", "Heaviside",
    "HingeEmbeddingLoss", "HingeLoss", "HuberLoss", "Identity", "KLDivLoss", "L1Loss", "LSTMCell",
    "LayerNorm", "LeakyReLU", "Linear", "LogSoftmax", "MSELoss", "MarginRankingLoss", "MaxPool1d",
    "MaxPool2d", "Maxout", "Mish", "Module", "ModuleDict", "ModuleList", "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss", "MultiMarginLoss", "MultiheadAttention", "NLLLoss", "PReLU",
    "Parameter", "PoissonNLLLoss", "RMSNorm", "RNNCell", "ReLU", "ReLU6", "Residual", "Sequential",
    "SiLU", "Sigmoid", "SmoothL1Loss", "SoftMarginLoss", "Softmax", "Softplus", "Softsign", "Tanh",
    "TransformerEncoder", "TransformerEncoderLayer", "TripletMarginLoss", "dead_units", "init",
    "summary",
]
# fmt: on


def __getattr__(name: str) -> Any:
    """An error that says what stands here for a name that other frameworks have."""
    from .names import missing

    raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{missing(name, __all__)}", name=name)
