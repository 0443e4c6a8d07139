"""Windows that slide over images, and how images lie in memory, for convolution and pooling alike.

Images are arrays of shape (n, c, h, w).  A window has kernel × kernel elements; along each axis, element i of
window r is element ``stride · r + dilation · i - padding`` of the image, and what lies outside the image is
padding.

In memory the operations on images keep the batch last, (c, h, w, n).  Then what a window has in one of its
places is, over the whole batch, a long piece of memory, which NumPy copies, adds and compares at full speed;
and as results lie the same way, nothing has to be rearranged between one operation and the next.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError

Pair = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """How windows lie on an image: each field has an entry for the rows and one for the columns.

    Attributes
    ----------
    kernel, stride, dilation : (int, int)
        Elements of a window, steps from one window to the next, and from one element of a window to the next.
    padding : ((int, int), (int, int))
        Rows or columns added before the image and after it.  Negative after it: so many that no window sees.
    """

    kernel: Pair
    stride: Pair
    padding: tuple[Pair, Pair]
    dilation: Pair

    @property
    def reach(self) -> Pair:
        """How much of the image a window spans."""
        (kh, kw), (dh, dw) = self.kernel, self.dilation
        return dh * (kh - 1) + 1, dw * (kw - 1) + 1

    @cached_property
    def turned(self) -> "Windows | None":
        """The windows that turned kernels have on outputs, as the gradient in the image does; None for other
        strides than 1, and for more padding than a kernel reaches.
        """
        padding = tuple(
            (r - 1 - before, r - 1 - after) for r, (before, after) in zip(self.reach, self.padding)
        )
        return (
            replace(self, padding=padding) if self.stride == (1, 1) and min(map(min, padding)) >= 0 else None
        )

    @property
    def apart(self) -> bool:
        """Whether no two windows overlap."""
        return all(r <= s for r, s in zip(self.reach, self.stride))

    def counts(self, shape: tuple[int, ...]) -> Pair:
        """The number of windows, (rows, columns), on images of a shape (..., h, w)."""
        along = zip(shape[-2:], self.padding, self.reach, self.stride)
        rows, columns = ((n + sum(p) - r) // s + 1 for n, p, r, s in along)
        return rows, columns

    def framed(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of images with their padding."""
        sizes = (n + before + max(after, 0) for n, (before, after) in zip(shape[-2:], self.padding))
        return *shape[:-2], *sizes

    def inner(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Where in a padded image the image of a shape (..., h, w) lies."""
        (top, _), (left, _) = self.padding
        return slice(top, top + shape[-2]), slice(left, left + shape[-1])

    def slabs(self, image: Any, counts: Pair) -> Iterator[Any]:
        """For each place in the kernel, row by row, what all windows on a padded image have there.

        They are views (n, c, rows, columns).
        """
        (sh, sw), (dh, dw) = self.stride, self.dilation
        for i, j in product(range(self.kernel[0]), range(self.kernel[1])):
            yield image[..., steps(i * dh, counts[0], sh), steps(j * dw, counts[1], sw)]


def batch_last(x: Any) -> Any:
    """(n, c, h, w) as (c, h, w, n)."""
    return np.transpose(x, (1, 2, 3, 0))


def batch_first(x: Any) -> Any:
    """(c, h, w, n) as (n, c, h, w)."""
    return np.transpose(x, (3, 0, 1, 2))


def packed(x: Any) -> Any:
    """Images (n, c, h, w) that lie in memory with the batch last, without gaps: themselves, if they do."""
    last = batch_last(x)
    return batch_first(np.reshape(np.reshape(last, -1), last.shape))


def steps(start: int, count: int, step: int) -> slice:
    """The slice of ``count`` indices from ``start`` on."""
    return slice(start, start + (count - 1) * step + 1 if count > 0 else start, step)


class Caller(NamedTuple):
    """A function or layer that slides windows, as what it is given is checked and reshaped for it.

    Attributes
    ----------
    name : str
        What it is called: errors begin with it.
    axes : int
        How many axes its windows slide along: 1 for sequences, which are images of one row, 2 for images.
    """

    name: str
    axes: int

    @classmethod
    def of(cls, layer: Any) -> "Caller":
        """The layer as a caller."""
        return cls(type(layer).__name__, layer.axes)

    def per_axis(self, setting: str, value: Any, least: int, others: str = "") -> tuple[int, ...]:
        """A setting, one number or one for each axis, as a tuple with an entry for each axis."""
        if type(value) is int and value >= least:
            return (value,) * self.axes
        values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * self.axes
        whole = (isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v >= least for v in values)
        if len(values) == self.axes and all(whole):
            return tuple(map(int, values))
        many = " or a pair of them" if self.axes == 2 else ""
        message = f"{setting} is an int of at least {least}{many}{others}; got {value!r}."
        raise ArgumentError(f"{self.name}: {message}")

    def output_counts(self, lengths: tuple[int, ...], output_size: Any) -> tuple[int, ...]:
        """How many windows there are along each axis of images (h, w), if None keeps the length of one."""
        sizes = list(output_size) if isinstance(output_size, (list, tuple)) else [output_size] * self.axes
        if len(sizes) == self.axes:
            sizes = [n if size is None else size for size, n in zip(sizes, lengths[-self.axes :])]
        return (lengths[0], *self.per_axis("output_size", tuple(sizes), 1))[-2:]

    def windows(self, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Windows:
        """Windows from settings, each a number or one for each axis; padding may be "same" or "valid"."""
        kernel = self.per_axis("kernel_size", kernel, 1)
        stride = self.per_axis("stride", stride, 1)
        dilation = self.per_axis("dilation", dilation, 1)
        if padding == "same":
            if any(s != 1 for s in stride):
                message = f"padding='same' keeps the size of images only with stride 1; got stride {stride}."
                raise ArgumentError(f"{self.name}: {message}")
            total = [d * (k - 1) for k, d in zip(kernel, dilation)]
            around = [(n // 2, n - n // 2) for n in total]
        else:
            padding = 0 if padding == "valid" else padding
            around = [(p, p) for p in self.per_axis("padding", padding, 0, ", 'same' or 'valid'")]
        if self.axes == 1:
            kernel, stride, dilation, around = (1, *kernel), (1, *stride), (1, *dilation), [(0, 0), *around]
        return Windows(kernel, stride, tuple(around), dilation)

    def images(self, x: Any, channels: int | None = None) -> Any:
        """Sequences or images, with or without a batch axis, as a batch of images (n, c, h, w)."""
        axes, shape, expected = self.axes, x.shape, ""
        if len(shape) not in (axes + 1, axes + 2):
            one = "C, H, W" if axes == 2 else "C, L"
            expected = f"an input of shape (N, {one}) or ({one})"
        elif channels is not None and shape[-axes - 1] != channels:
            expected = f"{channels} channels on axis {len(shape) - axes - 1}"
        if expected:
            raise ShapeError(f"{self.name} expects {expected}, got {shape}.{layout(shape, axes, channels)}")
        if len(shape) == 4:
            return x
        batch = shape if len(shape) == axes + 2 else (1, *shape)
        return x.reshape(batch if axes == 2 else (*batch[:2], 1, batch[2]))

    def as_given(self, y: Any, shape: tuple[int, ...]) -> Any:
        """A batch of images (n, c, h, w), made from an input of that shape, with the axes of the input."""
        lead = y.shape[:2] if len(shape) == self.axes + 2 else y.shape[1:2]
        return y if len(shape) == 4 else y.reshape((*lead, *y.shape[-self.axes :]))

    def check_fit(self, windows: Windows, images: tuple[int, ...], given: tuple[int, ...]) -> None:
        """Refuse images smaller than a window, by their shape as a batch of images, and as given."""
        if min(windows.counts(images)) >= 1:
            return
        axes = self.axes
        least = [max(1, r - sum(p)) for r, p in zip(windows.reach, windows.padding)]
        size = (
            f"({least[0]}, {least[1]}) on the last axes"
            if axes == 2
            else f"length {least[1]} on the last axis"
        )
        kernel, reach = windows.kernel[-axes:], windows.reach[-axes:]
        last = len(given) == axes + 2 and given[-1] <= 4 < given[1]
        raise ShapeError(
            f"{self.name} expects an input of at least {size}, got {given}: the kernel {kernel} reaches over "
            f"{reach}.\n  Take a smaller kernel, or more padding."
            + ("  Or are the channels last? np.moveaxis(x, -1, 1) has them on axis 1." if last else "")
        )


def layout(shape: tuple[int, ...], axes: int, channels: int | None) -> str:
    """What to do about images or sequences that do not lie as (n, c, …); empty if there is no telling.

    ``axes`` is how many axes they have beside the channels.
    """
    n, last = len(shape), shape[-1] if shape else 0
    no_channels = "\n  There is no axis of channels here; x[None] has one." if n == axes else ""
    if channels is None:
        return no_channels
    if n > axes and n > 2 and last == channels:
        there = n - axes - 1
        return f"\n  The channels are last here; they are on their axis in np.moveaxis(x, -1, {there})."
    if n == axes + 1 and channels == 1:
        return "\n  There is no axis of channels here; x[:, None] has one."
    side = math.isqrt(last // channels)
    if n == axes == 2 and side > 1 and side * side * channels == last:
        return f"\n  Flat images have their axes again by x.reshape(-1, {channels}, {side}, {side})."
    return no_channels if channels == 1 else ""
