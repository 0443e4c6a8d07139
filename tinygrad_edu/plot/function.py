"""Functions of one number, and their derivatives."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError, names_itself
from ..tensor import Tensor
from .given import Array, numbers
from .grid import cells, columns_for
from .style import GREY, Axes, color, new_axes, tidy

Function = Callable[[Any], Any]


@names_itself
def activation_curves(
    functions: Function | Sequence[Function] | Mapping[str, Function],
    *,
    ax: Axes = None,
    low: float = -4.0,
    high: float = 4.0,
    columns: int | None = None,
) -> Axes:
    """Activations with their derivatives, which this package computes: one picture for each.

    Parameters
    ----------
    functions : callable, sequence of callable, or mapping of str to callable
        Functions such as `np.tanh`, or modules such as ``nn.ReLU()``, that apply to each number.  The titles
        are their names.
    ax : matplotlib Axes, optional
        If there are several functions, they become an invisible frame, of which the pictures are inset axes:
        ``ax.child_axes``.
    low, high : float, default=-4.0, 4.0
        The ends of the horizontal axis.
    columns : int, at least 1, optional
        By default about as many as rows.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ArgumentError
        If there is no function, no column, or low is not below high.
    ShapeError
        If a function does not return a number for each number.
    """
    if not low < high:
        raise ArgumentError(f"low is below high; got {low} and {high}.")
    named = _named(functions)
    if not named:
        raise ArgumentError("expected a function or more; got none.")
    columns = columns_for(len(named), columns)
    x = np.linspace(low, high, 801)  # odd: with the middle, where most kinks are
    lines = [_with_derivative(name, function, x) for name, function in named]
    titles = [name for name, _ in named]
    if callable(functions):
        ax = new_axes(ax, (4.5, 3.6))
        _draw(ax, x, *lines[0])
        ax.set(xlabel="x", title=titles[0])
        ax.legend(frameon=False)
        return ax
    frame, inside = cells(ax, len(named), columns, size=(2.6, 2.0), titles=titles, labeled=True)
    for cell, (y, slope) in zip(inside, lines):
        _draw(cell, x, y, slope)
        cell.tick_params(labelsize="small")
    inside[0].legend(frameon=False, fontsize="small", handlelength=1.4)
    return frame


def _named(functions: Any) -> list[tuple[str, Function]]:
    if isinstance(functions, Mapping):
        return list(functions.items())
    listed = [functions] if callable(functions) else list(functions)
    return [(getattr(one, "__name__", type(one).__name__), one) for one in listed]


def _with_derivative(name: str, function: Function, x: Array) -> tuple[Array, Array]:
    """The values, and the derivatives: the gradient of their sum, as each depends on its own number alone."""
    argument = Tensor(x, requires_grad=True)
    y = function(argument)
    values = numbers(y, name)
    if values.shape != x.shape:
        raise ShapeError(f"{name} returns shape {values.shape} for numbers of shape {x.shape}.")
    if not isinstance(y, Tensor) or not y.requires_grad:
        return values, np.zeros_like(x)
    np.sum(y).backward()
    return values, np.zeros_like(x) if argument.grad is None else argument.grad.numpy()


def _draw(ax: Axes, x: Array, y: Array, slope: Array) -> None:
    for line in (ax.axhline, ax.axvline):
        line(0, color=GREY, linewidth=0.8, alpha=0.7, zorder=1)
    ax.plot(x, y, color=color(0), linewidth=2.0, label="f(x)")
    ax.plot(x, slope, color=color(6), linewidth=1.6, linestyle=(0, (4, 2)), label="f′(x)")
    ax.set_xlim(x[0], x[-1])
    tidy(ax, grid="both")
