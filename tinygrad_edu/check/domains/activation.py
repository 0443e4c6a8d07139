"""Domains of activations, and of the error function that one of them needs."""

import math
from typing import Any

import numpy as np

from ...ops import activation, erf, exponential, shrinkage, smooth, softmax
from ..strategies import Draw, arrays, axes, numbers, shapes
from .domain import Call, Domains, call, case, choice, unary

erf_by_hand, erfc_by_hand = (np.vectorize(function, otypes=[float]) for function in (math.erf, math.erfc))


def softmax_by_hand(x: Any, axis: Any = -1) -> Any:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def normal_by_hand(x: Any) -> Any:
    return erfc_by_hand(-x / math.sqrt(2)) / 2


def gelu_tanh_by_hand(x: Any) -> Any:
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_tanh_slope_by_hand(x: Any) -> Any:
    t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x / 2 * (1 - t**2) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)


def mish_slope_by_hand(x: Any) -> Any:
    t = np.tanh(np.log1p(np.exp(x)))
    return t + x * (1 - t**2) / (1 + np.exp(-x))


def to_be_bent(d: Draw) -> Call:
    """An array, how sharp the bend is, and maybe where it ends, 1 being no element of the array."""
    beta = d(choice(1.0, 0.5, 3.0))
    return call(d(arrays(away_from=(1,))), beta, d(choice(None, beta)))


def softplus_by_hand(x: Any, beta: float, threshold: float | None) -> Any:
    y = np.log(1 + np.exp(beta * x)) / beta
    return y if threshold is None else np.where(beta * x > threshold, x, y)


def softplus_slope_by_hand(x: Any, beta: float, threshold: float | None) -> Any:
    slope = 1 / (1 + np.exp(-beta * x))
    return slope if threshold is None else np.where(beta * x > threshold, 1, slope)


# fmt: off
DOMAINS: Domains = {
    activation.relu:       unary(-3, 3, 0, reference=lambda x: np.where(x > 0, x, 0)),
    activation.leaky_relu: case(lambda d: call(x := d(arrays(away_from=(0,))), d(numbers(0, 1) | arrays(x.shape[-1:], low=0, high=1))),
                                reference=lambda x, slope: np.where(x > 0, x, slope * x)),
    exponential.elu:       case(lambda d: call(d(arrays(away_from=(0,))), d(numbers(0, 2))),
                                reference=lambda x, alpha: np.where(x > 0, x, alpha * (np.exp(x) - 1))),
    exponential.selu:      unary(-3, 3, 0, reference=lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
    exponential.celu:      case(lambda d: call(d(arrays(away_from=(0,))), d(numbers(1 / 4, 2))),
                                reference=lambda x, alpha: np.where(x > 0, x, alpha * (np.exp(x / alpha) - 1))),
    exponential.exp_of_negative: unary(-3, 3, 0, reference=lambda x: np.exp(np.minimum(x, 0))),
    exponential.selu_slope: unary(-3, 3, 0, reference=lambda x: 1.0507009873554805 * np.where(x > 0, -1, 1.6732632423543772 * np.exp(x))),
    exponential.celu_slope: case(lambda d: call(d(arrays(away_from=(0,))), d(numbers(1 / 4, 2))),
                                 reference=lambda x, alpha: np.exp(np.minimum(x, 0) / alpha)),
    activation.hardsigmoid: unary(-5, 5, -3, 3, reference=lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    activation.thirds:      unary(-5, 5, -3, 3, reference=lambda x: np.clip(x / 3, -1, 1)),
    activation.hardswish:   unary(-5, 5, -3, 3, reference=lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    shrinkage.hardshrink:   case(lambda d: call(d(arrays(away_from=(-0.5, 0.5))), 0.5), reference=lambda x, lambd: x * (np.abs(x) > lambd)),
    shrinkage.threshold:    case(lambda d: call(d(arrays(away_from=(0.25,))), 0.25, d(numbers(-2, 2))),
                                 reference=lambda x, threshold, value: np.where(x > threshold, x, value)),
    smooth.sigmoid:        unary(reference=lambda x: 1 / (1 + np.exp(-x))),
    smooth.silu:           unary(reference=lambda x: x / (1 + np.exp(-x))),
    smooth.softplus:       case(to_be_bent, reference=softplus_by_hand),
    smooth.softplus_slope: case(to_be_bent, reference=softplus_slope_by_hand),
    smooth.softsign:       unary(-3, 3, 0, reference=lambda x: x / (1 + np.abs(x))),
    smooth.gelu_exact:     unary(reference=lambda x: x * normal_by_hand(x)),
    smooth.gelu_slope:     unary(reference=lambda x: normal_by_hand(x) + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)),
    smooth.gelu_tanh:      unary(reference=gelu_tanh_by_hand),
    smooth.gelu_tanh_slope: unary(reference=gelu_tanh_slope_by_hand),
    smooth.mish:           unary(reference=lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    smooth.mish_slope:     unary(reference=mish_slope_by_hand),
    erf.erf:               unary(reference=erf_by_hand),
    erf.erfc:              unary(reference=erfc_by_hand),
    erf.normal_cdf:        unary(reference=normal_by_hand),
    softmax.softmax:       case(lambda d: call(a := d(arrays(shapes(1, min_side=1))), axis=d(axes(a.ndim))), reference=softmax_by_hand),
    softmax.log_softmax:   case(lambda d: call(a := d(arrays(shapes(1, min_side=1))), axis=d(axes(a.ndim))),
                                reference=lambda x, axis: np.log(softmax_by_hand(x, axis))),
    softmax._logsumexp:    case(lambda d: call(a := d(arrays(shapes(min_side=1))), d(axes(a.ndim))),
                                reference=lambda x, axis: np.log(np.sum(np.exp(x), axis, keepdims=True))),
}
# fmt: on
