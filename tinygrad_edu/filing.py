"""Rules for functions that exist already: `elementwise`, `derivative` and `composite`.

A rule that is filed for a function of NumPy's, SciPy's or anybody's is found wherever that function is called
with a tensor, so that no call has to change.  The function must hand calls over, as NumPy asks it to: a ufunc
does, and so does one that honors ``__array_function__``.  A plain function of arrays does not, and becomes
differentiable by `primitive`.

The rules of this package are trusted; those that come in here are checked as `primitive`'s are.

Whether a function hands calls over, `handover` finds out, which is imported by whoever files a rule.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from .aliases import Rule
from .entry import Composite, Entry, is_ufunc, name_of
from .errors import WrongRule
from .primitive import recorded, watched
from .table import TABLE, Function, carrying, entry_of, op_from, op_of_ufunc

Joint = tuple[tuple[str, ...], Rule]


def elementwise(ufunc: np.ufunc, /, *names: str, replace: bool = False, **rules: Rule) -> None:
    """File the derivative rules of a ufunc, which from then on differentiates wherever it is called.

    Parameters
    ----------
    ufunc : numpy.ufunc
        SciPy's, or made by `numpy.frompyfunc` or by Numba's ``vectorize``; any that is called as NumPy's are.
    *names : str, optional
        The names of its arguments, in their order; ``"x"`` of one, and ``"x1"``, ``"x2"`` … of several, if
        none are given.
    replace : bool, default=False
        Whether these rules may take the place of some that were filed by an earlier call.
    **rules : callable
        ``argument=rule``, as for `primitive`.  The gradient is summed over the axes along which its argument
        was broadcast: a rule need not care.

    Raises
    ------
    WrongRule
        If the ufunc has rules already, or has core dimensions (as `numpy.matmul` has, for which there is
        `derivative`); if a rule asks for a name that nobody can supply; in a backward pass, as for
        `primitive`.

    Notes
    -----
    What a ufunc of Python objects (`numpy.frompyfunc`) returns for tensors is turned into floating numbers.
    A ufunc and its rules live as long as the program does.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> triangle = np.frompyfunc(lambda x, y: max(0.0, x - abs(y)), 2, 1)
    >>> inside = lambda x, y: x > np.absolute(y)
    >>> tg.elementwise(triangle, "x", "y", x=lambda g, x, y: np.where(inside(x, y), g, 0),
    ...                                    y=lambda g, x, y: np.where(inside(x, y), -g * np.sign(y), 0))
    >>> tg.grad(lambda y: np.sum(triangle(2.0, y)))(np.array([-1.0, 0.5, 3.0]))
    array([ 1., -1.,  0.])
    """
    from .handover import reached, shown

    if not is_ufunc(ufunc):
        better = "tinygrad_edu.derivative, or tinygrad_edu.primitive if it is a function of your own"
        raise WrongRule(f"elementwise is for ufuncs, and {shown(ufunc)} is none: use {better}.")
    if ufunc.signature is not None:
        better = f"tinygrad_edu.derivative({name_of(ufunc)}, lambda x1, …: …, x1=lambda g, …: …)"
        raise WrongRule(
            f"elementwise: {name_of(ufunc)} works on whole axes, {ufunc.signature}, and not on elements. "
            f"Use {better}."
        )
    _some(rules, ufunc)
    reached(ufunc)
    op = op_of_ufunc(ufunc, names, rules)
    op.trusted, op.forward = False, watched(_of_numbers(ufunc), op.name, 0)
    _file(ufunc, op, replace)


def derivative(
    function: Callable[..., Any],
    /,
    forward: Callable[..., Any] | None = None,
    *,
    broadcasts: bool = False,
    keep: dict[str, Callable[..., Any] | None] | None = None,
    joint: Joint | None = None,
    replace: bool = False,
    **rules: Rule,
) -> None:
    """File the derivative rules of a function that exists, which from then on differentiates wherever it is
    called.

    Parameters
    ----------
    function : callable
        One that hands calls over by NumPy's protocols: NumPy's own functions and other libraries' that do as
        those do, and ufuncs.
    forward : callable, optional
        What computes it on plain arrays: ``lambda x, axis=None: function(x, axis)``.  Its parameters are
        those that the rules cover, and a call with any other is refused by name.  By default the function
        itself, with all its parameters.
    broadcasts, keep, joint, **rules
        As for `primitive`.
    replace : bool, default=False
        Whether these rules may take the place of some that were filed by an earlier call.

    Raises
    ------
    WrongRule
        If the function has rules already, or does not hand calls over; otherwise as for `primitive`.

    Notes
    -----
    To see whether a function hands calls over it is called once, with a stand-in for each required argument
    that refuses all else.

    The rules die with the function, if it can carry them as an attribute, as Python's functions can.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> def sine(x, rate=1.0):  # stands for another library's function, which hands its calls over
    ...     if hasattr(x, "__array_function__") and not isinstance(x, np.ndarray):
    ...         return x.__array_function__(sine, (type(x),), (x, rate), {})
    ...     return np.sin(rate * x)
    >>> tg.derivative(sine, x=lambda g, x, rate: g * rate * np.cos(rate * x))
    >>> tg.grad(lambda x: sine(x, 3.0))(0.0)
    np.float64(3.0)
    """
    from .handover import reached

    if not (rules or joint):
        _some(rules, function)
    forward, function = forward or function, reached(function)
    name = name_of(function)
    if forward is function and is_ufunc(function):
        wanted = f"tinygrad_edu.elementwise({name}, …), or give its forward, lambda x, …: {name}(x, …)"
        raise WrongRule(f"derivative: {name} is a ufunc: use {wanted}.")
    try:
        op = op_from(forward, broadcasts, keep, joint, rules, known_as=function)
    except ValueError:  # a function in C, whose parameters Python does not know
        wanted = f"tinygrad_edu.derivative({name}, lambda x, …: {name}(x, …), …)"
        raise WrongRule(
            f"derivative: the parameters of {name} cannot be read; give them, {wanted}."
        ) from None
    body = recorded(wraps(forward)(_plain(forward)), op)
    _file(function, Composite(function, body), replace)


def composite(*functions: Callable[..., Any], replace: bool = False) -> Callable[[Function], Function]:
    """File the decorated body, written with functions that differentiate, as what these functions do to
    tensors.

    Parameters
    ----------
    *functions : callable
        As for `derivative`; several names of one function may be given.
    replace : bool, default=False
        Whether the body may take the place of rules that were filed by an earlier call.

    Returns
    -------
    callable
        A decorator, which returns the body itself.  The body's parameters are the function's: a call with any
        other keyword is refused by name.

    Raises
    ------
    WrongRule
        If a function has rules already, or does not hand calls over.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> excess = np.frompyfunc(lambda x: max(x - 1, 0), 1, 1)
    >>> @tg.composite(excess)
    ... def _excess(x):
    ...     return np.maximum(x - 1, 0)
    >>> tg.grad(lambda x: np.sum(excess(x)))(np.array([0.0, 3.0]))
    array([0., 1.])
    """
    from .handover import reached

    if not functions:
        raise WrongRule("composite is given the function: write @composite(function) in the line before def.")
    known_as = dict.fromkeys(map(reached, functions))

    def file(body: Function) -> Function:
        for function in known_as:
            _file(function, Composite(function, body), replace)
        return body

    return file


# ---- what is filed -----------------------------------------------------------------------------------------


def _file(function: Callable[..., Any], entry: Entry, replace: bool) -> None:
    entry.users = True
    before = entry_of(function)
    if before is not None and not before.users:
        advice = "For another derivative, decorate a function of your own that calls it by @primitive."
        raise WrongRule(f"{name_of(function)} has rules of this package, which stay. {advice}")
    if before is not None and not replace:
        advice = "Give replace=True to put these in their place."
        raise WrongRule(f"{name_of(function)} has rules already, of an earlier call. {advice}")
    if isinstance(function, np.ufunc) or function in TABLE:
        TABLE[function] = entry
        return
    try:
        carrying(function, entry)
    except (AttributeError, TypeError):  # it takes no attribute, or no weak reference
        TABLE[function] = entry


def _some(rules: dict[str, Rule], function: Any) -> None:
    if not rules:
        name = name_of(function)
        raise WrongRule(
            f"No rule was given for {name}: write x=lambda g, x: … for its argument x, and so on.  "
            f"The derivative of a function, as a function, is tinygrad_edu.grad({name})."
        )


def _plain(forward: Callable[..., Any]) -> Callable[..., Any]:
    """The forward, as a function that nothing is noted on."""
    return lambda *args, **kwargs: forward(*args, **kwargs)


def _of_numbers(ufunc: np.ufunc) -> Callable[..., Any]:
    """The ufunc, with floating results where it computes with Python objects only."""
    if not ufunc.types or not all(set(kinds.partition("->")[2]) == {"O"} for kinds in ufunc.types):
        return ufunc

    def call(*args: Any) -> Any:
        dtype = np.result_type(np.float16, *(a for a in args if hasattr(a, "dtype") or np.isscalar(a)))
        out = ufunc(*args)
        return tuple(_numbers(o, dtype) for o in out) if isinstance(out, tuple) else _numbers(out, dtype)

    return call


def _numbers(objects: Any, dtype: Any) -> Any:
    """Real numbers, in an array of Python objects, as floats; anything else as the array that it makes."""
    array = np.array(np.asarray(objects).tolist())
    return array.astype(dtype) if array.dtype.kind in "fiu" or array.size == 0 else array
