"""Fourier transforms: linear maps, so each rule is the transposed map.

A full transform is its own transpose, as its matrix exp(-2πi jk / n) is symmetric; half spectra, of real
signals, count each inner frequency once or twice.  Where the length n is not that of the axis, the input is
cropped or padded with zeros first, and the transpose of one is the other.

NumPy loads its Fourier transforms when they are first asked for, and so are these rules filed.

References
----------
J. Cooley, J. Tukey (1965). An algorithm for the machine calculation of complex Fourier series.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..aliases import Array, Cotangent, Shape
from ..table import derivative

SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


# ---- along one axis ----------------------------------------------------------------------------------------


def resized(g: Cotangent, length: int, axis: int) -> Any:
    """The first elements along an axis, as many as there are or zeros after them: what n= does to an input,
    transposed.
    """
    missing = length - g.shape[axis]
    if missing > 0:
        shape = tuple(missing if i == axis % g.ndim else side for i, side in enumerate(g.shape))
        return np.concatenate([g, np.zeros_like(g, shape=shape)], axis)
    return g[(*[slice(None)] * (axis % g.ndim), slice(length))] if missing else g


def inner(n: int, factor: float, g: Cotangent, axis: int) -> Array:
    """The factor for the frequencies of a half spectrum that stand for two of n, 1 for those that stand for
    themselves: the first, and the last of an even n.
    """
    weights = np.full(n // 2 + 1, factor, np.finfo(g.dtype).dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return np.reshape(weights, (-1, *[1] * (g.ndim - 1 - axis % g.ndim)))


def full(transform: Any, g: Cotangent, length: int, axis: int, norm: Any) -> Any:
    """The transpose of a full transform, np.fft.fft or np.fft.ifft, of an input that has this length."""
    return resized(transform(g, None, axis, norm), length, axis)


def halved(g: Cotangent, length: int, n: int | None, axis: int, norm: Any) -> Any:
    """The transpose of np.fft.rfft, of conj(g).

    The gradient of xⱼ is Re Σ gₖ exp(-2πi jk / n), over the half spectrum alone.  np.fft.irfft sums conj(gₖ)
    and, of each inner frequency, its conjugate at -k too, which is twice the real part.
    """
    n = length if n is None else int(n)
    return resized(np.fft.irfft(g * inner(n, 1 / 2, g, axis), n, axis, SWAPPED[norm]), length, axis)


def doubled(g: Cotangent, length: int, axis: int, norm: Any) -> Any:
    """The transpose of np.fft.irfft, conjugated.

    It is a real sum of hₖ exp(2πi jk / n), for an inner frequency twice: the gradient of hₖ is once or twice
    Σ gⱼ exp(2πi jk / n), the conjugate of np.fft.rfft(g).  What is not read, the imaginary part of the first
    frequency and of the last of an even n, gets 0, as these sums are real.
    """
    spectrum = np.fft.rfft(g, None, axis, SWAPPED[norm])
    return resized(spectrum * inner(g.shape[axis], 2, spectrum, axis), length, axis)


# fmt: off
derivative(np.fft.fft,    lambda a, n=None, axis=-1, norm=None, out=None: np.fft.fft(a, n, axis, norm),
           a=lambda g, a_shape, axis, norm: full(np.fft.fft, g, a_shape[axis], axis, norm))
derivative(np.fft.ifft,   lambda a, n=None, axis=-1, norm=None, out=None: np.fft.ifft(a, n, axis, norm),
           a=lambda g, a_shape, axis, norm: full(np.fft.ifft, g, a_shape[axis], axis, norm))
derivative(np.fft.rfft,   lambda a, n=None, axis=-1, norm=None, out=None: np.fft.rfft(a, n, axis, norm),
           a=lambda g, a_shape, n, axis, norm: halved(np.conjugate(g), a_shape[axis], n, axis, norm))
derivative(np.fft.irfft,  lambda a, n=None, axis=-1, norm=None, out=None: np.fft.irfft(a, n, axis, norm),
           a=lambda g, a_shape, axis, norm: np.conjugate(doubled(g, a_shape[axis], axis, norm)))
# hfft(a) is irfft(conj(a)), and ihfft(a) is conj(rfft(a)), with the norms swapped.
derivative(np.fft.hfft,   lambda a, n=None, axis=-1, norm=None, out=None: np.fft.hfft(a, n, axis, norm),
           a=lambda g, a_shape, axis, norm: doubled(g, a_shape[axis], axis, SWAPPED[norm]))
derivative(np.fft.ihfft,  lambda a, n=None, axis=-1, norm=None, out=None: np.fft.ihfft(a, n, axis, norm),
           a=lambda g, a_shape, n, axis, norm: halved(g, a_shape[axis], n, axis, SWAPPED[norm]))
# fmt: on


# ---- along several axes ------------------------------------------------------------------------------------


class Step(NamedTuple):
    """A transform along one axis, of several: how long the axis was before, and the transform's n."""

    axis: int
    length: int
    n: int | None


def steps(shape: Shape, s: Any, axes: Any, half: Any = None) -> list[Step]:
    """The steps of a transform along several axes, in NumPy's order; an axis may be named several times.

    The last axis comes first; in np.fft.irfftn, last.  There and in np.fft.rfftn, which are ``half``, its
    step reads or makes half a spectrum.  An n of -1 is the axis as it came, None as it is at this step.
    """
    if axes is None:
        axes = range(-len(shape if s is None else s), 0)
    sizes = [shape[axis] for axis in axes] if s is None else s
    sizes = [shape[axis] if n == -1 else n for n, axis in zip(sizes, axes)]
    last, lengths, found = len(sizes) - 1, list(shape), []
    for i in range(len(sizes)) if half is np.fft.irfftn else range(last, -1, -1):
        axis, n = axes[i], sizes[i]
        found.append(Step(axis, lengths[axis], n))
        whole = lengths[axis] if n is None else n
        lengths[axis] = whole // 2 + 1 if half is np.fft.rfftn and i == last else whole
    return found


def backwards(transform: Any, g: Cotangent, taken: Iterable[Step], norm: Any) -> Any:
    """The transposes of full transforms along several axes, the last step's first."""
    for axis, length, _ in reversed([*taken]):
        g = full(transform, g, length, axis, norm)
    return g


def of_rfftn(g: Cotangent, shape: Shape, s: Any, axes: Any, norm: Any) -> Any:
    """The transpose of np.fft.rfftn: the half spectrum, which is made first, comes last."""
    (axis, length, n), *others = steps(shape, s, axes, np.fft.rfftn)
    return halved(np.conjugate(backwards(np.fft.fft, g, others, norm)), length, n, axis, norm)


def of_irfftn(g: Cotangent, shape: Shape, s: Any, axes: Any, norm: Any) -> Any:
    """The transpose of np.fft.irfftn: the half spectrum, which is read last, comes first."""
    *others, (axis, length, _) = steps(shape, s, axes, np.fft.irfftn)
    return backwards(np.fft.ifft, np.conjugate(doubled(g, length, axis, norm)), others, norm)


# fmt: off
derivative(np.fft.fftn,   lambda a, s=None, axes=None, norm=None, out=None: np.fft.fftn(a, s, axes, norm),
           a=lambda g, a_shape, s, axes, norm: backwards(np.fft.fft, g, steps(a_shape, s, axes), norm))
derivative(np.fft.ifftn,  lambda a, s=None, axes=None, norm=None, out=None: np.fft.ifftn(a, s, axes, norm),
           a=lambda g, a_shape, s, axes, norm: backwards(np.fft.ifft, g, steps(a_shape, s, axes), norm))
derivative(np.fft.rfftn,  lambda a, s=None, axes=None, norm=None, out=None: np.fft.rfftn(a, s, axes, norm),
           a=lambda g, a_shape, s, axes, norm: of_rfftn(g, a_shape, s, axes, norm))
derivative(np.fft.irfftn, lambda a, s=None, axes=None, norm=None, out=None: np.fft.irfftn(a, s, axes, norm),
           a=lambda g, a_shape, s, axes, norm: of_irfftn(g, a_shape, s, axes, norm))
derivative(np.fft.fft2,   lambda a, s=None, axes=(-2, -1), norm=None, out=None: np.fft.fft2(a, s, axes, norm),
           a=lambda g, a_shape, s, axes, norm: backwards(np.fft.fft, g, steps(a_shape, s, axes), norm))
derivative(np.fft.ifft2,  lambda a, s=None, axes=(-2, -1), norm=None, out=None: np.fft.ifft2(a, s, axes, norm),
           a=lambda g, a_shape, s, axes, norm: backwards(np.fft.ifft, g, steps(a_shape, s, axes), norm))
derivative(np.fft.rfft2,  lambda a, s=None, axes=(-2, -1), norm=None, out=None: np.fft.rfft2(a, s, axes, norm),
           a=lambda g, a_shape, s, axes, norm: of_rfftn(g, a_shape, s, axes, norm))
derivative(np.fft.irfft2, lambda a, s=None, axes=(-2, -1), norm=None, out=None: np.fft.irfft2(a, s, axes, norm),
           a=lambda g, a_shape, s, axes, norm: of_irfftn(g, a_shape, s, axes, norm))

derivative(np.fft.fftshift,  lambda x, axes=None: np.fft.fftshift(x, axes),
           x=lambda g, axes: np.fft.ifftshift(g, axes))
derivative(np.fft.ifftshift, lambda x, axes=None: np.fft.ifftshift(x, axes),
           x=lambda g, axes: np.fft.fftshift(g, axes))
# fmt: on
