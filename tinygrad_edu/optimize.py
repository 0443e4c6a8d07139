"""SciPy's optimizers over containers: `minimize` and `least_squares`, with derivatives from the graph.

SciPy's functions take one vector and return one; `flat.Flat` is the way from dicts, lists and modules to that
vector and back.  SciPy itself, an extra, is imported when one of the functions is first called.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .errors import ArgumentError, ShapeError, names_itself
from .flat import Flat, Objective, array_of
from .modes import no_grad
from .trees import flatten, matched

# fmt: off
GRADIENT = ("CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP")                         # methods by what they ask for
PRODUCTS = ("Newton-CG", "trust-ncg", "trust-krylov", "trust-constr")
HESSIAN  = ("dogleg", "trust-exact")
VALUES   = ("Nelder-Mead", "Powell", "COBYLA", "COBYQA")
# fmt: on
METHODS = {name.lower(): name for name in (*GRADIENT, *PRODUCTS, *HESSIAN, *VALUES)}


@names_itself
def minimize(
    f: Objective,
    params: Any,
    *,
    method: str | None = None,
    bounds: tuple[Any, Any] | None = None,
    constraints: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    tol: float | None = None,
    callback: Callable[[Any], Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """Minimize a function of arrays, of containers of them or of a module by one of SciPy's optimizers.

    Gradients come from the graph, products with the Hessian too: no ``jac=``, no ravelling.

    Parameters
    ----------
    f : callable
        ``f(params)`` returns one tensor with one element.
    params : array_like, Tensor, Module, or nested dict, list or tuple of them
        Where to start.  It is left as it is; frozen parameters of a module stay at their values.
    method : str, optional
        ``"L-BFGS-B"`` by default, ``"SLSQP"`` with constraints.  CG, BFGS, L-BFGS-B, TNC and SLSQP take
        gradients; Newton-CG, trust-ncg, trust-krylov and trust-constr products with the Hessian too; dogleg
        and trust-exact the Hessian, a product for each element; Nelder-Mead, Powell, COBYLA and COBYQA values
        alone.
    bounds : pair (lower, upper), optional
        Each a number, None for no bound, or a container like ``params`` of numbers, and of arrays that
        broadcast.
    constraints : dict or sequence of dict, optional
        As SciPy's: ``{"type": "eq", "fun": g}``, where g(params) = 0, or ``"ineq"``, where g(params) ≥ 0; g
        returns a tensor, and its Jacobian comes from the graph.
    tol, options : optional
        As SciPy's.
    callback : callable, optional
        Called with the params after each iteration; may raise StopIteration.

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``x``, in the containers and dtypes of ``params`` (of a module another one with other parameters),
        ``jac``, the gradient there by the same containers, ``fun``, ``success``, ``message``, ``nit`` …

    Raises
    ------
    GraphError
        If f returns no tensor, or one that does not depend on params: the graph was lost on the way; and
        inside of a transform or of a recorded computation, whose gradient would be lost (see
        `implicit_root`).
    ArgumentError
        For an unknown method, and for bounds and constraints in another form.
    DTypeError
        If params are integers.

    Notes
    -----
    The optimizer computes in float64, f in the dtypes of params: in float32 the rounding of f ends a search
    early.  f must be the same function in each call: give a module in `eval` mode, or without dropout.
    Complex parameters are pairs of real ones, for methods that take gradients or values.

    References
    ----------
    J. Nocedal and S. J. Wright (2006). Numerical Optimization. Springer.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> x, y = np.arange(5.0), 2 * np.arange(5.0) + 1
    >>> found = tg.minimize(lambda p: np.sum((p["a"] * x + p["b"] - y) ** 2), {"a": 0.0, "b": 0.0})
    >>> round(float(found.x["a"]), 4), round(float(found.x["b"]), 4)
    (2.0, 1.0)
    """
    chosen = _method(method, constraints)
    flat = Flat(params)
    given: dict[str, Any] = {"tol": tol, "options": dict(options or {}), "method": chosen}
    if bounds is not None:
        given["bounds"] = list(zip(*_bounds(bounds, flat)))
    if constraints:
        given["constraints"] = [_constraint(c, flat, chosen) for c in _listed(constraints)]
    if chosen in PRODUCTS:
        given["hessp"] = lambda v, direction: flat.product(f, v, direction)
    if chosen in HESSIAN:
        given["hess"] = lambda v: flat.hessian(f, v)
    if callback is not None:
        given["callback"] = lambda v, *_: callback(flat.built(v))
    whole = chosen not in VALUES
    with no_grad():
        flat.value_and_gradient(f, flat.start, first=True)
        objective = flat.value_and_gradient if whole else lambda f, v: flat.value_and_gradient(f, v)[0]
        found = _scipy().minimize(lambda v: objective(f, v), flat.start, jac=whole or None, **given)
    found.x = flat.built(found.x)
    if whole:
        found.jac = flat.built(found.grad if chosen == "trust-constr" else found.jac)
    return found


@names_itself
def least_squares(
    residuals: Objective,
    params: Any,
    *,
    bounds: tuple[Any, Any] | None = None,
    method: str = "trf",
    loss: str = "linear",
    **settings: Any,
) -> Any:
    """Minimize half the sum of squared residuals by SciPy's solvers, with Jacobians from the graph.

    Parameters
    ----------
    residuals : callable
        ``residuals(params)`` returns a tensor of any shape, or containers of them.
    params : array_like, Tensor, Module, or nested dict, list or tuple of them
        Where to start; real numbers.  It is left as it is.
    bounds : pair (lower, upper), optional
        As for `minimize`.
    method : {"trf", "dogbox", "lm"}, default="trf"
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"}, default="linear"
        What is summed of each squared residual; all but the first weigh outliers less.
    **settings
        Others of `scipy.optimize.least_squares`: ftol, xtol, gtol, x_scale, f_scale, max_nfev, verbose …

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``x`` and ``grad`` in the containers of ``params``; ``cost``; ``fun``, the residuals, and ``jac``,
        their Jacobian, as a vector of m and a matrix of shape (m, n), the elements of params in their order.

    Raises
    ------
    GraphError, ArgumentError, DTypeError
        As `minimize` does.

    Notes
    -----
    The Jacobian takes a backward pass for each residual, or, where these are many, a product for each element
    of params.  ``np.linalg.inv(found.jac.T @ found.jac)``, times the variance of the residuals, is the
    covariance of the fitted numbers.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> t = np.linspace(0, 2, 20)
    >>> y = 3 * np.exp(-1.5 * t)
    >>> found = tg.least_squares(lambda p: p["size"] * np.exp(-p["rate"] * t) - y, {"size": 1.0, "rate": 1.0})
    >>> {name: round(float(value), 6) for name, value in found.x.items()}
    {'size': 3.0, 'rate': 1.5}
    """
    if "jac" in settings:
        raise ArgumentError("jac comes from the graph, and is no argument.")
    flat = Flat(params)
    flat.refuse_complex()
    lower, upper = _bounds(bounds or (None, None), flat)
    given = {"method": method, "loss": loss, **settings}
    if bounds is not None:
        given["bounds"] = (lower, upper)
    with no_grad():
        flat.outputs(residuals, flat.start, first=True)
        found = _scipy().least_squares(
            lambda v: flat.outputs(residuals, v),
            flat.start,
            jac=lambda v: flat.jacobian(residuals, v),
            **given,
        )
    found.x, found.grad = flat.built(found.x), flat.built(found.grad)
    return found


# ---- what SciPy is told ------------------------------------------------------------------------------------


def _scipy() -> Any:
    try:
        import scipy.optimize  # type: ignore[import-untyped]  # it has no annotations
    except ImportError:
        raise ArgumentError("SciPy is needed: pip install 'tinygrad_edu[scipy]'.") from None
    return scipy.optimize


def _method(method: str | None, constraints: Any) -> str:
    if method is None:
        return "SLSQP" if constraints else "L-BFGS-B"
    if not isinstance(method, str) or method.lower() not in METHODS:
        raise ArgumentError(f"method is one of {', '.join(METHODS.values())}; got {method!r:.60}.")
    return METHODS[method.lower()]


def _bounds(bounds: Any, flat: Flat) -> tuple[Any, Any]:
    """The lower and the upper bounds, a vector each."""
    if not isinstance(bounds, tuple) or len(bounds) != 2:
        raise ArgumentError(f"bounds are a pair (lower, upper); got {bounds!r:.80}.")
    flat.refuse_complex()
    lower, upper = bounds
    return _bound(lower, -np.inf, "lower", flat), _bound(upper, np.inf, "upper", flat)


def _bound(bound: Any, infinite: float, name: str, flat: Flat) -> Any:
    if bound is None or isinstance(bound, (int, float, np.number)):
        return np.full(flat.start.shape, infinite if bound is None else float(bound))
    parts = []
    for part, array in zip(matched(f"bounds: {name}", flat.params, bound), flat.arrays):
        values = np.asarray(infinite if part is None else array_of(part), float)
        try:
            parts.append(np.broadcast_to(values, array.shape))
        except ValueError:
            raise ShapeError(
                f"bounds: {name} has shape {values.shape}, for params of {array.shape}."
            ) from None
    return flat.vector(parts)


def _listed(constraints: Any) -> list[Any]:
    return [constraints] if isinstance(constraints, Mapping) else list(constraints)


def _constraint(constraint: Any, flat: Flat, method: str) -> Any:
    expected = 'a dict {"type": "eq" or "ineq", "fun": g}'
    if not isinstance(constraint, Mapping) or set(constraint) != {"type", "fun"}:
        raise ArgumentError(f"a constraint is {expected}, whose Jacobian is found; got {constraint!r:.80}.")
    if constraint["type"] not in ("eq", "ineq") or not callable(constraint["fun"]):
        raise ArgumentError(f"a constraint is {expected}; got {dict(constraint)!r:.80}.")
    g = constraint["fun"]
    flat.refuse_complex()
    fun, jac = (lambda v: flat.outputs(g, v)), (lambda v: flat.jacobian(g, v))
    if method != "trust-constr":
        return {"type": constraint["type"], "fun": fun, "jac": jac}
    upper = 0 if constraint["type"] == "eq" else np.inf
    bends = lambda v, weights: flat.hessian(lambda p: _weighted(g(p), weights), v)
    return _scipy().NonlinearConstraint(fun, 0, upper, jac=jac, hess=bends)


def _weighted(values: Any, weights: Any) -> Any:
    """The sum of the values of constraints, each times its multiplier."""
    return np.sum(weights * np.concatenate([np.ravel(value) for value in flatten(values)[0]]))
