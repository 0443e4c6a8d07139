"""gradcheck: is the derivative that ``backward()`` computes the derivative of the function?

What it asks, in this order, and what a failure says:

1. Is there anything to check?  ("nothing was checked")
2. Does f give the same result twice?  ("nondeterministic")
3. Do f and its rules leave alone what they are given, and are the gradients arrays of their own?
4. Is f differentiable here?  ("not differentiable here: one-sided slopes −1 and 1")
5. Is every element of the gradient what numerical derivatives say, for cotangents of both signs, none of them 1?  Where no
   step resolves them it "cannot be judged at this scale".
6. Is the gradient linear in the cotangent?
7. Is the gradient of the gradient right?
8. Is all that so at a point nearby, where symmetric data are no longer symmetric?
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..errors import GradcheckError
from .claims import Claims
from .closures import describe
from .diagnosis import number
from .differences import DOUBLE, Direction, bits_of, complex_slopes, slopes
from .function import FlatFunction
from .judge import SINGLY, Judge

DROWNED = 2.0**-16  # of the largest output: a wrong gradient of a smaller one would not show beside it
COARSE = 2.0**-10  # of the median: an element that is smaller counts as one of that size where f is rounded


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
        What was not checked, and why: leaves that have no slopes, or that f only closes over, buffers,
        elements that cannot be judged at their scale.  Empty if everything was.
    undecided : int
        How many of the elements could be called neither right nor wrong; a note names them.
    """

    elements: int
    values: int
    largest_error: float
    notes: tuple[str, ...] = ()
    undecided: int = 0


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
        Takes the inputs by position and returns a Tensor, or a tuple, list or dict of Tensors.  It should be
        deterministic. The parameters of a module, or of the module of a bound method, are checked with the
        inputs.
    *inputs : array_like, Module, or containers of them
        What `grad` takes: every floating leaf is differentiated, in tensors and arrays (also those that do
        not require gradients), Python floats, modules (their parameters), lists, tuples and dicts.  f gets
        anything else as it is, and the report names it.  Prefer generic values of both signs: none at a kink,
        no two equal.
    argnums : int or sequence of int, optional
        The positions of the inputs to differentiate instead; the parameters of f are left out then.
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
        If a derivative is wrong, or nothing was checked, or f is not differentiable at the point.  The
        message names the input, its worst element, both values, and what the mistake looks like.  A rule that
        raises is named with its operation and argument.
    UndecidedError
        A GradcheckError: less than half of the elements of an input can be judged at this scale, because the
        differences of f are lost in its rounding errors, or are others at each step.  If at least half can, a
        note says which cannot.

    Notes
    -----
    Each element is moved by steps that follow its own magnitude; where these do not resolve its derivative,
    by steps of every size.  A Python float that f takes no tensor for (an axis, a setting) is left out, and
    named.

    float16 and float32 inputs are checked in float64, where f allows; their own gradients are then compared
    with that.

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
      Diagnosis: 0.5 times what it should be. A factor 2 is missing.
    """
    with np.errstate(all="ignore"):
        given = FlatFunction(f, inputs, argnums)
        refused = _refused_numbers(given, f, inputs) if argnums is None else {}
        if refused:
            given = FlatFunction(f, inputs, constant=tuple(refused))
        if not given.slots:
            raise GradcheckError(
                "nothing was checked: no input is a floating tensor, array or number, and f has no "
                "parameters, "
                "so there is nothing to differentiate." + "".join(f"\n  {note}" for note in _omissions(given))
            )
        checked, comparable = _in_double(
            given, lambda: FlatFunction(f, inputs, argnums, np.float64, tuple(refused))
        )
        check = _Check(checked, rtol, equal_nan, np.random.default_rng(rng))
        check.preliminaries()
        check.first_order()
        check.linearity()
        check.small_outputs()
        if check.finite:
            if second_order:
                check.second_order()
            check.nearby()
        if comparable:
            check.coarse(given)
    judge = check.judge
    settings = [f"not checked: {name}: f takes no tensor there ({why})" for name, why in refused.items()]
    notes = [*_omissions(checked), *settings, *check.notes]
    return Report(
        check.function.point.size, judge.compared, judge.largest, tuple(notes), len(judge.undecided)
    )


def _refused_numbers(given: FlatFunction, f: Callable[..., Any], inputs: Sequence[Any]) -> dict[str, str]:
    """The Python floats in whose place f takes no tensor, as settings often are, and what f raises then."""
    numbers = [slot.name for slot in given.slots if slot.is_number]
    if not numbers or _fails(f, inputs, ()) is None:
        return {}
    each = {name: _fails(f, inputs, tuple(other for other in numbers if other != name)) for name in numbers}
    refused = {name: why for name, why in each.items() if why is not None}
    return refused if _fails(f, inputs, tuple(refused)) is None else {}


def _fails(f: Callable[..., Any], inputs: Sequence[Any], constant: Sequence[str]) -> str | None:
    """What f raises if all floating leaves but these are tensors; None if nothing."""
    answer = ""
    for dtype in (np.float64, None):
        trial = FlatFunction(f, inputs, None, dtype, constant)
        try:
            trial.record(trial.point)
            return None
        except Exception as error:  # whatever it is, it is f's answer
            answer = _headline(error)
    return answer


def _headline(error: Exception) -> str:
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"


def _omissions(function: FlatFunction) -> list[str]:
    """A note for each reason for which something was left out."""
    reasons = dict(function.left_out)
    if function.passed_over:
        reasons["only floating outputs have gradients"] = function.passed_over
    notes = []
    for reason, names in reasons.items():
        more = f" and {len(names) - 6} more" if len(names) > 6 else ""
        notes.append(f"not checked: {', '.join(names[:6])}{more}: {reason}")
    return notes


def _in_double(given: FlatFunction, convert: Callable[[], FlatFunction]) -> tuple[FlatFunction, bool]:
    """The function that is checked, in float64 if it can be, and whether the given one can be compared with it."""
    if all(slot.dtype.itemsize >= 8 for slot in given.slots):
        return given, False
    failure: Exception | None = None
    try:
        value = given.values(given.point)
        given.record(given.point)
    except Exception as error:  # float32 and float64 do not always mix
        failure = error
    try:
        double = convert()
        exact = double.values(double.point)
    except Exception:  # f insists on its dtype
        if failure is not None:
            raise failure from None
        return given, False
    if failure is not None:
        double.left_out[f"f takes float64 only ({_headline(failure)})"] = ["the dtypes as given"]
        return double, False
    fits = bits_of(double) == DOUBLE and _near(exact, value, 0.05)
    return (double, True) if fits else (given, False)


def _near(a: Any, b: Any, tolerance: float) -> bool:
    """Whether two vectors are equal, beside their largest element."""
    largest = np.max(np.abs(b[np.isfinite(b)]), initial=0)
    return a.shape == b.shape and np.allclose(a, b, rtol=tolerance, atol=tolerance * largest, equal_nan=True)


class _Check:
    """One run of gradcheck."""

    def __init__(
        self, function: FlatFunction, rtol: float, equal_nan: bool, rng: np.random.Generator
    ) -> None:
        self.function, self.equal_nan, self.notes = function, equal_nan, list[str]()
        self.base = function.values(function.point)
        if not self.base.size:
            raise GradcheckError("nothing was checked: f has no floating output, or an empty one.")
        if not function.point.size:
            raise GradcheckError(
                f"nothing was checked: {', '.join(map(str, function.slots))} has no elements."
            )
        self.defined = np.isfinite(self.base)
        self.finite = bool(np.all(self.defined))
        if not self.finite and not equal_nan:
            raise GradcheckError(
                f"f is not finite here: output element {int(np.argmin(self.defined))} is "
                f"{self.base[~self.defined][0]}.\n"
                "  Choose another point, or pass equal_nan=True to count NaN on both sides as agreement."
            )
        self.judge = Judge(function, rtol, bits_of(function), rng, self.base.size)
        self.judge.lenient = not self.finite
        self.cotangents, self.bits, self.rtol = self.judge.cotangents, self.judge.bits, self.judge.rtol
        self.slack = 2.0 ** (
            12 - self.bits
        )  # what two runs of the same computation may differ by, if sums are split among threads

    def preliminaries(self) -> None:
        """Is there a graph, is it the same twice, is nothing changed and nothing shared?  Keeps the gradients of both cotangents."""
        function, z, u = self.function, self.function.point, self.cotangents
        second = function.pull(z, u[0])
        if not second.has_graph:
            raise GradcheckError(
                "nothing was checked: no output has a graph. Was it computed from x.data, x.detach(), or "
                "under no_grad?"
            )
        first = function.pull(z, u[0])
        self.notes += describe(first.foreign(), function.arguments.f)
        for other in (function.values(z), first.value(), second.value()):
            if not _near(other, self.base, self.slack):
                raise GradcheckError(
                    "f is nondeterministic: called twice with the same inputs, it gave "
                    f"{_first_difference(self.base, other)}.\n"
                    "  Fix its random numbers (draw a mask once, or seed inside f); nothing can be said "
                    "about its gradient otherwise."
                )
        by_first, by_second = first.flat(), second.flat()
        if not _near(by_second, by_first, self.slack):
            raise GradcheckError(
                "the backward pass is nondeterministic: run twice with the same cotangent, it gave "
                f"{_first_difference(by_first, by_second)}."
            )
        first.check_ownership()
        self.gradients = np.stack([by_first, function.gradient(z, u[1])])
        if not self.equal_nan and not np.all(np.isfinite(self.gradients)):
            k, i = np.argwhere(~np.isfinite(self.gradients))[0]
            slot = self.judge.slot(i)
            raise GradcheckError(
                f"{slot}, element {slot.element(i)}: the gradient is {self.gradients[k, i]}, where f is "
                f"finite{slot.way_out()}."
            )

    def first_order(self) -> None:
        """Every element of the gradients, against numerical derivatives."""
        function, judge, z = self.function, self.judge, self.function.point
        weights, base = np.where(self.defined, self.cotangents, 0), self.where_defined(self.base)
        pull = partial(function.gradients, z)
        values = lambda x: self.where_defined(function.values_around(x))
        claims = Claims(values, z, base, weights, np.abs(base), self.gradients, pull)
        directions = judge.blocks(z, SINGLY)
        oracle = self.complex_step(weights) if self.finite and self.bits == DOUBLE else None
        judge.compare(claims, directions, oracle=oracle)
        self.notes += judge.demand_decisions()
        if judge.flat:
            self.demand_dependence()
            self.notes.append(
                "every slope is zero here, as far as can be told, and so is the gradient: a factor in a rule "
                "would not show"
            )

    def small_outputs(self) -> None:
        """Outputs that larger ones drown, once more by themselves: the cotangents of all others are zero."""
        function, judge, z, size = (
            self.function,
            self.judge,
            self.function.point,
            np.abs(self.where_defined(self.base)),
        )
        small = self.defined & (size < DROWNED * np.max(size, initial=0))
        if not np.any(small):
            return
        what = "the gradient of the outputs that are small beside others"

        def alone(values: Any) -> Any:
            return np.where(small, values, 0)

        def values(x: Any) -> Any:
            return alone(function.values_around(x))

        def pull(us: Any) -> Any:
            return function.gradients(z, alone(us))

        weights = alone(self.cotangents)
        claims = Claims(values, z, alone(self.base), weights, alone(size), pull(weights), pull, what)
        judge.compare(claims, judge.blocks(z, 8 if z.size <= 8 else 4), refuse=False)

    def where_defined(self, values: Any) -> Any:
        """The outputs, but zeros in the place of those that are not finite at the point."""
        return values if self.finite else np.where(self.defined, values, 0)

    def complex_step(self, weights: Any) -> Callable[[list[Direction]], Any] | None:
        """Slopes by the complex step, if f computes with complex numbers at all."""

        def oracle(directions: list[Direction]) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # NumPy warns when an imaginary part is discarded
                return complex_slopes(self.function, weights, self.function.point, directions)

        try:
            oracle([self.judge.block(self.function.point, np.arange(self.function.point.size))])
        except Exception:  # whatever f raises on complex arrays, it is not made for them
            return None
        return oracle

    def demand_dependence(self) -> None:
        """All slopes are zero, and so are the gradients: of a step function that is right, but of a constant nothing was checked."""
        z, sizes, judged = self.function.point, self.function.sizes(self.function.point), False
        for factor, size in ((3.0, sizes), (-1.7, sizes), (0.3, sizes), (0.0, 1.0)):
            values = self.function.values_around(factor * z + self.judge.random_signed(z.shape) * size)
            if values.shape != self.base.shape or np.any(np.isnan(values) & ~np.isnan(self.base)):
                continue  # f is not defined there
            if not np.allclose(values, self.base, rtol=2.0 ** (4 - self.bits), atol=0, equal_nan=True):
                return
            judged = True
        if judged:
            raise GradcheckError(
                "nothing was checked: the output does not depend on any input, whatever their values. Is it "
                "computed from them?"
            )

    def linearity(self) -> None:
        """pull(a·u + w) = a·pull(u) + pull(w); with a large a, so that a rule that clips its gradient is found too."""
        (u, w), (by_u, by_w), a = self.cotangents, self.gradients, -1234.5 if self.bits > 20 else -3.5
        got, want, terms = (
            self.function.gradient(self.function.point, a * u + w),
            a * by_u + by_w,
            np.abs(a * by_u) + np.abs(by_w),
        )
        terms_of_f = np.abs(a * u[self.defined]) @ np.abs(
            self.base[self.defined]
        )  # where f is rounded, so is its gradient
        rounding = np.max(terms[np.isfinite(terms)], initial=0) + terms_of_f / np.maximum(
            self.function.sizes(self.function.point), 1
        )
        rounding = np.ldexp(64 * rounding, -self.bits)
        bad = ~(np.abs(got - want) <= self.rtol * terms + rounding) & np.isfinite(want)
        if np.any(bad):
            i = int(np.argmax(np.where(bad, np.abs(got - want), -1)))
            slot = self.judge.slot(i)
            raise GradcheckError(
                f"{slot}, element {slot.element(i)}: the gradient is not linear in the cotangent g.\n"
                f"  pull({a}·u + w) = {number(got[i])}, but {a}·pull(u) + pull(w) = {number(want[i])}.\n"
                "  Diagnosis: the rule uses g in a way that is not linear (a power, a clip, a condition on "
                "g)."
            )

    def second_order(self) -> None:
        """The gradient of ⟨v, gradient⟩, in the inputs against numerical slopes, and in the cotangent against J v."""
        function, judge, z, (u, w) = self.function, self.judge, self.function.point, self.cotangents
        vs = judge.random_signed((2, z.size))
        gradient, by_input, by_cotangent = function.second(z, u, vs)
        if not _near(gradient, self.gradients[0], self.slack):
            difference = _first_difference(self.gradients[0], gradient)
            raise GradcheckError(
                f"with create_graph=True the gradient is another one than without: {difference}."
            )
        for v, pushed in zip(vs, by_cotangent):
            terms = v * self.gradients[1]  # ⟨v, Jᵀw⟩ = ⟨J v, w⟩
            rounding = (
                np.abs(w) @ np.abs(self.base) * np.sum(np.abs(v) / function.sizes(z, COARSE))
            )  # f is rounded, and so is its gradient
            allowed = self.rtol * (np.sum(np.abs(terms)) + np.sum(np.abs(pushed * w))) + np.ldexp(
                64 * rounding, -self.bits
            )
            if abs(np.sum(terms) - pushed @ w) > allowed:
                raise GradcheckError(
                    "second order: the gradient of ⟨v, Jᵀu⟩ in the cotangent u is not J v.\n"
                    f"  ⟨J v, w⟩ = {number(pushed @ w)}, ⟨v, Jᵀw⟩ = {number(np.sum(terms))}: the rule, "
                    "differentiated in g, goes wrong."
                )
        rounding = (
            np.abs(u) @ np.abs(self.base) / function.sizes(z, COARSE)
        )  # where f is rounded, so is its gradient
        what = "the gradient of ⟨v, gradient⟩ (second order)"
        pull = lambda weights: np.stack(function.second(z, u, weights)[1])
        terms = np.abs(gradient) + rounding
        claims = Claims(
            lambda x: function.gradient_around(x, u), z, gradient, vs, terms, np.stack(by_input), pull, what
        )
        _, kinds = judge.compare(claims, judge.blocks(z, 8 if z.size <= 8 else 4), refuse=False)
        if "kink" in kinds:
            self.notes.append(
                "second order was not checked everywhere: the gradient itself is not differentiable here"
            )
        if "undecided" in kinds:
            self.notes.append("second order was not checked everywhere: it cannot be judged at this scale")

    def nearby(self) -> None:
        """The first derivative once more, a few percent away: symmetric data are not symmetric there."""
        function, judge, z, u = self.function, self.judge, self.function.point, self.cotangents
        what = "the gradient at a point nearby (all inputs moved by a few percent)"
        for zeros_too in (True, True, False):
            shift = judge.random_signed(z.shape) * function.sizes(z) / 64
            moved = z + (shift if zeros_too else np.where(z == 0, 0, shift))
            try:
                base = function.values(moved)
                if base.shape != self.base.shape or not np.all(np.isfinite(base)):
                    continue
                directions, terms = judge.blocks(moved, 4), np.abs(base)
                found = slopes(
                    function.values_around, moved, directions, weights=u, bits=self.bits, rtol=self.rtol
                )
            except (
                Exception
            ):  # not every function is defined nearby: whole numbers, sorted inputs, probabilities
                continue
            if np.all(found.sound):
                pull = partial(function.gradients, moved)
                claims = Claims(function.values_around, moved, base, u, terms, pull(u), pull, what)
                judge.compare(claims, directions, found=found, refuse=False)
                return

    def coarse(self, given: FlatFunction) -> None:
        """The gradients of the float32 or float16 inputs that were given, against those in float64."""
        given.values(given.point)
        for u, exact in zip(self.cotangents, self.gradients):
            own = given.gradient(given.point, u)
            for slot in given.slots:
                there = exact[slot.range]
                finite = np.isfinite(there) & np.isfinite(own[slot.range])
                kind = np.finfo(slot.dtype)
                rounding = (
                    np.abs(u[self.defined])
                    @ np.abs(self.base[self.defined])
                    / self.function.sizes(self.function.point, COARSE)[slot.range]
                )
                allowed = (
                    np.cbrt(float(kind.eps)) * np.max(np.abs(there[finite]), initial=0)
                    + 64 * float(kind.eps) * rounding
                    + float(kind.tiny)
                )
                if np.any(bad := finite & (np.abs(own[slot.range] - there) > allowed)):
                    i = slot.range.start + int(np.argmax(bad))
                    place, values = f"{slot}, element {slot.element(i)}", (number(own[i]), number(exact[i]))
                    raise GradcheckError(
                        f"{place}: in {slot.dtype} the gradient is {values[0]}, in float64 {values[1]}."
                    )


def _first_difference(a: Any, b: Any) -> str:
    if a.shape != b.shape:
        return f"{a.size} and {b.size} values"
    worst = int(np.argmax(np.where(np.isfinite(a - b), np.abs(a - b), np.inf) * (a != b)))
    return f"{number(a[worst])} and {number(b[worst])} in element {worst}"
