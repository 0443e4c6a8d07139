"""Optimizers, from SGD to Adam and its kin, Lion, Muon and L-BFGS; clipping; schedules."""

from ..hints import missing_from
from . import schedule
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .clip import clip_grad_norm, clip_grad_value
from .elementwise import Elementwise
from .group import Group
from .lbfgs import LBFGS
from .lion import Lion
from .muon import Muon
from .nadam import NAdam
from .optimizer import Optimizer
from .plateau import ReduceOnPlateau
from .radam import RAdam
from .rmsprop import RMSprop
from .sgd import SGD

# fmt: off
__all__ = [
    "LBFGS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Elementwise", "Group", "Lion",
    "Muon", "NAdam", "Optimizer", "RAdam", "RMSprop", "ReduceOnPlateau", "clip_grad_norm",
    "clip_grad_value", "schedule",
]
# fmt: on

__getattr__ = missing_from(__name__)
