"""Roots and fixed points as functions of parameters, differentiated by the implicit function theorem.

Where r(x, θ) = 0, x is a function of θ, and Jₓ dx + J_θ dθ = 0.  So a cotangent g of x has the gradient
-J_θᵀ w in θ, with Jₓᵀ w = g: one linear solve, however the root was found.  The rule is written with the
transforms, of x and θ as they come, so that it can be differentiated in turn.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import floating, given, plain
from .errors import ArgumentError, ConvergenceError, ShapeError
from .jacobians import jacobian
from .ops.complex import conjugated
from .primitive import primitive
from .transforms import vjp
from .trees import flatten

Residual = Callable[..., Any]
Solver = Callable[[Callable[[Any], Any], Any], Any]
STEPS = 100


def implicit_root(residual: Residual, *, solver: Solver | None = None) -> Callable[..., Any]:
    """A function that finds a root of ``residual``, and that can be differentiated in its parameters.

    Parameters
    ----------
    residual : callable
        ``residual(x, *parameters)`` returns an array of the shape of x, which is zero at the root.
    solver : callable, optional
        ``solver(f, x0)`` returns a root of f, a function of plain arrays: such as ``lambda f, x0:
        scipy.optimize.fsolve(f, x0)``.  Newton's method by default, with shorter steps where a whole one does
        not help.

    Returns
    -------
    callable
        Takes x0, where to start, and the parameters: arrays, numbers, tensors, or containers of them, modules
        too.  Returns the root, whose gradients of any order in the parameters need no memory of the solver's
        steps: each takes one linear solve with the transposed Jacobian.  In x0 the gradient is zero.

    Raises
    ------
    ConvergenceError
        If what was found is no root, or if the Jacobian is singular there, so that the root is no smooth
        function of the parameters.
    ShapeError
        If the residual is not of the shape of x.
    MissingRule
        If the residual uses a tensor that needs a gradient and is no parameter.

    References
    ----------
    M. Blondel et al. (2022). Efficient and modular implicit differentiation. arXiv:2105.15183.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> root = tg.implicit_root(lambda x, a: x**3 + x - a)
    >>> x = root(1.0, 2.0)
    >>> round(float(x), 12), round(float(tg.grad(root, 1)(1.0, 2.0)), 12)  # 1 / (3x² + 1)
    (1.0, 0.25)
    """

    for name, f in (("residual", residual), ("solver", solver)):
        if not (callable(f) or (f is None and name == "solver")):
            raise ArgumentError(f"implicit_root: {name} is a function; got a {type(f).__name__}.")

    def implicit_root(x0: Any, parameters: Any) -> Any:
        f = of_arrays(residual, parameters)
        x0 = plain(x0, "x0")
        shape = np.shape(f(x0))
        if shape != x0.shape:
            raise ShapeError(f"implicit_root: the residual is of the shape of x, {x0.shape}; got {shape}.")
        if solver is None:
            return newton(f, lambda x: jacobian(lambda v: residual(v, *parameters))(x), x0)
        x = np.asarray(solver(f, x0), x0.dtype)
        check_root(f, x, x0)
        return x

    def pulled(g: Any, x: Any, parameters: Any) -> Any:
        """The gradients of the parameters: -J_θᵀ w with Jₓᵀ w = g."""
        j = jacobian(lambda v: residual(v, *parameters))(x)
        n = x.size
        try:
            w = np.linalg.solve(np.transpose(np.reshape(j, (n, n))), np.reshape(g, (n,)))
        except np.linalg.LinAlgError:
            raise singular() from None
        # Rules pass on conjugates of the gradients that vjp takes and returns.
        _, pullback = vjp(lambda *values: residual(x, *values), *parameters)
        leaves, rebuild = flatten(pullback(conjugated(np.reshape(-w, x.shape))))
        return tuple(map(by_name, rebuild(map(conjugated, leaves))))

    solved = primitive(
        x0=lambda g: np.zeros_like(g), parameters=lambda g, out, parameters: pulled(g, out, parameters)
    )(implicit_root)

    def root(x0: Any, *parameters: Any) -> Any:
        start = given(x0, "implicit_root: x0")
        return solved(start if start.dtype.kind == "c" else floating(start, "implicit_root: x0"), parameters)

    return root


def fixed_point(f: Callable[..., Any], *, solver: Solver | None = None) -> Callable[..., Any]:
    """A function that finds a fixed point ``x = f(x, *parameters)``, and can be differentiated in its
    parameters.

    Parameters
    ----------
    f : callable
        Returns an array of the shape of x.
    solver : callable, optional
        ``solver(r, x0)`` returns a root of r(x) = f(x) - x.  By default f is applied over and over, which
        converges where it contracts.

    Returns
    -------
    callable
        As of `implicit_root`, which it is of the residual ``f(x, *parameters) - x``.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> square_root = tg.fixed_point(lambda x, a: (x + a / x) / 2)  # Heron's
    >>> round(float(tg.grad(square_root, 1)(1.0, 4.0)), 12)  # 1 / (2 √a)
    0.25
    """
    return implicit_root(lambda x, *parameters: f(x, *parameters) - x, solver=solver or iterated)


# ---- solvers -----------------------------------------------------------------------------------------------


def of_arrays(residual: Residual, parameters: Any) -> Callable[[Any], Any]:
    """The residual as a function of plain arrays, of x alone."""

    def f(x: Any) -> Any:
        value = residual(x, *parameters)
        return np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)

    return f


@np.errstate(all="ignore")  # far from the root anything may be infinite
def newton(f: Callable[[Any], Any], slopes: Callable[[Any], Any], x0: Any) -> Any:
    """Newton's method: x - J⁻¹ r, or half of that step, a quarter …, until the residual is smaller."""
    x, r = np.array(x0), f(x0)
    n, small = x.size, np.finfo(r.dtype).eps
    for _ in range(STEPS):
        j = np.reshape(slopes(x), (n, n))
        try:
            step = np.reshape(np.linalg.solve(j, np.reshape(r, n)), x.shape)
        except np.linalg.LinAlgError:
            if not np.any(r):
                raise singular() from None
            raise ConvergenceError(
                f"implicit_root: Newton's method came to a singular Jacobian{at(x, r)}"
            ) from None
        if largest(step) <= 8 * small * (largest(x) + small**0.5 * largest(x0)):
            check_smooth(slopes, x, j)
            return x
        for halving in range(40):
            trial = x - step / 2**halving
            value = f(trial)
            if largest(value) < largest(r) or (halving == 0 and largest(step) <= small**0.5 * largest(x)):
                break
        else:
            if largest(step) <= small**0.5 * (
                1 + largest(x)
            ):  # no smaller residual: rounding is all there is
                check_smooth(slopes, x, j)
                return x
            raise ConvergenceError(f"implicit_root: Newton's method finds no smaller residual{at(x, r)}")
        x, r = np.asarray(trial), value
    raise ConvergenceError(f"implicit_root: Newton's method did not converge in {STEPS} steps{at(x, r)}")


@np.errstate(all="ignore")
def iterated(r: Callable[[Any], Any], x0: Any) -> Any:
    """x ← x + r(x), which is f(x), until it stays where it is."""
    x = np.array(x0)
    bound, best, since = 4 * np.finfo(x.dtype).eps, np.inf, 0
    for _ in range(100 * STEPS):
        step = r(x)
        rounding = since > 20 and largest(step) <= 64 * bound * largest(x)
        if rounding or largest(step) <= bound * (largest(x) + bound):
            return x
        best, since = (largest(step), 0) if largest(step) < best else (best, since + 1)
        if not np.all(np.isfinite(step)):
            break
        x = x + step
    raise ConvergenceError(f"fixed_point: applying f over and over did not converge{at(x, r(x))}")


def check_root(f: Callable[[Any], Any], x: Any, x0: Any) -> None:
    """Whether a solver has found a root: the residual is small beside that where it started."""
    r = f(x)
    bound = np.finfo(x0.dtype).eps ** 0.5
    if not largest(r) <= bound * max(1.0, largest(f(x0))):
        raise ConvergenceError(f"implicit_root: the solver has found no root{at(x, r)}")


def check_smooth(slopes: Callable[[Any], Any], x: Any, j: Any) -> None:
    """Whether the Jacobian is regular: no direction is so flat that a change of x by rounding bends it."""
    nearby = x + np.finfo(x.dtype).eps ** (1 / 3) * (1 + np.absolute(x))
    bend = largest(np.reshape(slopes(nearby), j.shape) - j)
    if x.size and np.linalg.norm(j, -2) <= max(bend, x.size * np.finfo(x.dtype).eps * largest(j)) / 4:
        raise singular()


def largest(x: Any) -> float:
    """The largest size of an element; NaN if one is."""
    return float(np.max(np.absolute(x), initial=0))


def at(x: Any, r: Any) -> str:
    """Where a solver stopped."""
    where = np.array2string(np.ravel(x)[:4], precision=4, separator=", ")
    return (
        f": at x = {where}{' …' if np.size(x) > 4 else ''} the residual is {largest(r):.3g}.\n"
        "  Start nearer to a root, or give a solver=."
    )


def singular() -> ConvergenceError:
    return ConvergenceError(
        "implicit_root: the Jacobian of the residual in x is singular at the root: the root is no smooth "
        "function of the parameters there.\n  A double root, or more unknowns than equations tell?"
    )


def by_name(gradient: Any) -> Any:
    """The gradient of a module as a dict by the names of its parameters, which rules return."""
    named = getattr(gradient, "named_parameters", None)
    return dict(named()) if named else gradient
