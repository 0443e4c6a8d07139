"""The judge: are claimed slopes the numerical ones, and if not, where is it worst?

Small inputs are moved element by element.  Large ones are moved in blocks, along random directions, and a block that disagrees is
split until the wrong element is found; then the judge says what it saw, and what the mistake looks like (`diagnosis`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import GradcheckError
from .diagnosis import Evidence, diagnose, number
from .function import FlatFunction, Slot, step_sizes
from .numerical import DOUBLE, Direction, Slopes, one_by_one, slopes

SINGLY = 2000  # up to so many elements each is moved alone


class Judge:
    """Compares slopes, keeps a tally, and raises GradcheckError where they disagree.

    Parameters
    ----------
    function : FlatFunction
    rtol : float
    bits : int
        Of the fraction of the dtype that the function computes in.
    rng : numpy.random.Generator

    Attributes
    ----------
    cotangents : ndarray of shape (2, m)
    compared : int
        How many slopes have been compared.
    largest : float
        The largest difference so far, relative to the slope.
    lenient : bool
        Whether a NaN that is claimed passes, because f is not finite at the point.
    """

    def __init__(self, function: FlatFunction, rtol: float, bits: int, rng: np.random.Generator, outputs: int) -> None:
        self.function, self.rtol, self.bits, self.rng = function, max(rtol, 2.0 ** (-0.6 * bits)), bits, rng
        self.compared, self.largest, self.lenient = 0, 0.0, False
        self.cotangents = self.random_signed((2, outputs))

    def random_signed(self, shape: tuple[int, ...]) -> Any:
        """Numbers of both signs and of few digits, from 0.25 to 2.5 in magnitude, none of them ±1."""
        magnitude = self.rng.integers(16, 160, shape) / 64
        return np.where(magnitude == 1, 1.25, magnitude) * self.rng.choice([-1.0, 1.0], shape)

    def slot(self, flat: int) -> Slot:
        """The input that an element of the flat vector belongs to."""
        return next(s for s in self.function.slots if s.range.start <= flat < s.range.stop)

    def blocks(self, z: Any, most: int) -> list[Direction]:
        """Directions that together move every element: single elements, or at most so many blocks of them."""
        if z.size <= most:
            return one_by_one(self.function, z)
        directions = []
        for slot in self.function.slots:
            count = max(1, most * (slot.range.stop - slot.range.start) // z.size // (8 if most == SINGLY else 1))
            directions += [self.block(z, part) for part in np.array_split(np.arange(slot.range.start, slot.range.stop), count) if part.size]
        return directions

    def block(self, z: Any, index: Any) -> Direction:
        """A random direction that moves these elements, each by about its own size."""
        return Direction(index, step_sizes(z[index]) * self.random_signed(index.shape) / 2)

    def split(self, z: Any, block: Direction) -> list[Direction]:
        """A block in up to eight pieces."""
        parts = np.array_split(block.index, min(8, block.index.size))
        return [self.block(z, part) if part.size > 1 else Direction(int(part[0]), float(step_sizes(z[part])[0])) for part in parts]

    def claims(self, gradients: Any, directions: list[Direction]) -> Any:
        """The slopes that the gradients, of shape (2, n), claim: shape (directions, 2)."""
        return np.stack([gradients[:, d.index] * d.step if np.ndim(d.index) == 0 else gradients[:, d.index] @ d.step for d in directions])

    def compare(
        self,
        values: Callable[[Any], Any],
        z: Any,
        gradients: Any,
        directions: list[Direction],
        size: Any,
        what: str,
        *,
        oracle: Callable[[list[Direction]], Any] | None = None,
        found: Slopes | None = None,
        refuse: bool = True,
    ) -> Slopes:
        """Compare claimed slopes with numerical ones, found already or not; a block that fails is split down to its worst element.

        What cannot be judged is refused, or else let pass.
        """
        found = found or slopes(values, z, directions, size, bits=self.bits, rtol=self.rtol)
        if oracle is not None:
            found = self.sharpened(found, oracle, directions, size)
        suspect = self.suspects(found, gradients, directions, size, refuse)
        doubtful = [d for d, s in zip(directions, suspect) if s]
        if pieces := [piece for d in doubtful if np.ndim(d.index) for piece in self.split(z, d)]:
            self.compare(values, z, gradients, pieces, size, what, refuse=refuse)
        if doubtful := [d for d in doubtful if not np.ndim(d.index)]:
            again = slopes(values, z, doubtful, size, bits=self.bits, rtol=self.rtol, thorough=True)
            still = self.suspects(again, gradients, doubtful, size, refuse)
            if np.any(still):
                self.fail(values, z, gradients, [d for d, s in zip(doubtful, still) if s], again.where(still), what, len(directions))
        self.tally(found, gradients, directions, size)
        return found

    def sharpened(self, found: Slopes, oracle: Any, directions: list[Direction], size: Any) -> Slopes:
        """Numerical slopes replaced by complex-step ones where the two agree and the former are resolved."""
        try:
            exact = oracle(directions)
        except Exception:
            return found
        agrees = (np.abs(exact - found.value) <= 3 * found.error) & (np.abs(found.value) > 10 * found.error)
        error = np.ldexp(8 * np.abs(exact), -self.bits)
        return Slopes(np.where(agrees, exact, found.value), np.where(agrees, error, found.error), found.sound)

    def suspects(self, found: Slopes, gradients: Any, directions: list[Direction], size: Any, refuse: bool) -> Any:
        """Which directions disagree, or cannot be judged."""
        difference = np.abs(self.claims(gradients, directions) - found.value)
        wrong = ~(difference <= self.tolerance(found, gradients, directions, size))
        if self.lenient:  # f is not finite here: a NaN gradient agrees with that
            wrong &= ~np.isnan(difference)
        return np.any(wrong, axis=1) | ~found.sound if refuse else np.any(wrong, axis=1) & found.sound

    def tolerance(self, found: Slopes, gradients: Any, directions: list[Direction], size: Any) -> Any:
        """What is allowed: a part of the slope, the error of the numerical one, and the rounding of the analytic one."""
        scale = np.max(np.abs(found.value), axis=1, keepdims=True)
        largest = np.max(np.abs(gradients[np.isfinite(gradients)]), initial=0)
        rounding = largest * np.array([[np.sum(np.abs(d.step))] for d in directions]) + size
        return self.rtol * scale + 3 * found.error + np.ldexp(64 * rounding, -self.bits)

    def tally(self, found: Slopes, gradients: Any, directions: list[Direction], size: Any) -> None:
        self.compared += found.value.size
        difference = np.abs(self.claims(gradients, directions) - found.value)
        scale = np.max(np.abs(found.value), axis=1, keepdims=True)
        resolved = (scale > 1e3 * found.error) & np.isfinite(difference)
        self.largest = max(self.largest, float(np.max(np.where(resolved, difference / np.where(scale > 0, scale, 1), 0), initial=0)))

    def fail(self, values: Any, z: Any, gradients: Any, directions: list[Direction], found: Slopes, what: str, total: int) -> None:
        """Raise, with the worst of the directions that disagree."""
        claimed = self.claims(gradients, directions)
        if not np.all(found.sound):
            self.fail_at_kink(z, directions[int(np.argmin(found.sound))], gradients, what)
        size = np.max(np.abs(found.value), axis=1, keepdims=True) + np.abs(claimed)
        relative = np.abs(claimed - found.value) * np.sqrt(size)
        k, c = np.unravel_index(int(np.nanargmax(relative)) if not np.all(np.isnan(relative)) else 0, relative.shape)
        direction = directions[k]
        single = np.ndim(direction.index) == 0
        step = float(direction.step) if single else 1.0
        slot = self.slot(direction.index if single else direction.index[0])
        place = f"element {slot.element(direction.index)}" if single else f"{np.size(direction.index)} elements together"
        outputs = ", ".join(f"shape {shape}, {dtype}" for shape, dtype in self.function.outputs)
        kind, second = "elements" if single else "blocks", "second" in what
        lines = [
            f"{slot}, {place}: {what} is {number(claimed[k, c] / step)}, "
            f"numerically {number(found.value[k, c] / step)} ± {found.error[k, c] / step:.1e}.",
            f"  output: {outputs}; wrong in {len(directions)} of {total} {kind}.",
        ]
        if self.cotangents.shape[1] <= 6 and slot.range.stop - slot.range.start <= 12 and not second:
            lines.append(f"  at the input {z[slot.range].reshape(slot.shape).tolist()} with the cotangent {self.cotangents[c].tolist()}.")
        lines.append("  Diagnosis: " + diagnose(Evidence(self.function, z, self.cotangents, gradients, slot, directions, found, second)))
        raise GradcheckError("\n".join(lines))

    def fail_at_kink(self, z: Any, direction: Direction, gradients: Any, what: str) -> None:
        """Raise, with the slopes on either side of where f has a kink or is not defined."""
        index, step = direction
        slot = self.slot(index if np.ndim(index) == 0 else index[0])
        place = f"{slot}, " + (f"element {slot.element(index)}" if np.ndim(index) == 0 else f"{np.size(index)} elements together")
        t, jumps = 2.0 ** -round(0.33 * self.bits), []
        for scale in (t, t / 16):
            ahead, behind = z.copy(), z.copy()
            ahead[index] += scale * step
            behind[index] -= scale * step
            here, right, left = (self.function.values(x) for x in (z, ahead, behind))
            unit = scale * (step if np.ndim(index) == 0 else 1)
            jumps.append(((here - left) / unit, (right - here) / unit))
        (left, right), (near_left, near_right) = jumps
        jump = np.abs(near_right - near_left)
        if not np.all(np.isfinite(jump)):
            side = "above" if np.any(~np.isfinite(near_right)) else "below"
            raise GradcheckError(f"{place}: not differentiable here: f is not finite just {side} {z[index]}. Choose a point inside its domain.")
        j = int(np.argmax(jump))
        if jump[j] > 0 and abs((right - left)[j] - (near_right - near_left)[j]) <= 0.5 * jump[j]:
            claim = float(np.sum(self.function.gradient(z, np.eye(1, here.size, j)[0])[index] * (1 if np.ndim(index) == 0 else step)))
            low, high = sorted((near_left[j], near_right[j]))
            margin = 1e-4 * (high - low)
            raise GradcheckError(
                f"{place}: not differentiable here: one-sided slopes {short(near_left[j])} and {short(near_right[j])} (of output element {j}).\n"
                f"  The gradient, {short(claim)}, {'lies' if low - margin <= claim <= high + margin else 'does not even lie'} between them. "
                "At a kink it is a convention, which no numerical derivative can confirm: choose another point."
            )
        raise GradcheckError(
            f"{place}: {what} cannot be judged: the numerical derivative is another one at each step. f changes too wildly here, or "
            f"its changes are lost in its rounding errors{'' if self.bits == DOUBLE else ' (it computes with few digits: give float64 inputs)'}."
        )


def short(x: float) -> str:
    return f"{x:.4g}".replace("-", "−")
