"""The steps of one check, in the order in which `gradcheck` takes them."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..errors import GradcheckError
from .adapter import DOUBLE, FlatFunction
from .claims import Claims, Oracle
from .diagnosis import number
from .differences import Direction, VectorFunction, complex_slopes, slopes
from .foreign import describe
from .judge import SINGLY, Judge
from .leaves import Array

Selection = Callable[[Array], Array]  # from values, or from cotangents, of all outputs to the same of some

DROWNED = 2.0**-16  # of the largest output: a wrong gradient of a smaller one would not show beside it
PARTLY = "second order was not checked everywhere"
COARSE = 2.0**-10  # of the median: an element that is smaller counts as one of that size where f is rounded


def near(a: Array, b: Array, tolerance: float) -> bool:
    """Whether two vectors are equal, beside their largest element."""
    largest = np.max(np.abs(b[np.isfinite(b)]), initial=0)
    return a.shape == b.shape and np.allclose(a, b, rtol=tolerance, atol=tolerance * largest, equal_nan=True)


class Check:
    """A function, what is known of it at its point, and the steps that look at its derivatives.

    Attributes
    ----------
    base : ndarray of shape (m,)
        The outputs at the point.
    defined : ndarray of shape (m,), bool
        Which of them are finite.
    slack : float
        What two runs of the same computation may differ by, if sums are split among threads.
    gradients : ndarray of shape (2, n)
        The analytic gradients for both of the judge's cotangents, once `preliminaries` has computed them.
    notes : list of str
        What was not checked, and why.
    """

    def __init__(
        self, function: FlatFunction, rtol: float, equal_nan: bool, rng: np.random.Generator
    ) -> None:
        self.function, self.z, self.equal_nan, self.notes = function, function.point, equal_nan, list[str]()
        self.base = function.values(self.z)
        if not self.base.size:
            raise GradcheckError("nothing was checked: f has no floating output, or an empty one.")
        if not self.z.size:
            inputs = ", ".join(map(str, function.slots))
            raise GradcheckError(f"nothing was checked: {inputs} has no elements.")
        self.defined = np.isfinite(self.base)
        self.finite = bool(np.all(self.defined))
        if not self.finite and not equal_nan:
            first = int(np.argmin(self.defined))
            raise GradcheckError(
                f"f is not finite here: output element {first} is {self.base[first]}.\n"
                "  Choose another point, or pass equal_nan=True to count NaN on both sides as agreement."
            )
        self.judge = Judge(function, rtol, rng, self.base.size)
        self.judge.lenient = not self.finite
        self.cotangents, self.bits, self.rtol = self.judge.cotangents, self.judge.bits, self.judge.rtol
        self.slack = 2.0 ** (12 - self.bits)

    # ---- the first derivative ------------------------------------------------------------------------------

    def preliminaries(self) -> None:
        """Is there a graph, is it the same twice, is nothing changed and nothing shared?"""
        function, z, u = self.function, self.z, self.cotangents
        second = function.pull(z, u[0])
        if not second.has_graph:
            ways = "x.data, x.detach(), or under no_grad"
            raise GradcheckError(f"nothing was checked: no output has a graph. Was it computed from {ways}?")
        first = function.pull(z, u[0])
        self.notes += describe(first.foreign(), function.f)
        for other in (function.values(z), first.value(), second.value()):
            if not near(other, self.base, self.slack):
                raise GradcheckError(
                    "f is nondeterministic: called twice with the same inputs, it gave "
                    f"{_first_difference(self.base, other)}.\n"
                    "  Fix its random numbers (draw a mask once, or seed inside f); nothing can be said "
                    "about its gradient otherwise."
                )
        by_first, by_second = first.flat(), second.flat()
        if not near(by_second, by_first, self.slack):
            found = f"run twice with the same cotangent, it gave {_first_difference(by_first, by_second)}"
            raise GradcheckError(f"the backward pass is nondeterministic: {found}.")
        first.check_ownership()
        self.gradients = np.stack([by_first, function.gradient(z, u[1])])
        if not self.equal_nan and not np.all(np.isfinite(self.gradients)):
            k, i = np.argwhere(~np.isfinite(self.gradients))[0]
            slot, value = function.slot(i), self.gradients[k, i]
            end = f"where f is finite{slot.way_out()}"
            raise GradcheckError(f"{slot.place(i)}: the gradient is {value}, {end}.")

    def first_order(self) -> None:
        """Every element of the gradients, against numerical derivatives."""
        judge, weights = self.judge, np.where(self.defined, self.cotangents, 0)
        claims = self._claims(self._where_defined, weights, self.gradients)
        directions = judge.blocks(self.z, SINGLY)
        if self.finite and self.bits == DOUBLE:
            claims = claims._replace(oracle=self._complex_step(weights))
        judge.compare(claims, directions)
        self.notes += judge.demand_decisions()
        if judge.flat:
            self._demand_dependence()
            why = "every slope is zero here, as far as can be told, and so is the gradient"
            self.notes.append(f"{why}: a factor in a rule would not show")

    def linearity(self) -> None:
        """pull(a·u + w) = a·pull(u) + pull(w); a is large, so that clipped gradients are found."""
        (u, w), (by_u, by_w), a = self.cotangents, self.gradients, -1234.5 if self.bits > 20 else -3.5
        got, want = self.function.gradient(self.z, a * u + w), a * by_u + by_w
        terms = np.abs(a * by_u) + np.abs(by_w)
        rounding = self._rounding(a * u, np.maximum(self.function.sizes(self.z), 1))
        rounding = np.ldexp(64 * (np.max(terms[np.isfinite(terms)], initial=0) + rounding), -self.bits)
        bad = ~(np.abs(got - want) <= self.rtol * terms + rounding) & np.isfinite(want)
        if np.any(bad):
            i = int(np.argmax(np.where(bad, np.abs(got - want), -1)))
            raise GradcheckError(
                f"{self.function.slot(i).place(i)}: the gradient is not linear in the cotangent g.\n"
                f"  pull({a}·u + w) = {number(got[i])}, but {a}·pull(u) + pull(w) = {number(want[i])}.\n"
                "  Diagnosis: the rule uses g in a way that is not linear (a power, a clip, a condition on "
                "g)."
            )

    def small_outputs(self) -> None:
        """Outputs that larger ones drown, once more by themselves: the cotangents of all others are zero."""
        size = np.abs(self._where_defined(self.base))
        small = self.defined & (size < DROWNED * np.max(size, initial=0))
        if np.any(small):
            alone: Selection = lambda values: np.where(small, values, 0)
            what = "the gradient of the outputs that are small beside others"
            claims = self._claims(alone, alone(self.cotangents), what=what)
            self.judge.compare(claims, self.judge.few_blocks(self.z), refuse=False)

    def nearby(self) -> None:
        """The first derivative once more, a few percent away: symmetric data are not symmetric there."""
        function, judge, z, u = self.function, self.judge, self.z, self.cotangents
        what = "the gradient at a point nearby (all inputs moved by a few percent)"
        for zeros_too in (True, True, False):
            shift = judge.random_signed(z.shape) * function.sizes(z) / 64
            moved = z + (shift if zeros_too else np.where(z == 0, 0, shift))
            pull, values = partial(function.gradients, moved), function.values_around
            try:
                base = function.values(moved)
                if base.shape != self.base.shape or not np.all(np.isfinite(base)):
                    continue
                directions = judge.blocks(moved, 4)
                found = slopes(values, moved, directions, weights=u, bits=self.bits, rtol=self.rtol)
            except Exception:  # not every f is defined nearby: whole numbers, sorted inputs, probabilities
                continue
            if np.all(found.sound):
                claims = Claims(values, moved, base, u, np.abs(base), pull, pull(u), what)
                judge.compare(claims, directions, found=found, refuse=False)
                return

    def coarse(self, given: FlatFunction) -> None:
        """The gradients of the float32 or float16 inputs that were given, against those in float64."""
        given.values(given.point)
        for u, exact in zip(self.cotangents, self.gradients):
            own = given.gradient(given.point, u)
            all_rounding = self._rounding(u, self.function.sizes(self.z, COARSE))
            for slot in given.slots:
                ours, theirs, rounding = (vector[slot.range] for vector in (own, exact, all_rounding))
                finite, kind = np.isfinite(theirs) & np.isfinite(ours), np.finfo(slot.dtype)
                eps, largest = float(kind.eps), np.max(np.abs(theirs[finite]), initial=0)
                allowed = np.cbrt(eps) * largest + 64 * eps * rounding + float(kind.tiny)
                if np.any(bad := finite & (np.abs(ours - theirs) > allowed)):
                    i = slot.range.start + int(np.argmax(bad))
                    both = f"in {slot.dtype} the gradient is {number(own[i])}, in float64 {number(exact[i])}"
                    raise GradcheckError(f"{slot.place(i)}: {both}.")

    # ---- the second ----------------------------------------------------------------------------------------

    def second_order(self) -> None:
        """The gradient of ⟨v, gradient⟩: in the inputs it has numerical slopes, in the cotangent it is J v."""
        function, judge, z, (u, _) = self.function, self.judge, self.z, self.cotangents
        vs = judge.random_signed((2, z.size))
        gradient, by_input, by_cotangent = function.second(z, u, vs)
        if not near(gradient, self.gradients[0], self.slack):
            difference = _first_difference(self.gradients[0], gradient)
            what = "with create_graph=True the gradient is another one than without"
            raise GradcheckError(f"{what}: {difference}.")
        for v, pushed in zip(vs, by_cotangent):
            self._demand_adjoint(v, pushed)
        values: VectorFunction = lambda x: function.gradient_around(x, u)
        pull: Callable[[Array], Array] = lambda weights: np.stack(function.second(z, u, weights)[1])
        terms = np.abs(gradient) + self._rounding(u, function.sizes(z, COARSE))
        what = "the gradient of ⟨v, gradient⟩ (second order)"
        claims = Claims(values, z, gradient, vs, terms, pull, np.stack(by_input), what)
        kinds = judge.compare(claims, judge.few_blocks(z), refuse=False)
        if "kink" in kinds:
            self.notes.append(f"{PARTLY}: the gradient itself is not differentiable here")
        if "undecided" in kinds:
            self.notes.append(f"{PARTLY}: it cannot be judged at this scale")

    def _demand_adjoint(self, v: Array, pushed: Array) -> None:
        """⟨v, Jᵀw⟩ = ⟨J v, w⟩, where J v was pushed forward: it is the gradient of ⟨v, Jᵀu⟩ in u."""
        w = self.cotangents[1]
        terms, there = v * self.gradients[1], pushed @ w
        sizes = self.function.sizes(self.z, COARSE)
        rounding = np.abs(w) @ np.abs(self.base) * np.sum(np.abs(v) / sizes)  # of f, and so of its gradient
        magnitude = np.sum(np.abs(terms)) + np.sum(np.abs(pushed * w))
        if abs(np.sum(terms) - there) > self.rtol * magnitude + np.ldexp(64 * rounding, -self.bits):
            raise GradcheckError(
                "second order: the gradient of ⟨v, Jᵀu⟩ in the cotangent u is not J v.\n"
                f"  ⟨J v, w⟩ = {number(there)}, ⟨v, Jᵀw⟩ = {number(np.sum(terms))}: the rule, differentiated "
                "in g, goes wrong."
            )

    # ---- what several steps need ---------------------------------------------------------------------------

    def _claims(
        self, select: Selection, weights: Array, gradients: Any = None, what: str = "the gradient"
    ) -> Claims:
        """What is claimed of the outputs at the point; ``select`` puts zeros in the place of some of them."""
        pull: Callable[[Array], Array] = lambda us: self.function.gradients(self.z, select(us))
        values: VectorFunction = lambda x: select(self.function.values_around(x))
        base = select(self.base)
        gradients = pull(weights) if gradients is None else gradients
        return Claims(values, self.z, base, weights, np.abs(base), pull, gradients, what)

    def _where_defined(self, values: Any) -> Array:
        """The outputs, but zeros in the place of those that are not finite at the point."""
        return values if self.finite else np.where(self.defined, values, 0)

    def _rounding(self, u: Array, sizes: Array) -> Array:
        """Bounds of a gradient's rounding error: that of f, over steps of these sizes."""
        return np.abs(u[self.defined]) @ np.abs(self.base[self.defined]) / sizes

    def _complex_step(self, weights: Array) -> Oracle | None:
        """Slopes by the complex step, if f computes with complex numbers at all."""

        def oracle(directions: list[Direction]) -> Array:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # NumPy warns when an imaginary part is discarded
                return complex_slopes(self.function, weights, self.z, directions)

        try:
            oracle([self.judge.block(self.z, np.arange(self.z.size))])
        except Exception:  # whatever f raises on complex arrays, it is not made for them
            return None
        return oracle

    def _demand_dependence(self) -> None:
        """Slopes and gradients are zero: right for a step function, but of a constant nothing was checked."""
        sizes, judged = self.function.sizes(self.z), False
        for factor, size in ((3.0, sizes), (-1.7, sizes), (0.3, sizes), (0.0, 1.0)):
            shift = self.judge.random_signed(self.z.shape) * size
            values = self.function.values_around(factor * self.z + shift)
            if values.shape != self.base.shape or np.any(np.isnan(values) & ~np.isnan(self.base)):
                continue  # f is not defined there
            if not np.allclose(values, self.base, rtol=2.0 ** (4 - self.bits), atol=0, equal_nan=True):
                return
            judged = True
        if judged:
            what = "the output does not depend on any input, whatever their values"
            raise GradcheckError(f"nothing was checked: {what}. Is it computed from them?")


def _first_difference(a: Array, b: Array) -> str:
    if a.shape != b.shape:
        return f"{a.size} and {b.size} values"
    worst = int(np.argmax(np.where(np.isfinite(a - b), np.abs(a - b), np.inf) * (a != b)))
    return f"{number(a[worst])} and {number(b[worst])} in element {worst}"
