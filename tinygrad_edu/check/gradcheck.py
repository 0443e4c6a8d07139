"""gradcheck: is the derivative that ``backward()`` computes the derivative of the function?

What it asks, in this order, and what a failure says:

1. Is there anything to check?  ("nothing was checked")
2. Does f give the same result twice?  ("nondeterministic")
3. Do f and its rules leave alone what they are given, and are the gradients arrays of their own?
4. Is f differentiable here?  ("not differentiable here: one-sided slopes −1 and 1")
5. Is every element of the gradient what numerical derivatives say, for cotangents of both signs, none of them
   1?  Where no step resolves them it "cannot be judged at this scale".
6. Is the gradient linear in the cotangent?
7. Is the gradient of the gradient right?
8. Is all that so at a point nearby, where symmetric data are no longer symmetric?
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import GradcheckError
from ..markup import box, heading, note, table
from ..random import Rng
from .adapter import DOUBLE, FlatFunction
from .foreign import listed
from .steps import Check, near


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

    def _repr_html_(self) -> str:
        head = ["elements checked", "comparisons", "largest error", "undecided"]
        row = [f"{self.elements:,}", f"{self.values:,}", f"{self.largest_error:.2g}", f"{self.undecided:,}"]
        title = heading("✓ gradcheck", "every derivative is what numerical ones say")
        return box(title, table([row], head), *map(note, self.notes))


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    argnums: int | Sequence[int] | None = None,
    second_order: bool = True,
    rtol: float = 1e-6,
    equal_nan: bool = False,
    rng: Rng = 0,
) -> Report:
    """Check the gradients of a function against numerical derivatives.

    Parameters
    ----------
    f : callable
        Takes the inputs by position and returns a Tensor, or a tuple, list or dict of Tensors.  It should be
        deterministic. The parameters of a module, or of the module of a bound method, are checked with the
        inputs.
    *inputs : array_like, Module, or containers of them
        What `grad` takes: every floating or complex leaf is differentiated, in tensors and arrays (also those
        that do not require gradients), numbers, modules (their parameters), lists, tuples and dicts.  f gets
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

    Of complex inputs and outputs the real and imaginary parts are moved and looked at one by one.

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
        refused = _refused_numbers(given) if argnums is None else {}
        if refused:
            given = given.again(fixed=tuple(refused))
        if not given.slots:
            what = "no input is a floating tensor, array or number, and f has no parameters, so there is "
            notes = [f"nothing was checked: {what}nothing to differentiate.", *_omissions(given)]
            raise GradcheckError("\n  ".join(notes))
        checked, comparable = _in_double(given, tuple(refused))
        check = Check(checked, rtol, equal_nan, np.random.default_rng(rng))
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
    settings = [f"not checked: {name}: f takes no tensor there ({why})" for name, why in refused.items()]
    notes, judge = [*_omissions(checked), *settings, *check.notes], check.judge
    return Report(checked.point.size, judge.compared, judge.largest, tuple(notes), len(judge.undecided))


def _refused_numbers(given: FlatFunction) -> dict[str, str]:
    """The Python floats in whose place f takes no tensor, as settings often are, and what f raises then."""
    numbers = [slot.name for slot in given.slots if slot.is_number]
    if not numbers or _fails(given, ()) is None:
        return {}
    each = {name: _fails(given, [other for other in numbers if other != name]) for name in numbers}
    refused = {name: why for name, why in each.items() if why is not None}
    return refused if _fails(given, list(refused)) is None else {}


def _fails(given: FlatFunction, fixed: Sequence[str]) -> str | None:
    """What f raises if all floating leaves but these are tensors; None if nothing."""
    answer = ""
    for dtype in (np.float64, None):
        trial = given.again(dtype, fixed)
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
    reasons = {**function.left_out, "only floating outputs have gradients": function.passed_over}
    return [f"not checked: {listed(names)}: {reason}" for reason, names in reasons.items() if names]


def _in_double(given: FlatFunction, fixed: Sequence[str]) -> tuple[FlatFunction, bool]:
    """The function that is checked, in float64 if it can be; and whether to compare the given one with it."""
    if all(np.finfo(slot.dtype).nmant >= DOUBLE for slot in given.slots):
        return given, False
    failure: Exception | None = None
    try:
        value = given.values(given.point)
        given.record(given.point)
    except Exception as error:  # float32 and float64 do not always mix
        failure = error
    try:
        double = given.again(np.float64, fixed)
        exact = double.values(double.point)
    except Exception:  # f insists on its dtype
        if failure is not None:
            raise failure from None
        return given, False
    if failure is not None:
        double.left_out[f"f takes float64 only ({_headline(failure)})"] = ["the dtypes as given"]
        return double, False
    comparable = double.bits == DOUBLE and near(exact, value, 0.05)
    return (double, True) if comparable else (given, False)
