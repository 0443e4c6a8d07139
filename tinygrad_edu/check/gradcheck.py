"""gradcheck: is the derivative that ``backward()`` computes the derivative of the function?

What it asks, in this order, and what a failure says:

1. Is there anything to check?  ("nothing was checked")
2. Does f give the same result twice?  ("nondeterministic")
3. Do f and its rules leave alone what they are given, and are the gradients arrays of their own?
4. Is f differentiable here?  ("not differentiable here: one-sided slopes −1 and 1")
5. Is every element of the gradient what numerical derivatives say, for cotangents of both signs, none of them 1?
6. Is the gradient linear in the cotangent?
7. Is the gradient of the gradient right?
8. Is all that so at a point nearby, where symmetric data are no longer symmetric?
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import GradcheckError, TinygradError
from .diagnosis import Evidence, diagnose, number
from .function import FlatFunction, ReadOnly
from .numerical import DOUBLE, Direction, Slopes, bits_of, complex_slopes, one_by_one, slopes, step_sizes

SINGLY = 2000  # up to so many elements, each is moved alone; beyond, and in further checks, in blocks that are split where they fail


@dataclass(frozen=True)
class Report:
    """What a check that passed has looked at.

    Attributes
    ----------
    elements : int
        Elements of the inputs that were differentiated.
    values : int
        Comparisons of an analytic with a numerical derivative.
    largest_error : float
        The largest difference between the two, relative to the size of the derivative.
    notes : tuple of str
        What could not be checked, and why; mostly empty.
    """

    elements: int
    values: int
    largest_error: float
    notes: tuple[str, ...] = field(default=())


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    argnums: int | Sequence[int] | None = None,
    second_order: bool = True,
    rtol: float = 1e-6,
    equal_nan: bool = False,
    rng: np.random.Generator | int | None = 0,
) -> Report:
    """Check the gradients of a function against numerical derivatives.

    Parameters
    ----------
    f : callable
        Takes the inputs by position and returns a Tensor, or a tuple, list or dict of Tensors.  It should be deterministic.
    *inputs : Tensor, array or anything else
        Floating tensors and arrays are differentiated (also those that do not require gradients); anything else is handed
        to f as it is.  Prefer generic values of both signs: none at a kink, no two equal.
    argnums : int or sequence of int, optional
        The positions of the inputs to differentiate instead.
    second_order : bool, default=True
        Check the gradient of the gradient too.
    rtol : float, default=1e-6
        The relative error that is allowed beyond the numerical derivative's own estimate of its error.
    equal_nan : bool, default=False
        Accept outputs that are NaN or infinite at the given point, and NaN gradients where f is not finite.
    rng : numpy.random.Generator or int, default=0
        For the cotangents and directions; None draws fresh entropy.

    Returns
    -------
    Report
        How much was checked.  It is true, so that ``assert gradcheck(f, x)`` reads well.

    Raises
    ------
    GradcheckError
        If a derivative is wrong, or nothing can be said of it.  The message names the input, its worst element, both values, and
        what the mistake looks like.

    Notes
    -----
    float16 and float32 inputs are checked in float64, where f allows; their own gradients are then compared with that.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> report = gradcheck(np.exp, np.array([0.5, -1.0]))
    >>> report.elements
    2
    >>> @tg.primitive(x=lambda g, x: g * x)
    ... def squared(x):
    ...     return x * x
    >>> gradcheck(squared, np.array([3.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    tinygrad_edu.errors.GradcheckError: ...
      Diagnosis: 0.5 times what it should be. A factor 1/2 is missing or one too many.
    """
    positions = [argnums] if isinstance(argnums, int) else argnums
    generator = np.random.default_rng(rng)
    with np.errstate(all="ignore"):
        given = FlatFunction(f, inputs, positions)
        if not given.slots:
            raise GradcheckError("nothing was checked: no input is a floating tensor or array, so there is nothing to differentiate.")
        double = _in_double(given, f, inputs, positions)
        check = _Check(double or given, rtol, equal_nan, generator)
        check.preliminaries()
        check.first_order(check.function.point, check.blocks(check.function.point, SINGLY), "", analytic=True)
        check.linearity()
        if second_order and check.finite:
            check.second_order(check.function.point, 8)
        if check.finite:
            check.nearby()
        if double is not None and double is not given:
            check.coarse(given)
    return Report(check.function.point.size, check.compared, check.largest, tuple(check.notes))


def _in_double(given: FlatFunction, f: Callable[..., Any], inputs: Sequence[Any], positions: Sequence[int] | None) -> FlatFunction | None:
    """The function computing in float64, if it can: the given one, or one with converted inputs, or None."""
    if all(slot.dtype.itemsize >= 8 for slot in given.slots):
        return given if bits_of(given) == DOUBLE else None
    value = given.values(given.point)
    try:
        double = FlatFunction(f, inputs, positions, np.float64)
        exact = double.values(double.point)
    except Exception:
        return None
    same = exact.shape == value.shape and np.allclose(exact, value, rtol=0.05, atol=0.05 * np.max(np.abs(exact), initial=0), equal_nan=True)
    return double if same and bits_of(double) == DOUBLE else None


class _Check:
    """One run of gradcheck: the function, the two cotangents, and a tally."""

    def __init__(self, function: FlatFunction, rtol: float, equal_nan: bool, rng: np.random.Generator) -> None:
        self.function, self.equal_nan, self.rng = function, equal_nan, rng
        self.compared, self.largest, self.notes = 0, 0.0, list[str]()
        self.base = function.values(function.point)
        if not self.base.size:
            raise GradcheckError("nothing was checked: f has no floating output, or an empty one.")
        if not function.point.size:
            raise GradcheckError(f"nothing was checked: {', '.join(map(str, function.slots))} has no elements.")
        self.bits = bits_of(function)
        self.rtol = max(rtol, 2.0 ** (-0.6 * self.bits))
        self.defined = np.isfinite(self.base)
        self.finite = bool(np.all(self.defined))
        if not self.finite and not equal_nan:
            raise GradcheckError(
                f"f is not finite here: output element {int(np.argmin(self.defined))} is {self.base[~self.defined][0]}.\n"
                "  Choose another point, or pass equal_nan=True to count NaN on both sides as agreement."
            )
        self.cotangents = self.random_signed((2, self.base.size))

    def random_signed(self, shape: tuple[int, ...]) -> Any:
        """Numbers of both signs and of few digits, from 0.25 to 2.5 in magnitude, none of them ±1."""
        magnitude = self.rng.integers(16, 160, shape) / 64
        return np.where(magnitude == 1, 1.25, magnitude) * self.rng.choice([-1.0, 1.0], shape)

    # ---- 1 to 3: before any derivative -----------------------------------------------------------------------------

    def preliminaries(self) -> None:
        """A graph, determinism, nothing changed and nothing shared; keeps the gradients of the two cotangents."""
        function, z, u = self.function, self.function.point, self.cotangents
        again = function.values(z)
        first = self.attempt(lambda: function.pull(z, u[0]), "the backward pass")
        if not first.has_graph:
            raise GradcheckError("nothing was checked: no output has a graph. Was it computed from x.data, x.detach(), or under no_grad?")
        second = self.attempt(lambda: function.pull(z, u[0], inspector=ReadOnly()), "the backward pass")
        for other in (again, first.value(), second.value()):
            if not self.same(other, self.base):
                worst = int(np.nanargmax(np.abs(other - self.base))) if other.shape == self.base.shape else 0
                raise GradcheckError(
                    "f is nondeterministic: called twice with the same inputs it gave "
                    + (f"{self.base[worst]!s} and {other[worst]!s} in output element {worst}." if other.shape == self.base.shape else "different shapes.")
                    + "\n  Fix its random numbers (draw a mask once, or pass a seed inside f); nothing can be said about its gradient otherwise."
                )
        if not self.same(first.flat(), second.flat()):
            raise GradcheckError("the backward pass is nondeterministic: run twice on the same inputs and cotangent, it gave different gradients.")
        first.check_ownership()
        self.gradients = np.stack([first.flat(), function.gradient(z, u[1])])
        if not self.equal_nan and not np.all(np.isfinite(self.gradients)):
            k, i = np.argwhere(~np.isfinite(self.gradients))[0]
            slot = self.slot(i)
            raise GradcheckError(f"{slot}, element {slot.element(i)}: its gradient is {self.gradients[k, i]}, where f is finite.")

    def attempt(self, run: Callable[[], Any], what: str) -> Any:
        try:
            return run()
        except GradcheckError:
            raise
        except TinygradError as error:
            raise GradcheckError(f"{what} failed: {type(error).__name__}: {error}") from error

    def same(self, a: Any, b: Any) -> bool:
        return a.shape == b.shape and np.allclose(a, b, rtol=2.0 ** (12 - self.bits), atol=2.0 ** (12 - self.bits) * np.max(np.abs(b[np.isfinite(b)]), initial=0), equal_nan=True)

    def slot(self, flat: int) -> Any:
        return next(s for s in self.function.slots if s.range.start <= flat < s.range.stop)

    # ---- 4 and 5: the first derivative --------------------------------------------------------------------------------

    def blocks(self, z: Any, most: int) -> list[Direction]:
        """Directions that together move every element: single elements, or at most so many blocks of them."""
        if z.size <= most:
            return one_by_one(z, self.function.slots)
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

    def first_order(self, z: Any, directions: list[Direction], where: str, *, analytic: bool = False) -> None:
        """Compare the gradients with numerical slopes at a point."""
        function, given = self.function, z is self.function.point
        weights = np.where(self.defined, self.cotangents, 0)
        gradients = self.gradients if given else np.stack([function.gradient(z, u) for u in self.cotangents])
        values = lambda x: weights @ (function.values(x) if self.finite else np.where(self.defined, function.values(x), 0))
        size = np.abs(weights) @ np.abs(np.where(self.defined, self.base if given else function.values(z), 0))
        oracle = self.complex_oracle(weights, z) if analytic and self.finite and self.bits == DOUBLE else None
        found = self.compare(values, z, gradients, directions, size, "the gradient" + where, oracle=oracle)
        if given and not np.any(np.abs(found.value) > 4 * found.error) and not np.any(self.claims(gradients, directions) > 4 * found.error):
            self.demand_dependence(z)

    def complex_oracle(self, weights: Any, z: Any) -> Callable[[list[Direction]], Any] | None:
        """Slopes by the complex step, where f computes with complex numbers at all."""
        import warnings

        def oracle(directions: list[Direction]) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return complex_slopes(self.function, weights, z, directions)

        try:
            oracle([self.block(z, np.arange(z.size))])
        except Exception:
            return None
        return oracle

    def claims(self, gradients: Any, directions: list[Direction]) -> Any:
        """The slopes that the gradients claim: shape (directions, cotangents)."""
        return np.stack([gradients[:, d.index] * d.step if np.ndim(d.index) == 0 else gradients[:, d.index] @ d.step for d in directions])

    def compare(
        self, values: Callable[[Any], Any], z: Any, gradients: Any, directions: list[Direction], size: Any, what: str, *, oracle: Any = None
    ) -> Slopes:
        """Compare claimed slopes with numerical ones; where a block fails, split it down to its worst element."""
        found = slopes(values, z, directions, size, bits=self.bits, rtol=self.rtol)
        if oracle is not None:
            found = self.sharpened(found, oracle, directions, size)
        suspect = self.suspects(found, gradients, directions, size)
        doubtful = [d for d, s in zip(directions, suspect) if s]
        if pieces := [piece for d in doubtful if np.ndim(d.index) for piece in self.split(z, d)]:
            self.compare(values, z, gradients, pieces, size, what)
        if doubtful := [d for d in doubtful if not np.ndim(d.index)]:
            again = slopes(values, z, doubtful, size, bits=self.bits, rtol=self.rtol, thorough=True)
            still = self.suspects(again, gradients, doubtful, size)
            if np.any(still):
                self.fail(values, z, gradients, [d for d, s in zip(doubtful, still) if s], Slopes(*(part[still] for part in again)), what, len(directions))
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

    def suspects(self, found: Slopes, gradients: Any, directions: list[Direction], size: Any) -> Any:
        """Which directions disagree, or cannot be judged."""
        difference = np.abs(self.claims(gradients, directions) - found.value)
        wrong = ~(difference <= self.tolerance(found, gradients, directions, size))
        if not self.finite:  # f is not finite here: a NaN gradient agrees with that
            wrong &= ~np.isnan(difference)
        return np.any(wrong, axis=1) | ~found.sound

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

    def demand_dependence(self, z: Any) -> None:
        """All slopes are zero, and so is the gradient: a step function is right, a constant was not checked at all."""
        for factor in (3.0, -1.7, 0.3):
            moved = factor * z + self.random_signed(z.shape) * np.concatenate([step_sizes(z[s.range]) for s in self.function.slots])
            other = self.function.values(moved)
            if not np.allclose(other, self.base, rtol=2.0 ** (4 - self.bits), atol=0, equal_nan=True):
                return
        raise GradcheckError("nothing was checked: the output does not depend on any input, whatever their values. Is it computed from them?")

    # ---- 6: linearity ----------------------------------------------------------------------------------------------------

    def linearity(self) -> None:
        """pull(a·u + w) = a·pull(u) + pull(w), with a large a, so that a rule that clips its gradient is found too."""
        (u, w), (by_u, by_w), a = self.cotangents, self.gradients, -1234.5
        if self.bits < 20:
            a = -3.5
        got = self.function.gradient(self.function.point, a * u + w)
        want = a * by_u + by_w
        terms = np.abs(a * by_u) + np.abs(by_w)
        bad = ~(np.abs(got - want) <= self.rtol * terms + np.ldexp(64 * np.max(terms[np.isfinite(terms)], initial=0), -self.bits)) & np.isfinite(want)
        if np.any(bad):
            i = int(np.argmax(np.where(bad, np.abs(got - want), -1)))
            slot = self.slot(i)
            raise GradcheckError(
                f"{slot}, element {slot.element(i)}: the gradient is not linear in the cotangent g.\n"
                f"  pull({a}·u + w) = {number(got[i])}, but {a}·pull(u) + pull(w) = {number(want[i])}.\n"
                "  Diagnosis: the rule uses g in a way that is not linear (a power, a clip, a condition on g)."
            )

    # ---- 7 and 8: the second derivative, and another point --------------------------------------------------------------

    def second_order(self, z: Any, most: int) -> None:
        """Compare the gradient of ⟨v, gradient⟩ with the numerical slopes of ⟨v, gradient⟩."""
        function, u = self.function, self.cotangents[0]
        vs = self.random_signed((2, z.size))
        advice = "\n  Second order needs rules made of differentiable functions; second_order=False checks the first derivative alone."
        try:
            gradient, by_input, by_cotangent = function.second(z, u, vs)
        except GradcheckError:
            raise
        except TinygradError as error:
            raise GradcheckError(f"the gradient of the gradient failed: {type(error).__name__}: {error}{advice}") from error
        plain = function.gradient(z, u)
        if not self.same(gradient, plain):
            i = int(np.argmax(np.abs(gradient - plain)))
            slot = self.slot(i)
            raise GradcheckError(
                f"{slot}, element {slot.element(i)}: with create_graph=True the gradient is {number(gradient[i])}, without it {number(plain[i])}."
            )
        for v, pushed in zip(vs, by_cotangent):  # ⟨v, Jᵀw⟩ = ⟨J v, w⟩, and J v is the gradient of ⟨v, Jᵀu⟩ in u
            w = self.cotangents[1]
            terms = v * function.gradient(z, w)
            if abs(np.sum(terms) - pushed @ w) > 1e3 * self.rtol * np.sum(np.abs(terms)) + np.ldexp(64 * np.sum(np.abs(pushed * w)), -self.bits):
                raise GradcheckError(
                    "second order: the gradient of ⟨v, Jᵀu⟩ in the cotangent u is not J v.\n"
                    f"  ⟨J v, w⟩ = {number(pushed @ w)}, ⟨v, Jᵀw⟩ = {number(np.sum(terms))}: differentiating the rule in g goes wrong."
                )
        values = lambda x: vs @ function.gradient(x, u)
        directions, size = self.blocks(z, most), np.abs(vs) @ np.abs(plain)
        second, found = np.stack(by_input), slopes(values, z, directions, size, bits=self.bits, rtol=self.rtol)
        if not np.all(found.sound):
            self.notes.append("the gradient is not differentiable here: its own gradient was not checked everywhere")
        directions = [d for d, sound in zip(directions, found.sound) if sound]
        if directions:
            self.compare(values, z, second, directions, size, "the gradient of ⟨v, gradient⟩ (second order)")

    def nearby(self) -> None:
        """The first derivative once more, a few percent away, where f is defined there."""
        function, z = self.function, self.function.point
        sizes = np.concatenate([step_sizes(z[s.range]) for s in function.slots])
        for zeros_too in (True, True, False):
            shift = self.random_signed(z.shape) * sizes / 64
            moved = z + (shift if zeros_too else np.where(z == 0, 0, shift))
            try:
                values = function.values(moved)
                if values.shape != self.base.shape or not np.all(np.isfinite(values)):
                    continue
                weights = self.cotangents
                directions = self.blocks(moved, 4)
                size = np.abs(weights) @ np.abs(values)
                found = slopes(lambda x: weights @ function.values(x), moved, directions, size, bits=self.bits, rtol=self.rtol)
            except Exception:  # not every function is defined nearby: integer-valued floats, sorted inputs, probabilities
                continue
            if np.all(found.sound):
                self.first_order(moved, directions, " at a point nearby (the inputs moved by a few percent)")
                return

    def coarse(self, given: FlatFunction) -> None:
        """The gradients of the given float32 or float16 inputs, against those in float64."""
        for u, exact in zip(self.cotangents, self.gradients):
            own = self.attempt(lambda u=u: given.gradient(given.point, u), "the backward pass")  # type: ignore[misc]
            for slot in given.slots:
                eps, part = float(np.finfo(slot.dtype).eps), slot.range
                allowed = eps**0.5 * (np.abs(exact[part]) + np.max(np.abs(exact[part][np.isfinite(exact[part])]), initial=0))
                bad = np.isfinite(exact[part]) & np.isfinite(own[part]) & ~(np.abs(own[part] - exact[part]) <= allowed)
                if np.any(bad):
                    i = part.start + int(np.argmax(np.where(bad, np.abs(own[part] - exact[part]), -1)))
                    raise GradcheckError(f"{slot}, element {slot.element(i)}: in {slot.dtype} its gradient is {number(own[i])}, in float64 {number(exact[i])}.")

    # ---- failing ----------------------------------------------------------------------------------------------------------

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
        lines = [
            f"{slot}, {place}: {what} is {number(claimed[k, c] / step)}, numerically {number(found.value[k, c] / step)} ± {found.error[k, c] / step:.1e}.",
            f"  output: {', '.join(f'shape {shape}, {dtype}' for shape, dtype in self.function.outputs)}; wrong in {len(directions)} of {total} {'elements' if single else 'blocks'}.",
        ]
        if self.base.size <= 6 and "second" not in what:
            lines.append(f"  at input {z[slot.range].reshape(slot.shape).tolist() if slot.range.stop - slot.range.start <= 12 else '…'}, cotangent {self.cotangents[c].tolist()}.")
        lines.append("  Diagnosis: " + diagnose(Evidence(self.function, z, self.cotangents, gradients, slot, directions, found, "second" in what)))
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
        if abs((right - left)[j] - (near_right - near_left)[j]) <= 0.5 * jump[j]:
            raise GradcheckError(
                f"{place}: not differentiable here: one-sided slopes {short(near_left[j])} and {short(near_right[j])} (of output element {j}).\n"
                "  At a kink the gradient is a convention, which no numerical derivative can confirm. Choose another point."
            )
        raise GradcheckError(
            f"{place}: {what} cannot be judged: the numerical derivative is lost in the rounding error of f "
            f"({'float64' if self.bits == DOUBLE else 'which computes with few digits: give float64 inputs'})."
        )


def short(x: float) -> str:
    return f"{x:.6g}".replace("-", "−")
