"""Functions of functions: grad, vjp and jvp, in JAX's forms; `jacobians` has the matrices.

All arguments may be nested lists, tuples, dicts and modules of arrays; results come in the same containers.
Arrays in, arrays out: the gradient of an argument that is a plain array or a number is a plain array or a
NumPy scalar, that of a tensor (a module's parameters are some) a tensor; a value is plain if no argument of
the call is a tensor.  Only what itself needs a gradient, because an outer transform or a tensor that f closes
over asks for it, is a tensor in any case; under `no_grad` nothing does.  The transforms nest in any order:
every call differentiates with respect to variables of its own.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import numpy as np

from .argnums import check_directions, chosen, is_number
from .errors import GraphError
from .evaluation import Evaluation, gradients_of, leaves_like, or_zeros, variable
from .forms import Gradient, Pullback, ValueAndGradient
from .modes import MODE, recording_apart


# fmt: off
@overload
def grad(f: Callable[..., Any], argnums: Literal[0] = 0, *, has_aux: Literal[False] = False) -> Gradient: ...
@overload
def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False) -> Callable[..., Any]: ...
# fmt: on
def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that computes the gradient of f.

    Parameters
    ----------
    f : callable
        Returns one tensor with one element; with ``has_aux`` a pair of that and anything else.
    argnums : int or sequence of int, default=0
        The positional arguments to differentiate with respect to.
    has_aux : bool, default=False

    Returns
    -------
    callable
        Takes what f takes; returns the gradient, shaped as the argument and of its kind, array or tensor (a
        tuple of them for a sequence of argnums), and with ``has_aux`` a pair of that and the auxiliary
        output.  An argument that f does not use gets zeros; a complex one ∂f/∂re + i ∂f/∂im, as in PyTorch.
        Where f uses tensors from outside that need a gradient, or is given them (the parameters of a module),
        the result can be differentiated in turn; call it under `no_grad` for a plain one.

    Raises
    ------
    GraphError
        If f returns something else than a tensor of one element.
    DTypeError
        If an argument to differentiate with respect to is not floating (Python integers become float64).

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.grad(np.tanh)(0.0)
    np.float64(1.0)
    >>> tg.grad(tg.grad(tg.grad(lambda x: x**3)))(np.array(2.0))
    array(6.)
    >>> tg.grad(lambda x: np.sum(x**3))(tg.Tensor([1.0, 2.0]))
    Tensor([ 3., 12.])
    """
    both = value_and_grad(f, argnums, has_aux=has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


# fmt: off
@overload
def value_and_grad(f: Callable[..., Any], argnums: Literal[0] = 0, *, has_aux: Literal[False] = False) -> ValueAndGradient: ...
@overload
def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False) -> Callable[..., Any]: ...
# fmt: on
def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """As `grad`, but returns the pair of the value and the gradient; with ``has_aux`` the value is f's pair.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.value_and_grad(lambda x: x * x)(3.0)
    (np.float64(9.0), np.float64(6.0))
    """

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        run = Evaluation(*chosen(f, argnums, args, kwargs), has_aux=has_aux, others=(args, kwargs))
        if len(run.outputs) != 1 or run.outputs[0].size != 1:
            returned = f"it returned {[o.shape for o in run.outputs]}. See vjp and jacobian for others."
            raise GraphError(f"grad: f must return one tensor with one element; {returned}")
        out = run.outputs[0]
        if out.dtype.kind != "f":
            why = "which has no slopes; it must return a floating one"
            if out.dtype.kind == "c":
                why = "which has no order; it must return a real one, such as np.abs(z)**2 (or use jacobian)"
            raise GraphError(f"grad: f returned a tensor of {out.dtype}, {why}.")
        gradients = run.like_inputs(run.pull([np.ones(out.shape, out.dtype)]))
        value = (run.value(), run.aux) if has_aux else run.value()
        return value, gradients[0] if is_number(argnums) else gradients

    return value_and_gradient


# fmt: off
@overload
def vjp(f: Callable[..., Any], *primals: Any, has_aux: Literal[False] = False) -> tuple[Any, Pullback]: ...
@overload
def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool) -> tuple[Any, ...]: ...
# fmt: on
def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of f, and the function that pulls cotangents back to its arguments: u ↦ uᵀ J.

    Parameters
    ----------
    f : callable
        Returns tensors, in any containers; with ``has_aux`` a pair of them and anything else.
    *primals
        The arguments of f, all of which are differentiated.
    has_aux : bool, default=False

    Returns
    -------
    value
        What f returned.
    pullback : callable
        Takes a cotangent in the containers of the value, and returns a tuple of gradients, one for each
        primal.  It can be called any number of times.
    aux
        With ``has_aux`` only.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> value, pullback = tg.vjp(np.multiply, 2.0, 3.0)
    >>> pullback(1.0)
    (np.float64(3.0), np.float64(2.0))
    """
    run = Evaluation(f, primals, has_aux=has_aux)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        structure = run.build_outputs(run.outputs)
        return run.like_inputs(run.pull(leaves_like("vjp: the cotangent", run.outputs, structure, cotangent)))

    return (run.value(), pullback, run.aux) if has_aux else (run.value(), pullback)


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of f, and its derivative in the direction of tangents: J v.

    The same rules serve: the vjp is linear in its cotangent u, and the gradient of ⟨uᵀ J, v⟩ in u is J v.

    Parameters
    ----------
    f : callable
        Returns tensors, in any containers.
    primals, tangents : sequence
        The arguments of f, and a direction for each, in the same containers.

    Returns
    -------
    value, tangent
        Both in the containers of what f returned.

    References
    ----------
    J. Townsend (2017). A new trick for calculating Jacobian vector products.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.jvp(np.sin, (0.0,), (2.0,))
    (np.float64(0.0), np.float64(2.0))
    """
    check_directions("jvp", primals, tangents)
    run = Evaluation(f, primals, others=tangents)
    directions = leaves_like("jvp: tangents", run.variables, list(primals), list(tangents))
    sloped = [o for o in run.outputs if o.dtype.kind in "fc"]  # integers have no slopes
    cotangents = [variable(np.zeros(o.shape, o.dtype)) for o in sloped]
    with recording_apart():
        pulled = gradients_of(sloped, cotangents, run.variables, create_graph=True)
    graph = MODE.get().recording and (run.outside or any(d.requires_grad for d in directions))
    pairs = [(p, d) for p, d in zip(pulled, directions) if p is not None]
    found = iter(gradients_of([p for p, _ in pairs], [d for _, d in pairs], cotangents, create_graph=graph))
    results = [next(found) if o.dtype.kind in "fc" else None for o in run.outputs]
    return run.value(), run.build_outputs([run.given_back(t) for t in or_zeros(results, run.outputs)])
