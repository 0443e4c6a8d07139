"""Functions of functions: grad, vjp, jvp, jacobian, hessian and hvp, in JAX's forms.

All arguments may be nested lists, tuples, dicts and modules of arrays; results are tensors in the same containers.  The
transforms nest in any order, and a function may close over other tensors: every call differentiates with respect to
variables of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .backward import run_backward
from .errors import ArgumentError, DTypeError, GraphError, ShapeError
from .graph import Leaf, Node
from .modes import MODE, enable_grad
from .ops.table import op_of
from .tensor import Tensor
from .trees import flatten

Pullback = Callable[[Any], tuple[Any, ...]]


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False) -> Callable[..., Any]:
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
        Takes what f takes; returns the gradient, shaped as the argument (a tuple of them for a sequence of argnums), and
        with ``has_aux`` a pair of that and the auxiliary output.  An argument that f does not use gets zeros.  Where f uses
        tensors from outside that need a gradient, or is given them (the parameters of a module), the result can be
        differentiated in turn; call it under `no_grad` for a plain one.

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
    Tensor(1.)
    >>> tg.grad(tg.grad(tg.grad(lambda x: x**3)))(2.0)
    Tensor(6.)
    """
    both = value_and_grad(f, argnums, has_aux=has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False) -> Callable[..., Any]:
    """As `grad`, but returns the pair of the value and the gradient; with ``has_aux`` the value is f's pair.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.value_and_grad(lambda x: x * x)(3.0)
    (Tensor(9.), Tensor(6.))
    """

    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        run = _Run(*_choose(f, argnums, args, kwargs), has_aux)
        if len(run.outputs) != 1 or run.outputs[0].size != 1:
            raise GraphError(
                f"grad: f must return one tensor with one element; it returned {[o.shape for o in run.outputs]}. See vjp and jacobian for others."
            )
        out = run.outputs[0]
        if out.dtype.kind != "f":
            raise GraphError(f"grad: f returned a tensor of {out.dtype}, which has no slopes; it must return a floating one.")
        gradients = run.pull([np.ones(out.shape, out.dtype)])
        value = (run.value(), run.aux) if has_aux else run.value()
        return value, gradients[0] if isinstance(argnums, int) else gradients

    return value_and_gradient


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
        Takes a cotangent in the containers of the value, and returns a tuple of gradients, one for each primal.  It can be
        called any number of times.
    aux
        With ``has_aux`` only.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> value, pullback = tg.vjp(np.multiply, 2.0, 3.0)
    >>> pullback(1.0)
    (Tensor(3.), Tensor(2.))
    """
    run = _Run(f, primals, has_aux)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        return run.pull(_like(run.outputs, cotangent, "vjp: a cotangent"))

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
    (Tensor(0.), Tensor(2.))
    """
    run = _Run(f, primals)
    directions = _like(run.variables, list(tangents), "jvp: a tangent")
    cotangents = [_variable(np.zeros(o.shape, o.dtype)) for o in run.outputs]
    with enable_grad():
        pulled = run.gradients(cotangents, create_graph=True)
    graph = run.outside or any(d.requires_grad for d in directions)
    pairs = [(p, d) for p, d in zip(pulled, directions) if p is not None]
    results = _gradients([p for p, _ in pairs], [d for _, d in pairs], cotangents, create_graph=graph)
    return run.value(), run.build_outputs(_zeros_for(results, run.outputs))


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that computes the matrix of all first derivatives of f, a row (a backward pass) for each output element.

    Returns
    -------
    callable
        Takes what f takes.  For an output of shape s and an argument of shape t returns a Tensor of shape (*s, *t); for
        containers of outputs, of arguments, and for a sequence of argnums, these containers of them, outputs outside.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    Tensor([[2., 0.],
            [0., 4.]])
    """

    def of(*args: Any, **kwargs: Any) -> Any:
        run = _Run(*_choose(f, argnums, args, kwargs))
        matrices: list[Any] = []
        for k, output in enumerate(run.outputs):
            rows = []
            for i in range(output.size):
                unit = [np.zeros(o.shape, o.dtype) for o in run.outputs]
                unit[k].flat[i] = 1
                rows.append(flatten(list(run.pull(unit)))[0])
            stacked: list[Any] = [np.reshape(np.stack(column), (*output.shape, *v.shape)) for column, v in zip(zip(*rows), run.variables)]
            if not rows:
                stacked = [Tensor(np.zeros((*output.shape, *v.shape), v.dtype)) for v in run.variables]
            inputs = run.build_inputs(stacked)
            matrices.append(inputs[0] if isinstance(argnums, int) else tuple(inputs))
        return run.build_outputs(matrices)

    return of


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that computes the matrix of all second derivatives of f, which returns one element.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.hessian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    Tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, ...]:
    """The product of the Hessian of f with a direction, at the cost of a few evaluations of f: the gradient of ⟨∇f, v⟩.

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
    (Tensor([ 6., 12.]),)
    """
    _, pullback = vjp(grad(f, range(len(primals))), *primals)
    return pullback(tuple(tangents))


def _choose(f: Callable[..., Any], argnums: int | Sequence[int], args: Any, kwargs: Any) -> tuple[Callable[..., Any], list[Any]]:
    """f as a function of the arguments at argnums alone, and those arguments."""
    given = [argnums] if isinstance(argnums, int) else list(argnums)
    numbers = [n % len(args) for n in given if -len(args) <= n < len(args)]
    if len(set(numbers)) < len(given):
        raise ArgumentError(f"argnums={argnums} of a call with {len(args)} positional arguments: each must name one of them, and only once.")

    def of_chosen(*chosen: Any) -> Any:
        places = dict(zip(numbers, chosen))
        return f(*(places.get(i, arg) for i, arg in enumerate(args)), **kwargs)

    return of_chosen, [args[n] for n in numbers]


class _Run:
    """One evaluation of f on fresh variables, and what is needed to differentiate it.

    Attributes
    ----------
    variables, outputs : list of Tensor
    outside : bool
        Whether the outputs also depend on tensors from outside of f, so that somebody may differentiate the gradient.
    """

    def __init__(self, f: Callable[..., Any], primals: Sequence[Any], has_aux: bool = False) -> None:
        leaves, build = flatten(list(primals))
        self.build_inputs = build
        recording = MODE.get().recording
        self.variables = [_variable(leaf, recording) for leaf in leaves]
        with enable_grad():
            out = f(*build(self.variables))
        self.aux: Any = None
        if has_aux:
            out, self.aux = out
        self.outputs, self.build_outputs = flatten(out)
        for o in self.outputs:
            if not isinstance(o, Tensor):
                raise GraphError(f"f returned {type(o).__name__}, not a Tensor: the graph was lost on the way (by .item(), .numpy() or float()?).")
        self.outside = recording and _depends_on_others(self.outputs, self.variables)
        if not self.outside:  # nothing that leaves here hangs on the variables of this run
            parts, rebuild = flatten(self.aux)
            self.aux = rebuild([part.detach() if isinstance(part, Tensor) else part for part in parts])

    def value(self) -> Any:
        """What f returned, attached to the graph only where tensors from outside are."""
        return self.build_outputs([o if self.outside else o.detach() for o in self.outputs])

    def gradients(self, cotangents: list[Any], *, create_graph: bool) -> list[Tensor | None]:
        return _gradients(self.outputs, cotangents, self.variables, create_graph=create_graph)

    def pull(self, cotangents: list[Any]) -> tuple[Any, ...]:
        """The gradients of the variables, in the containers of the primals."""
        graph = self.outside or (MODE.get().recording and any(isinstance(c, Tensor) and c.requires_grad for c in cotangents))
        return tuple(self.build_inputs(_zeros_for(self.gradients(cotangents, create_graph=graph), self.variables)))


def _variable(leaf: Any, connected: bool = True) -> Tensor:
    """A variable of our own with the value of a leaf, whose gradient flows on to the leaf if that is in a graph."""
    x = leaf if isinstance(leaf, Tensor) else Tensor(float(leaf) if type(leaf) is int else leaf)
    if x.dtype.kind != "f":
        raise DTypeError(
            f"Only floating arguments can be differentiated with respect to; got {x.dtype}. Use argnums= to leave the argument out, or convert it."
        )
    if connected and x._node is not None:
        return Tensor._make(x._array, Node(op_of(np.positive).plan(1), (x._node,), (), x.shape, x.dtype))
    return Tensor._make(x._array.copy(), Leaf(x.shape, x.dtype, temporary=True))


def _depends_on_others(outputs: Iterable[Tensor], variables: Iterable[Tensor]) -> bool:
    """Whether there is a way from the outputs to anything older than, or other than, the variables."""
    ours = {v._node for v in variables}
    if any(isinstance(node, Node) and node.parents for node in ours):
        return True
    oldest = min((node.order for node in ours if node is not None), default=0)
    stack = [o._node for o in outputs if o._node is not None]
    seen = set(stack)
    while stack:
        node = stack.pop()
        if node in ours:
            continue
        if node.order < oldest or (isinstance(node, Leaf) and not node.temporary):
            return True
        new = [p for p in node.parents if p not in seen]
        seen.update(new)
        stack += new
    return False


def _gradients(outputs: Sequence[Any], cotangents: Sequence[Any], variables: Sequence[Tensor], *, create_graph: bool) -> list[Tensor | None]:
    """The gradients of the variables, None where the outputs do not depend on one."""
    roots = []
    for output, cotangent in zip(outputs, cotangents):
        if output._node is not None:
            c = cotangent if isinstance(cotangent, Tensor) else Tensor._make(cotangent, None)
            roots.append((output._node, c if create_graph else c._array))
    nodes = [node for v in variables if (node := v._node) is not None]  # which every variable has
    found = run_backward(Tensor, roots, sinks=frozenset(nodes), create_graph=create_graph, retain_graph=True) if nodes else {}
    results = [found.get(node) for node in nodes]
    return [r if r is None or create_graph else Tensor._make(r, None) for r in results]


def _zeros_for(gradients: Iterable[Tensor | None], like: Iterable[Tensor]) -> list[Tensor]:
    return [Tensor(np.zeros(x.shape, x.dtype)) if g is None else g for g, x in zip(gradients, like)]


def _like(expected: Sequence[Tensor], tree: Any, what: str) -> list[Tensor]:
    """The leaves of a tree as tensors of the dtypes that are expected, or an error that names the one that does not fit."""
    leaves = [leaf if isinstance(leaf, Tensor) else Tensor(leaf) for leaf in flatten(tree)[0]]
    if [leaf.shape for leaf in leaves] != [e.shape for e in expected]:
        raise ShapeError(f"{what} has shapes {[leaf.shape for leaf in leaves]}; expected {[e.shape for e in expected]}.")
    return [leaf if leaf.dtype == e.dtype else leaf.astype(e.dtype) for leaf, e in zip(leaves, expected)]
