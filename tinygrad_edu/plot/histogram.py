"""How the numbers in a network are distributed, layer by layer."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arrays import plain
from ..errors import ArgumentError, StateError, names_itself
from ..modes import no_grad
from ..nn.module import Module
from ..nn.watch import watched
from .given import Array
from .style import GREY, Axes, color, new_axes, tidy

BINS = 60


@names_itself
def activation_histograms(model: Module, *inputs: Any, ax: Axes = None) -> Axes:
    """What comes out of each layer, as a histogram for each: it shows layers that saturate, shrink or die.

    Parameters
    ----------
    model : Module
        It runs once as in use, without gradients, and without a trace in it.
    *inputs : Tensor or array_like
        What the model is called with: one batch.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        It shows the first layer at the top, and the last at the bottom; layers are modules without modules in
        them.  The histograms have one horizontal axis, and each its own height.  Numbers that are exactly 0
        are not drawn, for they would dwarf the others: their share stands at the right.  One in a hundred
        numbers of a layer, the outermost, may lie outside of the picture.

    Raises
    ------
    ArgumentError
        If there is no layer from which floating numbers come out.
    """
    kept: list[tuple[Module, Any]] = []

    def keep(module: Module, out: Any) -> None:
        kept.append((module, out))

    with watched(model, keep), no_grad():
        model(*inputs)
    # Of a module that was called twice, the last output counts.
    outputs = {id(module): plain(out, "the outputs") for module, out in kept if hasattr(out, "dtype")}
    layers = {}
    for path, module in model.named_modules():
        values = outputs.get(id(module), np.empty(0))
        if values.dtype.kind == "f" and values.size and not any(module.children()):
            layers[f"{path} {type(module).__name__}".strip()] = values.ravel()
    if not layers:
        raise ArgumentError(f"no layer of {type(model).__name__} returned floating numbers.")
    low, high = _range(layers.values())
    width = (high - low) / BINS
    # 0 is one of the edges: no bar has both signs.
    edges = width * np.arange(np.floor(low / width), np.ceil(high / width) + 1)
    ax = new_axes(ax, _size(layers))
    _ridges(ax, layers, edges)
    ax.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0)
    ax.set_xlabel("activation")
    return ax


def gradient_histograms(model: Module, *, ax: Axes = None) -> Axes:
    """The sizes of the gradients of each parameter, as a histogram for each: some may vanish or explode.

    Parameters
    ----------
    model : Module
        Its gradients are those of the last ``loss.backward()``.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        It shows the first parameter at the top, and the last at the bottom.  The horizontal axis is
        logarithmic; it is that of all histograms, and each has its own height.  The share of gradients that
        are exactly 0 stands at the right.

    Raises
    ------
    StateError
        If no parameter has a gradient, or no gradient is finite and not 0.
    """
    sizes = {}
    for name, p in model.named_parameters():
        if p.grad is not None and p.size:
            values = np.abs(p.grad.numpy().ravel())
            sizes[name] = values[np.isfinite(values)]
    if not sizes:
        none = f"no parameter of {type(model).__name__} has a gradient"
        raise StateError(f"gradient_histograms: {none}. Call loss.backward() first.")
    if not any(values.any() for values in sizes.values()):
        raise StateError("gradient_histograms: no gradient is finite and not 0: there is nothing to draw.")
    low, high = _range(np.log10(values[values > 0]) for values in sizes.values())
    ax = new_axes(ax, _size(sizes))
    ax.set_xscale("log")
    _ridges(ax, sizes, 10.0 ** np.linspace(low, high, BINS + 1))
    ax.set_xlabel("size of the gradient")
    return ax


def _range(layers: Iterable[Any]) -> tuple[float, float]:
    """From where to where 99 % of the numbers of every layer are."""
    ends = [np.quantile(one[np.isfinite(one)], (0.005, 0.995)) for one in layers if np.isfinite(one).any()]
    low, high = (float(np.min(ends)), float(np.max(ends))) if ends else (0.0, 0.0)
    margin = 0.03 * (high - low) or 0.5
    return low - margin, high + margin


def _size(layers: dict[str, Any]) -> tuple[float, float]:
    return 6.4, 1.2 + 0.5 * max(len(layers), 2)


def _ridges(ax: Axes, layers: dict[str, Any], edges: Array) -> None:
    """A histogram above another, the first at the top, each as high as the others."""
    floors = np.arange(len(layers))[::-1]
    for floor, values in zip(floors, layers.values()):
        numbers = values[values != 0]
        heights = np.histogram(numbers, edges)[0]
        if heights.any():
            heights = floor + 0.85 * heights / heights.max()
            ax.stairs(heights, edges, baseline=floor, fill=True, color=color(0), alpha=0.75, zorder=2)
            ax.stairs(heights, edges, baseline=None, color=color(0), linewidth=1.0, zorder=2)
        ax.axhline(floor, color=GREY, linewidth=0.6, alpha=0.5, zorder=1)
        if len(numbers) < len(values):
            share = 1 - len(numbers) / len(values)
            text = f"{share:.0%} zero" if share >= 0.01 else "< 1% zero"
            place = {"transform": ax.get_yaxis_transform(), "va": "center"}
            ax.text(1.01, floor + 0.3, text, fontsize="small", **place)
    ax.set(xlim=(edges[0], edges[-1]), ylim=(-0.1, len(layers)))
    ax.set_yticks(floors + 0.3, list(layers))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    tidy(ax, grid="x")
