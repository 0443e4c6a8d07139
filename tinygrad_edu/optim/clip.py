"""Clipping: gradients that are too large are made smaller before a step."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arrays import stands_for_array
from ..errors import ArgumentError, NonFiniteError, names_itself
from ..tensor import Tensor
from ..versions import WRITES
from .group import listed_parameters


@names_itself
def clip_grad_norm(params: Iterable[Tensor], max_norm: float, *, norm_type: float = 2.0) -> float:
    """Scale all gradients, in place and by one factor, so that their joint norm is at most max_norm.

        g ← g · min(1, max_norm / ‖g‖),    ‖g‖ = (Σ abs(gᵢ)ᵖ)^(1/p) over every element of every gradient

    Parameters
    ----------
    params : iterable of Tensor
        Parameters without a gradient are passed over; one that comes twice counts once.
    max_norm : float, above 0
        With infinity nothing is changed, only measured.
    norm_type : float, above 0, default=2.0
        The p; infinity takes the largest element.  Of complex elements it is the modulus that counts.

    Returns
    -------
    float
        The norm before it was clipped; 0.0 if there is no gradient.

    Raises
    ------
    NonFiniteError
        If an element is infinite or not a number; no gradient was changed.
    ArgumentError
        If there are no parameters, or max_norm or norm_type is out of range.

    Notes
    -----
    Differences from PyTorch's ``clip_grad_norm_``: the factor is exact, without 1e-6 in its divisor; a norm
    that is not finite raises, where PyTorch makes all gradients 0 or NaN; and squares do not overflow.

    References
    ----------
    R. Pascanu, T. Mikolov, Y. Bengio (2013). On the difficulty of training recurrent neural networks.
    arXiv:1211.5063

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([0.0, 0.0], requires_grad=True)
    >>> (p * [3.0, 4.0]).sum().backward()
    >>> clip_grad_norm([p], 1.0)
    5.0
    >>> p.grad
    Tensor([0.6, 0.8])
    """
    _check_above_zero("max_norm", max_norm)
    _check_above_zero("norm_type", norm_type, ", or math.inf")
    gradients = _gradients(params)
    numbers, arrays = [i for i, _ in gradients], [g for _, g in gradients]
    if any(map(stands_for_array, arrays)):
        return arrays[0]._log.closed(clip_norm_of, arrays, numbers, max_norm, norm_type)
    return clip_norm_of(arrays, numbers, max_norm, norm_type)


def clip_norm_of(gradients: list[Any], numbers: list[int], max_norm: float, norm_type: float) -> float:
    """Clip the norm of gradients, which belong to the parameters of these numbers; returns what it was."""
    norms = [_norm(np.abs(g) if g.dtype.kind == "c" else g, norm_type, i) for i, g in zip(numbers, gradients)]
    total = math.hypot(*norms) if norm_type == 2 else _combined(norms, norm_type)
    if total > max_norm:
        for g in gradients:
            WRITES.mark(g)
            np.divide(g, total / max_norm, out=g)  # rounds better than a product: 3 / 5 is 0.6
    return total


@names_itself
def clip_grad_value(params: Iterable[Tensor], clip_value: float) -> None:
    """Move every element of every gradient, in place, into the interval from -clip_value to clip_value.

        g ← min(max(g, -clip_value), clip_value)

    Unlike `clip_grad_norm` it changes the direction of the step.

    Parameters
    ----------
    params : iterable of Tensor
    clip_value : float, above 0

    Raises
    ------
    NonFiniteError
        If an element is not a number; no gradient was changed.  (PyTorch's ``clip_grad_value_`` leaves it.)
        Infinities are clipped.
    ArgumentError
        If there are no parameters, a gradient is complex, or clip_value is not above 0.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> p = tg.Tensor([0.0, 0.0], requires_grad=True)
    >>> (p * [3.0, -0.5]).sum().backward()
    >>> clip_grad_value([p], 1.0)
    >>> p.grad
    Tensor([ 1. , -0.5])
    """
    _check_above_zero("clip_value", clip_value)
    gradients = _gradients(params)
    for i, g in gradients:
        if g.dtype.kind == "c":
            raise ArgumentError(f"the gradient of parameter {i} is {g.dtype}, without order: clip its norm.")
        if np.isnan(np.min(g, initial=0)):
            raise _not_finite("clip_grad_value", i, g)
    for _, g in gradients:
        WRITES.mark(g)
        np.clip(g, -clip_value, clip_value, out=g)


def _check_above_zero(name: str, value: float, other: str = "") -> None:
    if not value > 0:
        raise ArgumentError(f"{name} is above 0{other}; got {value}.")


def _gradients(params: Iterable[Tensor]) -> list[tuple[int, Any]]:
    """The gradients that there are, with the numbers of their parameters; each parameter counts once."""
    given = [params] if isinstance(params, Tensor) else listed_parameters(params)
    unique = {id(p): p for p in given}.values()
    if not unique:
        raise ArgumentError(
            "there are no parameters. Was the generator used up? Give it model.parameters() anew."
        )
    return [(i, p.grad._array) for i, p in enumerate(unique) if p.grad is not None]


def _norm(g: Any, p: float, i: int) -> float:
    """The p-norm of one gradient; its elements are scaled where their powers could overflow or vanish."""
    if p == 2 and g.itemsize > 2:
        flat = g.reshape(-1)
        with np.errstate(over="ignore"):
            square = float(np.dot(flat, flat))
        if 1e-30 < square < math.inf:
            return math.sqrt(square)
    largest = float(max(np.max(g, initial=0), -np.min(g, initial=0)))
    if not math.isfinite(largest):
        raise _not_finite("clip_grad_norm", i, g)
    if largest == 0 or p == math.inf:
        return largest
    return largest * float(np.sum((np.abs(g, dtype=np.float64) / largest) ** p)) ** (1 / p)


def _combined(norms: list[float], p: float) -> float:
    """The norm of several arrays together, from that of each."""
    largest = max(norms, default=0.0)
    if largest == 0 or p == math.inf:
        return largest
    return largest * math.fsum((norm / largest) ** p for norm in norms) ** (1 / p)


def _not_finite(who: str, i: int, g: Any) -> NonFiniteError:
    count = int(np.sum(~np.isfinite(g)))
    return NonFiniteError(
        f"{who}: {count} of {g.size} elements of the gradient of parameter {i}, shape {g.shape}, are not "
        "finite. Nothing was clipped."
    )
