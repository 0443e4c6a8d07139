"""A closer look along one direction: f at steps of every size, from large ones to the smallest that count.

A slope is believed where neighbouring steps agree on it, to within what their own errors and the rounding of
f allow.  So it is found for inputs of any magnitude, for functions that bend on a scale of their own, and
beside other elements that are huge or tiny; a kink is what looks the same at every step; and where no two
steps agree nothing is claimed.
"""

from typing import Any

import numpy as np

from .adapter import DOUBLE
from .differences import Direction, VectorFunction
from .leaves import Array

_POWERS = (0.04, 0.13, 0.23, 0.33, 0.42, 0.52, 0.62, 0.71, 0.81, 0.90)  # of the rounding error, as steps
_AT_KINKS = slice(3, 6), slice(7, 10)  # the steps at which a kink is looked for: middling ones, the smallest
_WIDEST = 4.0  # steps reach up to 2⁴, if the element is smaller
_FINE, _SPREAD = 0.01, 8.0  # a believable spread of a slope: relative to itself, or to the rounding error


class Ladder:
    """Slopes of a vector function along one direction, at many steps.

    Parameters
    ----------
    function : callable
        From a vector of shape (n,) to one of shape (m,).
    z : ndarray of shape (n,)
    base : ndarray of shape (m,)
        The function at z.
    direction : Direction
    bits : int
        Of the fraction of the dtype that the function computes in.

    Attributes
    ----------
    moved : ndarray of shape (m,), bool
        The outputs that any of the steps changed.
    """

    def __init__(
        self, function: VectorFunction, z: Array, base: Array, direction: Direction, bits: int = DOUBLE
    ) -> None:
        self.base, self.bits = base, bits
        self.at_zero = direction.single and z[direction.index] == 0
        usual = [float(-round(power * bits)) for power in _POWERS]
        powers = list(usual)
        if direction.single:
            room = _WIDEST - np.log2(direction.step)
            powers += [*np.arange(usual[0] + 5, min(room, 990) + 1, 5)]
            powers += [-60.0, -80.0, -120.0] if self.at_zero else []
        powers.sort(reverse=True)
        self.widest = powers.index(usual[0])  # the place of the largest of the usual steps
        self.threes = [slice(k, k + 3) for k in range(len(powers) - 2)]
        at_kinks = [slice(self.widest + s.start, self.widest + s.stop) for s in _AT_KINKS]
        self.looks = self.threes if self.at_zero else at_kinks
        self.t = t = np.exp2(powers)[:, None]
        samples = np.empty((4, len(powers), base.size))  # at t, −t, 2t and −2t
        for row, factor in zip(samples, (1, -1, 2, -2)):
            row[:] = [function(direction.moved(z, factor * step)) for step in t[:, 0]]
        ahead, behind, far_ahead, far_behind = samples
        self.reach = np.max(np.abs(samples), axis=0)  # f may be larger there, and its rounding errors with it
        self.moved = np.any(samples != base, axis=(0, 1))
        self.right, self.left = (ahead - base) / t, (base - behind) / t
        self.near, self.far = (ahead - behind) / (2 * t), (far_ahead - far_behind) / (4 * t)
        bend, far_bend = self.right - self.left, ((far_ahead - base) - (base - far_behind)) / (2 * t)
        self.unsmooth = far_bend - 2 * bend  # zero for a parabola

    def slope(self, weights: Array, terms: Array) -> tuple[Any, Any] | None:
        """The derivative of ``weights @ f`` and its error, from the steps that agree best; None if none do.

        Parameters
        ----------
        weights : ndarray of shape (c, m)
        terms : ndarray of shape (m,)
            The magnitude of the terms that make up each output; times 2**-bits it is its rounding error.
        """
        near, far, unsmooth = (array @ weights.T for array in (self.near, self.far, self.unsmooth))  # (k, c)
        noise = np.ldexp(np.maximum(self.reach, terms) @ np.abs(weights.T), 1 - self.bits) / self.t
        value = near + (near - far) / 3
        spread = np.abs(near - far) / 3 + self._excess(np.abs(unsmooth), noise)
        error = spread + noise + np.ldexp(np.abs(value), 1 - self.bits) / self.t  # f may round its input, too
        believed = self._believed(value, spread, noise, error)
        if not believed.size:
            return None
        best = believed[-1]
        for k in believed[-2::-1]:  # larger steps are rounded less, as long as they tell of the same slope
            if np.any(np.abs(value[k] - value[best]) > 1.5 * (error[k] + error[best])):
                break
            best = k if np.max(error[k]) < np.max(error[best]) else best
        as_good = [k for k in believed if np.all(error[k] <= 10 * error[best])]
        return value[best], np.maximum(error[best], np.max(np.abs(value[as_good] - value[best]), axis=0))

    def _excess(self, unsmooth: Array, noise: Array) -> Array:
        """The unsmoothness that counts as an error: none where it falls as that of smooth functions does."""
        if self.bits == DOUBLE:
            before, after = unsmooth[:-1], unsmooth[1:]
            usual = np.maximum(before / 16, np.minimum(_SPREAD * noise[1:], before / 2))  # not so at a kink
            before[after <= usual] = 0
        return unsmooth

    def _believed(self, value: Array, spread: Array, noise: Array, error: Array) -> Array:
        """The steps at which a slope is believed: neighbours agree on it, or it shrinks towards zero."""
        scale = np.max(np.abs(value), axis=1, keepdims=True)
        usual = self.t <= self.t[self.widest]  # beyond, f may be flat, and tell nothing of its slope here
        good = np.all((spread <= _FINE * scale) | ((spread <= _SPREAD * noise) & usual), axis=1)
        good &= np.all(np.isfinite(error), axis=1)
        close = np.all(np.abs(value[1:] - value[:-1]) <= error[1:] + error[:-1], axis=1)
        agree = close & good[1:] & good[:-1]
        if self.bits < DOUBLE:  # the steps of coarse dtypes lie closer together: three must agree
            agree = _either(agree[1:] & agree[:-1])
        largest = np.max(error, axis=1)
        shrinks = largest[1:] <= largest[:-1] / 4
        vanishing = np.append([False, False], shrinks[1:] & shrinks[:-1])
        return np.flatnonzero(_either(agree) | vanishing)

    def kink(self, terms: Array, error: float | None = None) -> tuple[int, float, float] | None:
        """The output with the largest kink here, and its one-sided slopes; None if there is no kink.

        If the slope is known to within an error only, kinks that are larger, and show at any steps, count
        too.
        """
        noise = np.ldexp(np.maximum(self.reach, terms), 3 - self.bits) / self.t
        steadiness = max(0.03, 2.0 ** (-0.2 * self.bits))
        for steps in self.looks if error is None else self.threes:
            right, left, t = self.right[steps], self.left[steps], self.t[steps]
            jump = np.abs(right[1] - left[1])
            slight = 1e-3 * np.maximum(np.abs(right[1]), np.abs(left[1]))
            steady = [np.ptp(side, axis=0) <= steadiness * jump for side in (right, left)]
            found = steady[0] & steady[1] & (jump > noise[steps][1] + slight) & np.isfinite(jump)
            if self.at_zero:  # zero has no size of its own: is f smooth at steps that are much smaller?
                deep = np.abs(self.right - self.left) + noise
                found &= ~np.any((self.t < t[-1]) & (deep <= 0.1 * jump), axis=0)
            if error is not None:
                found &= error > 0.1 * jump
            if np.any(found):
                j = int(np.argmax(np.where(found, jump, -1)))
                return j, float(left[1, j]), float(right[1, j])
        return None

    def jump(self, terms: Array) -> tuple[int, float, str] | None:
        """The output that jumps here, by how much, and on which side; None if none does."""
        nearby = np.max(np.where(np.isfinite(self.reach), self.reach, 0), axis=0)
        # Numbers that cancel within f may be as large as any output, and so may their rounding.
        largest = np.max(np.maximum(nearby, terms), initial=0)
        noise = np.ldexp(largest, 3 - self.bits)
        for steps in self.looks:
            for side, slopes in (("below", self.left), ("above", self.right)):
                heights = slopes[steps] * self.t[steps]
                size = np.abs(heights[-1])
                found = (np.ptp(heights, axis=0) <= 0.1 * size) & (size > noise) & np.isfinite(size)
                if np.any(found):
                    j = int(np.argmax(np.where(found, size, -1)))
                    return j, float(heights[-1, j]), side
        return None

    def undefined(self) -> str | None:
        """The side on which f is not finite at any step, however small; None if there is no such side."""
        for side, slopes in (("above", self.right), ("below", self.left)):
            if np.all(np.any(~np.isfinite(slopes), axis=1)):
                return side
        return None


def _either(pairs: Array) -> Array:
    """Of k + 1 things in a row, those that belong to one of the k pairs of neighbours that are marked."""
    return np.append(pairs, False) | np.append(False, pairs)
