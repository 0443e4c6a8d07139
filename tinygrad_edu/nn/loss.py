"""Losses as modules: each holds the settings of the function that it calls, which says what it computes."""

from collections.abc import Callable
from inspect import Parameter, Signature
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform, overload

import numpy as np

from ..arrays import plain
from ..ops.losses.classes import by_number
from ..ops.losses.divergence import binary_cross_entropy, binary_cross_entropy_with_logits, kl_div
from ..ops.losses.labels import nll_loss, softmax_cross_entropy
from ..ops.losses.likelihood import gaussian_nll_loss, poisson_nll_loss
from ..ops.losses.margin import (
    hinge_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    soft_margin_loss,
)
from ..ops.losses.pairs import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    triplet_margin_loss,
)
from ..ops.losses.regression import half_squared_error, huber_loss, l1_loss, mse_loss, smooth_l1_loss
from ..tensor import Tensor
from .function import SELF, FunctionModule
from .parameter import Buffer
from .sizes import listed

WEIGHTS = ("weight", "pos_weight")


@dataclass_transform(eq_default=False, kw_only_default=True)
class Loss(FunctionModule, kw_only=True):
    """Base of losses: the settings of the function are attributes, and the repr shows them.

    Constant weights are buffers: part of the `state_dict`, as in PyTorch, and not learned.
    """

    reduction: str = "mean"

    def __new__(cls, *settings: Any, **named: Any) -> Self:
        if len(settings) > 1 and any(isinstance(value, (Tensor, np.ndarray)) for value in settings):
            raise TypeError(
                f"{cls.__name__} is made of settings, and called with arrays: "
                f"nn.{cls.__name__}()(prediction, target)."
            )
        return super().__new__(cls)

    def __init_subclass__(cls, *, function: Callable[..., Any] | None = None, kw_only: bool = True) -> None:
        super().__init_subclass__(function=function)
        if function is not None:
            first = [name for name in ("reduction", *WEIGHTS) if name in cls._settings]  # in the repr
            cls._settings = tuple(dict.fromkeys([*first, *cls._settings]))
            cls.forward = caller(function, cls._arrays, cls._settings)  # type: ignore[method-assign]

    def _set_up(self, settings: dict[str, Any]) -> None:
        """Take on the settings, if the function may be called with them."""
        self._function.check_settings(settings)
        for name in self._settings:
            value = settings[name]
            if name in WEIGHTS and value is not None:
                value = Buffer(plain(by_number(value), name).astype(float))
            setattr(self, name, value)

    if TYPE_CHECKING:

        @overload
        def __call__(self, prediction: Tensor, *others: Any, **named: Any) -> Tensor: ...

        @overload
        def __call__(self, *arrays: Any, **named: Any) -> Any: ...

        def __call__(self, *arrays: Any, **named: Any) -> Any: ...

    def extra_repr(self) -> str:
        shown = {name: getattr(self, name) for name in self._settings}
        shown |= {name: shown[name].tolist() for name in WEIGHTS if shown.get(name) is not None}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items() if value is not None)


def caller(
    function: Callable[..., Any], arrays: tuple[Parameter, ...], settings: tuple[str, ...]
) -> Callable[..., Any]:
    """The ``forward`` of a loss: its function, called with its settings."""

    first, *more = settings
    # An itemgetter of several keys returns a tuple, faster than a comprehension: so one key comes twice.
    values_of = itemgetter(first, *more, first)

    def forward(self: Loss, *values: Any, **named: Any) -> Any:
        held = dict(zip(settings, values_of(self.__dict__)))
        return function(*values, **held, **named) if named else function(*values, **held)

    forward.__doc__ = (
        f"The `{function.__name__}` of {listed(p.name for p in arrays)}, with the settings of this loss."
    )
    forward.__signature__ = Signature([SELF, *arrays])  # type: ignore[attr-defined]
    return forward


class WeightedLoss(Loss, kw_only=False):
    """Base of losses with constant weights that may be given by position."""

    _by_position: ClassVar[frozenset[str]] = frozenset(["weight"])

    weight: Any = None


# ---- of class scores ---------------------------------------------------------------------------------------


class CrossEntropyLoss(WeightedLoss, function=softmax_cross_entropy):
    """Softmax cross-entropy of logits and labels, or soft rows; see `tinygrad_edu.softmax_cross_entropy`.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    >>> round(float(loss(np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), [0, 2])), 6)
    0.803109
    """

    axis: int = -1
    label_smoothing: float = 0.0
    ignore_index: int | None = -100


class NLLLoss(WeightedLoss, function=nll_loss):
    """Negative log-likelihood of class labels, from log-probabilities; see `tinygrad_edu.nll_loss`."""

    axis: int = -1
    ignore_index: int | None = -100


class MultiMarginLoss(Loss, function=multi_margin_loss):
    """Hinge loss of several classes; see `tinygrad_edu.multi_margin_loss`."""

    p: int = 1
    margin: float = 1.0
    weight: Any = None
    axis: int = -1


class MultiLabelMarginLoss(Loss, function=multilabel_margin_loss):
    """Hinge loss of several right classes; see `tinygrad_edu.multilabel_margin_loss`."""


class MultiLabelSoftMarginLoss(WeightedLoss, function=multilabel_soft_margin_loss):
    """Mean logistic loss of classes, each right or wrong; see `tinygrad_edu.multilabel_soft_margin_loss`."""


# ---- between probabilities ---------------------------------------------------------------------------------


class BCELoss(WeightedLoss, function=binary_cross_entropy):
    """Cross-entropy of probabilities of one of two classes; see `tinygrad_edu.binary_cross_entropy`."""


class BCEWithLogitsLoss(WeightedLoss, function=binary_cross_entropy_with_logits):
    """Cross-entropy of the sigmoid of logits; see `tinygrad_edu.binary_cross_entropy_with_logits`."""

    pos_weight: Any = None


class KLDivLoss(Loss, function=kl_div):
    """Kullback-Leibler divergence of log-probabilities from a target; see `tinygrad_edu.kl_div`."""

    log_target: bool = False


class PoissonNLLLoss(Loss, function=poisson_nll_loss):
    """Negative log-likelihood of counts; see `tinygrad_edu.poisson_nll_loss`."""

    log_input: bool = True
    full: bool = False
    eps: float = 1e-8


class GaussianNLLLoss(Loss, function=gaussian_nll_loss):
    """Negative log-likelihood of numbers, by mean and variance; see `tinygrad_edu.gaussian_nll_loss`."""

    full: bool = False
    eps: float = 1e-6


# ---- of errors ---------------------------------------------------------------------------------------------


class MSELoss(Loss, function=mse_loss):
    """Mean squared error; see `tinygrad_edu.mse_loss`."""


class HalfSquaredErrorLoss(Loss, function=half_squared_error):
    """Half the sum of squared errors; see `tinygrad_edu.half_squared_error`."""

    reduction: str = "sum"


class L1Loss(Loss, function=l1_loss):
    """Mean absolute error; see `tinygrad_edu.l1_loss`."""


class HuberLoss(Loss, function=huber_loss):
    """Squared near 0, linear beyond delta; see `tinygrad_edu.huber_loss`."""

    delta: float = 1.0


class SmoothL1Loss(Loss, function=smooth_l1_loss):
    """Huber's loss divided by its beta; see `tinygrad_edu.smooth_l1_loss`."""

    beta: float = 1.0


# ---- with a margin -----------------------------------------------------------------------------------------


class HingeLoss(Loss, function=hinge_loss):
    """Hinge loss of scores against signs, or its square; see `tinygrad_edu.hinge_loss`."""

    margin: float = 1.0
    squared: bool = False


class SoftMarginLoss(Loss, function=soft_margin_loss):
    """Logistic loss of scores against signs; see `tinygrad_edu.soft_margin_loss`."""


class HingeEmbeddingLoss(Loss, function=hinge_embedding_loss):
    """Loss of distances of pairs that belong together, or not; see `tinygrad_edu.hinge_embedding_loss`."""

    margin: float = 1.0


class MarginRankingLoss(Loss, function=margin_ranking_loss):
    """Loss of pairs of scores, one of which is to be higher; see `tinygrad_edu.margin_ranking_loss`."""

    margin: float = 0.0


class CosineEmbeddingLoss(Loss, function=cosine_embedding_loss):
    """Loss of pairs of vectors that are to agree, or not; see `tinygrad_edu.cosine_embedding_loss`."""

    margin: float = 0.0


class TripletMarginLoss(Loss, function=triplet_margin_loss):
    """An anchor is to be nearer to a positive than to a negative; see `tinygrad_edu.triplet_margin_loss`."""

    margin: float = 1.0
    p: float = 2.0
    eps: float = 1e-6
    swap: bool = False
