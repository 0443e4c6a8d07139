"""remat: the values between a function's arguments and its result are not kept; the backward pass computes
them again.

The function is run, its graph is looked at, and let go.  What the graph hung on, tensors from before the call
that need a gradient (arguments, parameters of modules, whatever the function closes over), become the parents
of one node, of which the derivative runs the function a second time, now for its graph.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from .backward import run_backward
from .entry import Op
from .errors import ArgumentError, GraphError
from .gradients import turned
from .graph import Leaf, Node
from .modes import MODE, recording_apart
from .random import Draws, drawing
from .signature import Signature
from .tensor import Tensor
from .trees import children, flatten

Function = TypeVar("Function", bound=Callable[..., Any])


def remat(f: Function) -> Function:
    """Trade time for memory: let go of what f computes on the way, and compute it again in the backward pass.

    Parameters
    ----------
    f : callable
        A function of anything, or a module.  It may use tensors from outside, such as a module's parameters,
        and returns tensors, in any containers.

    Returns
    -------
    callable
        The same function, of the same values and gradients of any order.  Of a call that is recorded, the
        graph keeps the arguments and the result alone, and the backward pass takes one more evaluation of f.

    Raises
    ------
    ArgumentError
        If f cannot be called.
    GraphError
        In the backward pass, if f returns something else than before: it draws random numbers in another way
        than by this package's ``rng=`` and `seed`, or what it uses has changed since.  When called, if f
        makes a variable that needs a gradient, which would be another one the second time.

    Notes
    -----
    Random numbers that are drawn by way of ``rng=``, `seed` or `nn.Dropout` are the same the second time.  A
    module that counts its calls counts two: batch normalization in training updates its running statistics in
    the backward pass too.

    References
    ----------
    T. Chen et al. (2016). Training deep nets with sublinear memory cost. arXiv:1604.06174.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> @tg.remat
    ... def deep(x):
    ...     for _ in range(100):
    ...         x = np.sin(x)
    ...     return x
    >>> tg.grad(deep)(0.5) == tg.grad(deep.__wrapped__)(0.5)
    np.True_
    """

    if not callable(f):
        raise ArgumentError(f"remat: f is a function or a module; got a {type(f).__name__}.")

    @wraps(f, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        if not MODE.get().recording:
            return f(*args, **kwargs)
        args, kwargs = aliases(list(args)), aliases(kwargs)  # which an x[i] = v after the call cannot change
        run = Run(f, args, kwargs)
        with drawing() as draws:
            leaves, rebuild = flatten(f(*args, **kwargs))
        made = [i for i, leaf in enumerate(leaves) if run.has_made(leaf)]
        if not made:
            return rebuild(leaves)
        arrays = [leaves[i]._array for i in made]
        run.remember(draws, made, arrays, roots=[leaves[i]._node for i in made])
        node = run.node(arrays)
        for place, i in enumerate(made):
            leaves[i] = Tensor._make(arrays[place], node.part(place))
        return rebuild(leaves)

    return call  # type: ignore[return-value]  # wraps keeps the signature


def aliases(tree: Any) -> Any:
    """A tree with other tensors of the same values and nodes in it; modules as they are."""
    if isinstance(tree, Tensor) and type(tree) is Tensor:
        return Tensor._make(tree._array, tree._node) if tree._node is not None else tree
    inside = None if hasattr(tree, "__tree__") else children(tree)
    return tree if inside is None else inside[1](list(map(aliases, inside[0])))


class Run:
    """One call of a function that is to be run again: what it was given, drew and returned, and which nodes
    it hung on.
    """

    def __init__(self, f: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self.f, self.args, self.kwargs = f, args, kwargs
        self.start = Leaf((), np.dtype(float), temporary=True).order  # what f makes is younger
        self.draws = Draws()
        self.made: list[int] = []
        self.traces: list[Any] = []
        self.outside: list[Node] = []

    def has_made(self, leaf: Any) -> bool:
        """Whether an output is a result of f, and not an argument that it returns as it is."""
        return isinstance(leaf, Tensor) and leaf._node is not None and leaf._node.order > self.start

    def remember(self, draws: Draws, made: list[int], arrays: list[Any], roots: list[Any]) -> None:
        """Take down what the backward pass needs."""
        self.draws, self.made, self.traces = draws, made, list(map(trace_of, arrays))
        self.outside = ancestors(roots, self.start)

    def node(self, arrays: list[Any]) -> Node:
        """The one node that stands for all of f."""
        names = [f"tensor {i}" for i in range(len(self.outside))]
        rule = self.gradients
        op = Op(self.f, self.f, Signature(names, {}), {}, joint=(tuple(names), lambda g: rule(g)))
        op.name, op.trusted = getattr(self.f, "__name__", type(self.f).__name__), False
        plan = op.plan(tuple(range(len(names))))
        return Node(
            plan, tuple(self.outside), (), tuple(a.shape for a in arrays), tuple(a.dtype for a in arrays)
        )

    def gradients(self, g: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the tensors from outside: f is run again, and its graph is walked through."""
        with recording_apart(), drawing(self.draws):
            leaves, _ = flatten(self.f(*self.args, **self.kwargs))
        outputs = [leaves[i] if i < len(leaves) else None for i in self.made]
        for output, trace in zip(outputs, self.traces):
            if not (isinstance(output, Tensor) and alike(trace, trace_of(output._array))):
                raise GraphError(
                    f"remat of {getattr(self.f, '__name__', type(self.f).__name__)}: it returned something "
                    "else when it was run again for its gradient. Has a tensor that it uses changed since, "
                    "or does it draw random numbers by a generator of its own? Draw them by rng= or tg.seed, "
                    "or give them to it as arguments."
                )
        graph = any(isinstance(part, Tensor) for part in g)
        nodes = [(o._node, part) for o, part in zip(outputs, g) if o is not None and o._node is not None]
        roots = [(node, turned(node, part)) for node, part in nodes]  # a pass of its own, from outside
        found = run_backward(Tensor, roots, frozenset(self.outside), create_graph=graph)
        zeros = (np.zeros(node.shape, node.dtype) for node in self.outside)
        return tuple(
            (Tensor._make(zero, None) if graph else zero)
            if (gradient := found.get(node)) is None
            else turned(node, gradient)
            for node, zero in zip(self.outside, zeros)
        )


def ancestors(roots: Iterable[Node], start: int) -> list[Node]:
    """The nodes from before the start that these hang on, the oldest first."""
    stack, found = list(roots), set(roots)
    outside = set()
    while stack:
        node = stack.pop()
        if node.order < start:
            outside.add(node)
            continue
        if isinstance(node, Leaf) and not node.temporary:
            raise GraphError(
                "remat: the function makes a tensor that requires a gradient, which would be another one "
                "when it is run again. Make it outside, and pass it as an argument."
            )
        new = [parent for parent in node.parents if parent not in found]
        found.update(new)
        stack += new
    return sorted(outside, key=lambda node: node.order)


def trace_of(array: Any) -> Any:
    """What tells an array from another: sums of its elements, of every second one, and of their sizes."""
    flat = np.reshape(array, -1)
    sums = np.stack([np.sum(flat), np.sum(flat[::2]), np.sum(np.absolute(flat))])
    return array.shape, np.finfo(array.dtype).eps, sums


def alike(a: Any, b: Any) -> bool:
    """Whether two arrays are the same but for rounding, judged by their traces."""
    if a[0] != b[0] or a[1] != b[1]:
        return False
    bound = a[1] ** 0.75 * (1 + np.absolute(a[2][2]))
    return bool(np.all((np.absolute(a[2] - b[2]) <= bound) | (a[2] == b[2]) | np.isnan(a[2])))
