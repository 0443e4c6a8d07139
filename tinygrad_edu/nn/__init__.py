"""Networks: modules, layers, containers, losses and initializers, with PyTorch's names."""

from . import init
from .activation import ELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Softplus, Tanh
from .container import ModuleDict, ModuleList, Residual, Sequential
from .dropout import Dropout
from .linear import Linear
from .loss import CrossEntropyLoss
from .module import Buffer, Module, Parameter
from .summary import summary

__all__ = [
    "ELU",
    "Buffer",
    "CrossEntropyLoss",
    "Dropout",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ReLU",
    "Residual",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "init",
    "summary",
]
