"""jacobian, hessian and hvp: all first derivatives of a function, all second ones, and these in a direction.

As those of `transforms` they take and return containers of arrays or tensors, and nest in any order.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import numpy as np

from .argnums import check_directions, chosen, is_number
from .errors import GraphError
from .evaluation import Evaluation
from .forms import Matrix
from .holomorphic import SPLIT, row
from .patience import Patience
from .tensor import Tensor
from .transforms import grad, vjp
from .trees import flatten


# fmt: off
@overload
def jacobian(f: Callable[..., Any], argnums: Literal[0] = 0) -> Matrix: ...
@overload
def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]: ...
# fmt: on
def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that computes the matrix of all first derivatives of f, a row (a backward pass) for each
    output element.

    Returns
    -------
    callable
        Takes what f takes.  For an output of shape s and an argument of shape t returns an array of shape
        ``(*s, *t)``, a tensor if the argument is one; for containers of outputs, of arguments, and for a
        sequence of argnums, these containers of them, outputs outside.  Of a complex argument it is the
        complex derivative f', of complex outputs that of their real parts and i times that of their imaginary
        ones.  Where it takes longer than two seconds, a line on the terminal says how far it is.

    Raises
    ------
    GraphError
        If f has no complex derivative in a complex argument at this point, as np.abs and np.conj have not.

    Notes
    -----
    The gradient of each example's loss in a batch is the Jacobian of the vector of losses, in a model's
    parameters: of shape ``(n, *shape)`` by the parameter's name.  It takes n backward passes over the batch;
    for thousands of examples, `grad` of one after the other takes less.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    >>> tg.jacobian(np.exp)(1j * np.pi)
    np.complex128(-1+1.2246467991473532e-16j)

    The gradients of five examples:

    >>> model, x, y = tg.nn.Linear(3, 2, rng=0), np.ones((5, 3), np.float32), np.array([0, 1, 1, 0, 1])
    >>> losses = lambda model: tg.softmax_cross_entropy(model(x), y, reduction="none")
    >>> each = tg.jacobian(losses)(model)
    >>> {name: gradient.shape for name, gradient in each.named_parameters()}
    {'weight': (5, 2, 3), 'bias': (5, 2)}
    """

    def of(*args: Any, **kwargs: Any) -> Any:
        run = Evaluation(*chosen(f, argnums, args, kwargs))
        matrices: list[Any] = []
        with Patience("jacobian: row", sum(output.size for output in run.outputs)) as patience:
            for k in range(len(run.outputs)):
                inputs = run.like_inputs(_rows(run, k, patience))
                matrices.append(inputs[0] if is_number(argnums) else inputs)
        return run.build_outputs(matrices)

    return of


def _rows(run: Evaluation, k: int, patience: Patience) -> list[Tensor]:
    """The derivatives of one output with respect to each variable, a backward pass for each element."""
    output, rows = run.outputs[k], []
    for i in range(output.size):
        unit = [np.zeros(o.shape, o.dtype) for o in run.outputs]
        unit[k].flat[i] = 1
        rows.append(row(run, unit))
        patience.step()
    shapes = [(*output.shape, *v.shape) for v in run.variables]
    if not rows:
        return [Tensor(np.zeros(shape, v.dtype)) for v, shape in zip(run.variables, shapes)]
    stacked: list[Any] = [np.stack(column) for column in zip(*rows)]
    shaped: Any = [np.reshape(column, shape) for column, shape in zip(stacked, shapes)]
    return shaped


# fmt: off
@overload
def hessian(f: Callable[..., Any], argnums: Literal[0] = 0) -> Matrix: ...
@overload
def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]: ...
# fmt: on
def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that computes the matrix of all second derivatives of f, which returns one element.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.hessian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """

    def of(*args: Any, **kwargs: Any) -> Any:
        if any(map(np.iscomplexobj, flatten(chosen(f, argnums, args, kwargs)[1])[0])):
            raise GraphError(f"hessian: an argument is complex, and its parts vary independently.\n  {SPLIT}")
        return jacobian(grad(f, argnums), argnums)(*args, **kwargs)

    return of


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """The product of the Hessian of f with a direction, at the cost of a few evaluations of f: the gradient
    of ⟨∇f, v⟩.

    Parameters
    ----------
    f : callable
        Returns one tensor with one element.
    primals, tangents : sequence
        The arguments of f, and a direction for each, in the same containers.

    Returns
    -------
    tuple
        One product for each primal, in its containers.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    (array([ 6., 12.]),)
    """
    check_directions("hvp", primals, tangents)
    _, pullback = vjp(grad(f, range(len(primals))), *primals)
    return pullback(tuple(tangents))
