"""Schedules: the learning rate as a function of the step, or of the epoch.

Each function here makes one: a plain function of the step, counted from 0, that remembers nothing.  To use
it, assign::

    rate = schedule.warmup(5, then=schedule.cosine(0.1, 95))
    for epoch in range(100):
        optimizer.lr = rate(epoch)
        …

A schedule takes a number or an array of them (to draw it: ``plt.plot(rate(np.arange(100)))``), and fractions
too. Schedules are put together by `warmup` and `join`, or as functions are: ``lambda t: rate(t) * 0.5``.
What depends on how the training goes is not a function of the step: `ReduceOnPlateau`.

Rates are at least 0, and lengths whole numbers from 1; other settings raise an ArgumentError.

PyTorch's schedulers are the same equations, but hold the optimizer, and change its rates by a call of
``step()``.  Resuming one of these needs the number of the epoch and nothing else.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..errors import ArgumentError
from .plateau import ReduceOnPlateau as ReduceOnPlateau
from .rates import Schedule, makes_schedule
from .setting import any_number, at_least_zero, below_one, count


@makes_schedule(lr=at_least_zero)
def constant(lr: float) -> Schedule:
    """Always the same rate, lr.

    Examples
    --------
    >>> constant(0.1)(7)
    0.1
    """
    return lambda t: lr


@makes_schedule(lr=at_least_zero, gamma=at_least_zero, step_size=count)
def step(lr: float, step_size: int, *, gamma: float = 0.1) -> Schedule:
    """A staircase: lr · gamma^⌊t / step_size⌋.  PyTorch's StepLR.

    Examples
    --------
    >>> step(1.0, 2)(range(6))
    array([1.  , 1.  , 0.1 , 0.1 , 0.01, 0.01])
    """
    return lambda t: lr * gamma ** (t // step_size)


@makes_schedule(lr=at_least_zero, gamma=at_least_zero)
def multi_step(lr: float, milestones: Sequence[float], *, gamma: float = 0.1) -> Schedule:
    """A staircase with steps of any length: lr · gamma^k after k of the milestones.  PyTorch's MultiStepLR.

    Examples
    --------
    >>> multi_step(1.0, [1, 4], gamma=0.5)(range(6))
    array([1.  , 0.5 , 0.5 , 0.5 , 0.25, 0.25])
    """
    steps = _increasing(milestones)
    return lambda t: lr * gamma ** bisect_right(steps, t)


@makes_schedule(lr=at_least_zero, gamma=at_least_zero)
def exponential(lr: float, gamma: float) -> Schedule:
    """The same part of the rate is lost in every step: lr · gammaᵗ.  PyTorch's ExponentialLR.

    Examples
    --------
    >>> exponential(8.0, 0.5)(range(4))
    array([8., 4., 2., 1.])
    """
    return lambda t: lr * gamma**t


@makes_schedule(lr=at_least_zero, power=at_least_zero, end=at_least_zero, total_iters=count)
def polynomial(lr: float, total_iters: int, *, power: float = 1.0, end: float = 0.0) -> Schedule:
    """Down to ``end`` along a power: end + (lr - end) (1 - t / total_iters)^power, and ``end`` after that.

    Power 1 is a straight line.  PyTorch's PolynomialLR, which always ends at 0.

    Examples
    --------
    >>> polynomial(1.0, 4)(range(6))
    array([1.  , 0.75, 0.5 , 0.25, 0.  , 0.  ])
    """
    return lambda t: end + (lr - end) * (1 - t / total_iters) ** power if t < total_iters else end


@makes_schedule(lr=at_least_zero, decay=at_least_zero)
def inverse_time(lr: float, decay: float) -> Schedule:
    """As fast as Robbins and Monro allow: lr / (1 + decay · t).  PyTorch has none; Keras' InverseTimeDecay.

    References
    ----------
    H. Robbins, S. Monro (1951). A stochastic approximation method: Σ rates = ∞, Σ rates² < ∞.

    Examples
    --------
    >>> inverse_time(1.0, 0.5)(range(0, 6, 2))
    array([1.        , 0.5       , 0.33333333])
    """
    return lambda t: lr / (1 + decay * t)


@makes_schedule(lr=at_least_zero, eta_min=at_least_zero, T_max=count)
def cosine(lr: float, T_max: int, *, eta_min: float = 0.0) -> Schedule:
    """Half a cosine, eta_min + (lr - eta_min) (1 + cos(π t / T_max)) / 2, and eta_min after T_max.

    PyTorch's CosineAnnealingLR rises again after T_max.

    References
    ----------
    I. Loshchilov, F. Hutter (2017). SGDR: stochastic gradient descent with warm restarts. arXiv:1608.03983

    Examples
    --------
    >>> cosine(1.0, 4)(range(6)).round(3)
    array([1.   , 0.854, 0.5  , 0.146, 0.   , 0.   ])
    """
    return lambda t: _half_cosine(lr, eta_min, min(t / T_max, 1))


@makes_schedule(lr=at_least_zero, eta_min=at_least_zero, T_0=count, T_mult=count)
def cosine_restarts(lr: float, T_0: int, *, T_mult: int = 1, eta_min: float = 0.0) -> Schedule:
    """Half cosines from lr to eta_min, each T_mult times as long as the one before; the first has T_0 steps.

    In the cycle i, which begins at Tᵢ and has T_0 · T_multⁱ steps: eta_min + (lr - eta_min) (1 + cos(π (t -
    Tᵢ) / (T_0 T_multⁱ))) / 2. PyTorch's CosineAnnealingWarmRestarts.

    References
    ----------
    I. Loshchilov, F. Hutter (2017). SGDR: stochastic gradient descent with warm restarts. arXiv:1608.03983

    Examples
    --------
    >>> cosine_restarts(1.0, 2, T_mult=2)(range(7)).round(3)
    array([1.   , 0.5  , 1.   , 0.854, 0.5  , 0.146, 1.   ])
    """

    def rate(t: float) -> float:
        if T_mult == 1:
            return _half_cosine(lr, eta_min, t % T_0 / T_0)
        length = T_0
        while t >= length:
            t, length = t - length, length * T_mult
        return _half_cosine(lr, eta_min, t / length)

    return rate


@makes_schedule(
    max_lr=at_least_zero,
    total_steps=count,
    pct_start=below_one,
    div_factor=any_number,
    final_div_factor=any_number,
)
def one_cycle(
    max_lr: float,
    total_steps: int,
    *,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    anneal: str = "cos",
) -> Schedule:
    """Up from max_lr / div_factor to max_lr, then down to max_lr / div_factor / final_div_factor.

    Parameters
    ----------
    max_lr : float, at least 0
    total_steps : int, at least 2
        The last rate is that of step total_steps - 1, and stays after it.
    pct_start : float in [0, 1), default=0.3
        In which part of all steps the rate rises.
    div_factor : float, above 0, default=25.0
    final_div_factor : float, above 0, default=1e4
    anneal : {"cos", "linear"}, default="cos"
        Half cosines or straight lines.

    Notes
    -----
    PyTorch's OneCycleLR.  Smith moves the momentum the other way at the same time (``group.momentum = …``).

    References
    ----------
    L. Smith (2018). A disciplined approach to neural network hyper-parameters. arXiv:1803.09820
    L. Smith, N. Topin (2018). Super-convergence. arXiv:1708.07120

    Examples
    --------
    >>> one_cycle(1.0, 10, div_factor=2, final_div_factor=5, anneal="linear")([0, 1, 2, 9])
    array([0.5 , 0.75, 1.  , 0.1 ])
    """
    if total_steps < 2 or min(div_factor, final_div_factor) <= 0 or anneal not in ("cos", "linear"):
        raise ArgumentError(
            "total_steps is at least 2, div_factor and final_div_factor are above 0, anneal is "
            f'"cos" or "linear"; got {total_steps}, {div_factor}, {final_div_factor} and {anneal!r}.'
        )
    start, last = max_lr / div_factor, total_steps - 1
    end, peak = start / final_div_factor, max(pct_start * total_steps - 1, 0)
    between = _half_cosine if anneal == "cos" else _line

    def rate(t: float) -> float:
        if t < peak:
            return between(start, max_lr, t / peak)
        return between(max_lr, end, min((t - peak) / (last - peak), 1))

    return rate


@makes_schedule(steps=count)
def warmup(steps: int, *, then: Schedule, start: float | None = None) -> Schedule:
    """A straight line up to the first rate of another schedule, which begins its own time when the line ends.

        then(0) · (start + (1 - start) t / steps) for t < steps, then(t - steps) after that

    Parameters
    ----------
    steps : int, at least 1
    then : schedule
    start : float, at least 0, optional
        Which part of then(0) the line begins with; by default 1 / (steps + 1), so that it rises in equal
        steps from the first, and no step has a rate of 0.

    References
    ----------
    P. Goyal et al. (2017). Accurate, large minibatch SGD: training ImageNet in 1 hour. arXiv:1706.02677

    Examples
    --------
    >>> warmup(3, start=0.25, then=constant(1.0))(range(5))
    array([0.25, 0.5 , 0.75, 1.  , 1.  ])
    """
    low = 1 / (steps + 1) if start is None else at_least_zero("start", start)
    _check_schedules("warmup", [then])
    return lambda t: then(0) * _line(low, 1.0, t / steps) if t < steps else then(t - steps)


@makes_schedule()
def join(schedules: Sequence[Schedule], milestones: Sequence[float]) -> Schedule:
    """One schedule after the other; each begins its own time at its milestone.  PyTorch's SequentialLR.

    Parameters
    ----------
    schedules : sequence of n schedules
    milestones : sequence of n - 1 numbers
        Where the second begins, the third, …

    Examples
    --------
    >>> join([constant(1.0), polynomial(0.5, 2)], [3])(range(6))
    array([1.  , 1.  , 1.  , 0.5 , 0.25, 0.  ])
    """
    starts, parts = _increasing(milestones), list(schedules)
    _check_schedules("join", parts)
    if len(parts) != len(starts) + 1:
        raise ArgumentError(
            f"{len(parts)} schedules have {len(parts) - 1} milestones between them; got {len(starts)}."
        )

    def rate(t: float) -> float:
        i = bisect_right(starts, t)
        return parts[i](t - starts[i - 1] if i else t)

    return rate


def _line(start: float, end: float, part: float) -> float:
    return start + (end - start) * part


def _half_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def _increasing(milestones: Sequence[float]) -> list[float]:
    steps = list(milestones)
    for i, t in enumerate(steps):
        at_least_zero(f"milestones[{i}]", t)
    if any(a >= b for a, b in pairwise(steps)):
        raise ArgumentError(f"milestones increase; got {steps}.")
    return steps


def _check_schedules(who: str, schedules: Sequence[Any]) -> None:
    for schedule in schedules:
        if not callable(schedule):
            error = ArgumentError(
                f"{who} takes schedules, functions of the step such as constant(0.1); got {schedule!r}."
            )
            error.teller = who  # whose name the message has
            raise error
