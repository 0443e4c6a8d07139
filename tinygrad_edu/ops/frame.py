"""Frames: elements around an image, which are a constant, or its own: reflected, repeated, or from afar.

`numpy.pad` differentiates too, in eleven modes.  These four, which layers have, are slices put side by side,
so that their gradients are slices that are added up, where those of `numpy.pad` are scattered one by one.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError

Around = Sequence[tuple[int, int]]  # how many elements go before and after, for each of the last axes


def reflected(x: Any, axis: int, before: int, after: int) -> tuple[Any, Any]:
    """What goes before and after: the neighbours of the ends, mirrored; the ends are not repeated."""
    return along(x, axis, slice(before, 0, -1)), along(x, axis, slice(-2, -2 - after, -1))


def replicated(x: Any, axis: int, before: int, after: int) -> tuple[Any, Any]:
    """What goes before and after: the ends, again and again."""
    first, last = along(x, axis, slice(0, 1)), along(x, axis, slice(-1, None))
    lead, rest = x.shape[:axis], x.shape[axis + 1 :]
    return np.broadcast_to(first, (*lead, before, *rest)), np.broadcast_to(last, (*lead, after, *rest))


def circular(x: Any, axis: int, before: int, after: int) -> tuple[Any, Any]:
    """What goes before and after: the elements of the other end."""
    n = x.shape[axis]
    return along(x, axis, slice(n - before, n)), along(x, axis, slice(0, after))


# How the elements around are chosen, and how many there can be at an end, of an axis of length n.
MODES: dict[str, tuple[Callable[..., tuple[Any, Any]], Callable[[int], float]]] = {
    "reflect": (reflected, lambda n: n - 1),
    "replicate": (replicated, lambda n: math.inf if n else 0),
    "circular": (circular, lambda n: n),
}


def framed(who: str, x: Any, around: Around, mode: str) -> Any:
    """x with elements of its own around its last axes, by a mode of `MODES`."""
    choose, most = MODES[mode]
    for axis, (before, after) in enumerate(around, x.ndim - len(around)):
        if not (before or after):
            continue
        if max(before, after) > (room := most(x.shape[axis])):
            raise ShapeError(
                f"{who}: padding {(before, after)} in the mode {mode!r} is made of the elements on axis "
                f"{axis}, of which there are too few in shape {x.shape}: at most {max(room, 0)} on a side."
            )
        first, last = choose(x, axis, before, after)
        x = np.concatenate([first, x, last], axis)
    return x


def constant(who: str, x: Any, around: Around, value: float) -> Any:
    """x with a constant around its last axes; where a number is negative, so many elements are cut off."""
    for n, (before, after) in zip(x.shape[-len(around) :], around):
        if n + min(before, 0) + min(after, 0) < 0:
            raise ShapeError(f"{who}: padding {(before, after)} cuts off more than there is of {x.shape}.")
    cut = [
        slice(max(-before, 0), n - max(-after, 0))
        for n, (before, after) in zip(x.shape[-len(around) :], around)
    ]
    widths = [(0, 0)] * (x.ndim - len(around)) + [(max(before, 0), max(after, 0)) for before, after in around]
    return np.pad(x[..., *cut], widths, constant_values=value)


def along(x: Any, axis: int, part: slice) -> Any:
    """A part of x along an axis."""
    return x[(*[slice(None)] * axis, part)]


def check_mode(who: str, mode: str, *others: str) -> None:
    """Refuse a mode that is neither one of these nor one of `MODES`."""
    if mode not in (*others, *MODES):
        expected = ", ".join(map(repr, (*others, *MODES)))
        raise ArgumentError(f"{who}: padding_mode is one of {expected}; got {mode!r}.")
