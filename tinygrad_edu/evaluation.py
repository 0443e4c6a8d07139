"""One evaluation of a function on variables of its own, and its gradients: what transforms are made of."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .arrays import plain, refuse_imaginary
from .backward import run_backward
from .errors import DTypeError, GraphError, ShapeError, TinygradError
from .graph import Leaf, Node
from .modes import MODE, recording_apart
from .refusals import lost_inside
from .table import op_of
from .tensor import Tensor
from .trees import flatten, labelled, matched


class Evaluation:
    """One evaluation of f on fresh variables, and what is needed to differentiate it.

    Arrays in, arrays out: a gradient is a plain array or NumPy scalar where its primal is one, and a value is
    one if no argument is a tensor, unless somebody may still differentiate it.

    Attributes
    ----------
    variables, outputs : list of Tensor
    outside : bool
        Whether the outputs also depend on tensors from outside of f, so that somebody may differentiate the
        gradient.
    plain : bool
        Whether no argument of the call is a tensor.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        primals: Sequence[Any],
        places: Iterable[int] | None = None,
        *,
        has_aux: bool = False,
        others: Any = (),
    ) -> None:
        self.primals, self.build_inputs = flatten(list(primals))
        self.plain = not any(isinstance(leaf, Tensor) for leaf in (*self.primals, *flatten(others)[0]))
        recording = MODE.get().recording
        try:
            self.variables = [variable(leaf, recording) for leaf in self.primals]
        except TinygradError:  # say which
            numbered = zip(range(len(primals)) if places is None else places, primals)
            names = (name for place, primal in numbered for name, _ in labelled(f"argument {place}", primal))
            for name, leaf in zip(names, self.primals):
                variable(leaf, recording, name)
            raise
        with recording_apart():
            out = f(*self.build_inputs(self.variables))
        self.aux: Any = None
        if has_aux:
            out, self.aux = out
        self.outputs, self.build_outputs = flatten(out)
        for o in self.outputs:
            if not isinstance(o, Tensor):
                lost = "the graph was lost on the way (by .item(), .numpy() or float()?)"
                raise GraphError(f"f returned {type(o).__name__}, not a Tensor: {lost}.")
        self.outside = recording and depends_on_others(self.outputs, self.variables)
        if self.outside and (primitive := MODE.get().inside):
            raise lost_inside(primitive, "a function that it differentiates", self.outputs[0])
        if has_aux and not self.outside:  # nothing that leaves here hangs on the variables of this run
            parts, rebuild = flatten(self.aux)
            own = [type(part) is Tensor for part in parts]  # what stands in modules is theirs
            if any(own):
                cut = (self.given_back(p.detach()) if mine else p for p, mine in zip(parts, own))
                self.aux = rebuild(list(cut))

    def value(self) -> Any:
        """What f returned: attached to the graph where tensors from outside are, a copy that nothing depends
        on elsewhere.
        """
        if self.outside:
            return self.build_outputs(self.outputs)
        copies = [Tensor._make(o._array.copy(), None) for o in self.outputs]
        return self.build_outputs(list(map(self.given_back, copies)))

    def given_back(self, output: Tensor) -> Any:
        """An output of f, or a derivative of one, as the caller gets it."""
        return as_plain(output) if self.plain else output

    def gradients(self, cotangents: list[Any], *, create_graph: bool) -> list[Tensor | None]:
        return gradients_of(self.outputs, cotangents, self.variables, create_graph=create_graph)

    def pull(self, cotangents: list[Any]) -> list[Tensor]:
        """The gradients of the variables."""
        wanted = self.outside or any(isinstance(c, Tensor) and c.requires_grad for c in cotangents)
        gradients = self.gradients(cotangents, create_graph=MODE.get().recording and wanted)
        return or_zeros(gradients, self.variables)

    def like_inputs(self, gradients: Iterable[Tensor]) -> tuple[Any, ...]:
        """Gradients in the containers of the primals, each of its primal's kind."""
        pairs = zip(gradients, self.primals)
        kept = [g if isinstance(leaf, Tensor) else as_plain(g, leaf) for g, leaf in pairs]
        return tuple(self.build_inputs(kept))


def as_plain(tensor: Tensor, like: Any = None) -> Any:
    """The array of a tensor, or a NumPy scalar if it has no axes (unless it is like an array); the tensor
    itself if it needs a gradient.
    """
    if not isinstance(tensor, Tensor) or tensor._node is not None:
        return tensor
    return tensor._array if tensor.ndim or isinstance(like, np.ndarray) else tensor._array[()]


def variable(leaf: Any, connected: bool = True, name: str = "an argument") -> Tensor:
    """A variable of our own with the value of a leaf, whose gradient flows on to the leaf if that is in a
    graph.
    """
    if type(leaf) is np.ndarray and leaf.dtype.kind == "f":  # the usual case, which needs no look
        return Tensor._make(leaf.copy(), Leaf(leaf.shape, leaf.dtype, temporary=True))
    if isinstance(leaf, (int, np.integer)) and not isinstance(leaf, bool):
        leaf = float(leaf)
    foreign = hasattr(leaf, "__array_function__") and not isinstance(leaf, np.ndarray)
    array = leaf if foreign else plain(leaf, name)
    if array.dtype.kind not in "fc":
        raise DTypeError(
            f"{name} is {array.dtype}; what is differentiated with respect to must be floating or complex.\n"
            "  Leave it out (argnums=, or another argument for what is no variable), or convert it: "
            "x.astype(float)."
        )
    x = array if isinstance(array, Tensor) else Tensor(array)
    if connected and x._node is not None:
        return Tensor._make(x._array, Node(op_of(np.positive).plan((0,)), (x._node,), (), x.shape, x.dtype))
    return Tensor._make(x._array.copy(), Leaf(x.shape, x.dtype, temporary=True))


def depends_on_others(outputs: Iterable[Tensor], variables: Iterable[Tensor]) -> bool:
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


def gradients_of(
    outputs: Sequence[Any], cotangents: Sequence[Any], variables: Sequence[Tensor], *, create_graph: bool
) -> list[Tensor | None]:
    """The gradients of the variables, None where the outputs do not depend on one."""
    roots = []
    for output, cotangent in zip(outputs, cotangents):
        if output._node is not None:
            c = cotangent if isinstance(cotangent, Tensor) else Tensor._make(cotangent, None)
            roots.append((output._node, c if create_graph else c._array))
    nodes = [node for v in variables if (node := v._node) is not None]  # which every variable has
    found = run_backward(Tensor, roots, frozenset(nodes), create_graph=create_graph) if nodes else {}
    results = [found.get(node) for node in nodes]
    return [r if r is None or create_graph else Tensor._make(r, None) for r in results]


def or_zeros(gradients: Iterable[Tensor | None], like: Iterable[Tensor]) -> list[Tensor]:
    return [Tensor(np.zeros(x.shape, x.dtype)) if g is None else g for g, x in zip(gradients, like)]


def leaves_like(what: str, expected: Sequence[Tensor], like: Any, tree: Any) -> list[Tensor]:
    """The leaves of a tree that has the structure of ``like``, as tensors of the shapes and dtypes that are
    expected.
    """
    leaves = [leaf if isinstance(leaf, Tensor) else Tensor(leaf) for leaf in matched(what, like, tree)]
    if [leaf.shape for leaf in leaves] != [e.shape for e in expected]:
        shapes = [leaf.shape for leaf in leaves]
        raise ShapeError(f"{what} has shapes {shapes}; expected {[e.shape for e in expected]}.")
    for leaf, e in zip(leaves, expected):
        refuse_imaginary(leaf.dtype, e.dtype, what)
    return [leaf if leaf.dtype == e.dtype else leaf.astype(e.dtype) for leaf, e in zip(leaves, expected)]
