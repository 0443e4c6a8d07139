"""What a step reads and keeps beside its arguments: found, swapped for traced arrays, and put back.

It is found from the function: what its code names among its globals, what it closes over, and what these hold in
turn: modules, optimizers, lists, dicts, and objects of the user's own classes.
"""

import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import TraceError
from ..nn.module import Module
from ..optim.elementwise import Elementwise
from ..optim.group import Group
from ..optim.optimizer import Optimizer
from ..optim.pack import Numbers, Pack
from ..tensor import Tensor
from .program import Input
from .traced import Log

SCALARS = (bool, int, float, complex, str, bytes, type(None), np.generic, np.dtype, type)
OURS = __name__.partition(".")[0]


class Place:
    """A place that holds something: a global, a cell of a closure, an attribute, an item.

    ``name`` is what a message calls it.
    """

    __slots__ = ("get", "name", "put")

    def __init__(self, name: str, get: Callable[[], Any], put: Callable[[Any], None]) -> None:
        self.name, self.get, self.put = name, get, put


class State:
    """Everything that a function can reach.

    Attributes
    ----------
    places : list of (Place, object)
        Each place that was looked at, with what it held.
    tensors : dict of str to Tensor
        By the names that a reader would call them.
    optimizers : list of Optimizer
    generators : list of numpy.random.Generator
    """

    def __init__(self, function: Callable[..., Any], others: Any = ()) -> None:
        self.places: list[tuple[Place, Any]] = []
        self.sizes: list[tuple[str, Any, int]] = []  # of lists, dicts and the attributes of objects
        self.tensors: dict[str, Tensor] = {}
        self.optimizers: list[Any] = []
        self.generators: list[Any] = []
        self._seen: dict[int, Any] = {}  # what was looked at, kept alive
        self._look(function, getattr(function, "__name__", "step"))
        for i, other in enumerate(others):
            self._look(other, f"argument {i}")
        for optimizer in self.optimizers:
            if not isinstance(optimizer, Elementwise):
                raise TraceError(
                    f"{type(optimizer).__name__} cannot be compiled: its step is no fixed list of NumPy calls. Elementwise "
                    "optimizers can (SGD, Adam, …)."
                )

    # ---- finding -------------------------------------------------------------------------------------------

    def _look(self, value: Any, name: str) -> None:
        if isinstance(value, SCALARS) or id(value) in self._seen:
            return
        self._seen[id(value)] = value
        if isinstance(value, Tensor):
            self.tensors[name if name not in self.tensors else f"{name} {len(self.tensors)}"] = value
            if value._node is not None and value._node.notes is not None and value._node.notes.hooks:
                raise TraceError(
                    f"{name} has a hook, which a compiled step would not call. Remove it, or run the step as it is."
                )
        elif isinstance(value, types.MethodType):
            self._look(value.__self__, name)
            self._look(value.__func__, name)
        elif isinstance(value, types.FunctionType):
            self._look_into_function(value)
        elif isinstance(value, np.random.Generator):
            self.generators.append(value)
        elif isinstance(value, Optimizer):
            self.optimizers.append(value)
            for pack in getattr(value, "_packs", ()):
                arrays = [None if p._node is None else p._array for p in pack.params]
                if any(array is not known for array, known in zip(arrays, pack.arrays)):
                    pack._note(arrays)  # which looks at memory, and traced arrays have none
            self._look_into_attributes(value, "optimizer")
        elif isinstance(value, (list, dict)):
            self._look_into_items(value, name)
        elif isinstance(value, tuple):
            for i, item in enumerate(value):
                self._look(item, f"{name}[{i}]")
        elif isinstance(value, (Module, Pack, Group)) or self._is_of_the_user(value):
            self._look_into_attributes(value, name)

    def _is_of_the_user(self, value: Any) -> bool:
        """Whether it is an object with attributes, of a class that is neither Python's nor a library's."""
        module = type(value).__module__.partition(".")[0]
        return hasattr(value, "__dict__") and not isinstance(value, types.ModuleType) and module not in (
            "builtins", "numpy", OURS, "torch", "matplotlib", "pandas", "scipy", "sklearn",
        )  # fmt: skip

    def _look_into_function(self, function: types.FunctionType) -> None:
        if function.__module__ and function.__module__.partition(".")[0] in (OURS, "numpy"):
            return
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            try:
                value = cell.cell_contents
            except ValueError:  # not yet assigned
                continue
            self._hold(
                Place(name, lambda c=cell: c.cell_contents, lambda v, c=cell: setattr(c, "cell_contents", v)),
                value,
            )
        for name in names_in(function.__code__):
            if name in function.__globals__:
                values = function.__globals__
                self._hold(
                    Place(
                        name,
                        lambda n=name, g=values: g.get(n),
                        lambda v, n=name, g=values: g.__setitem__(n, v),
                    ),
                    values[name],
                )
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._look(default, function.__name__)

    def _look_into_items(self, value: Any, name: str) -> None:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        self.sizes.append((name, value, len(value)))
        for key, item in list(items):
            self._hold(
                Place(
                    f"{name}[{key!r}]",
                    lambda k=key, v=value: v[k],
                    lambda x, k=key, v=value: v.__setitem__(k, x),
                ),
                item,
            )

    def _look_into_attributes(self, value: Any, name: str) -> None:
        if not isinstance(value, Pack):
            self.sizes.append((name, vars(value), len(vars(value))))
        for key, item in list(vars(value).items()):
            path = key if name in ("self", "model", "net") else f"{name}.{key}"
            self._hold(
                Place(
                    path,
                    lambda k=key, v=value: vars(v).get(k),
                    lambda x, k=key, v=value: vars(v).__setitem__(k, x),
                ),
                item,
            )

    def _hold(self, place: Place, value: Any) -> None:
        self.places.append((place, value))
        if not isinstance(value, (types.ModuleType, Numbers)):
            self._look(value, place.name)

    # ---- swapping ------------------------------------------------------------------------------------------

    def swapped(self, log: Log) -> "Swap":
        """Everything with traced arrays in the place of its own, until `Swap.put_back`."""
        return Swap(self, log)


class Swap:
    """Traced arrays in the place of what the state holds.

    Attributes
    ----------
    arrays : dict of str to (Tensor, ndarray)
        What the tensors held.
    """

    def __init__(self, state: State, log: Log) -> None:
        self.state, self.log = state, log
        self.tensors = [
            (name, t, t._array, t._leaf, t._leaf.grad if t._leaf else None)
            for name, t in state.tensors.items()
        ]
        self.counts = [(pack, dict(vars(pack))) for o in state.optimizers for pack in o._packs]
        self._replaced: list[tuple[Place, Any]] = []
        for name, tensor, array, leaf, grad in self.tensors:
            tensor._array = log.input(array, Input("state", name))
            if grad is not None and isinstance(grad, Tensor):
                leaf.grad = Tensor._make(log.input(grad._array, Input("grad", name)), None)
        for place, value in state.places:
            replaced = self._traced(value, place.name)
            if replaced is not value:
                self._replaced.append((place, value))
                place.put(replaced)

    def _traced(self, value: Any, name: str) -> Any:
        """A value with traced arrays in it; itself, if there are none."""
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiubc":
            return self.log.input(value, Input("state", name))
        if isinstance(value, np.random.Generator):
            return self.log.generator(value)
        if type(value) is tuple:
            parts = tuple(self._traced(v, name) for v in value)
            return parts if any(a is not b for a, b in zip(parts, value)) else value
        return value

    def put_back(self) -> None:
        """What was there before: the arrays, in which the run has written."""
        for place, value in self._replaced:
            place.put(value)
        for _, tensor, array, _, _ in self.tensors:
            if getattr(tensor._array, "stands_for_array", False) and tensor._array.value is array:
                tensor._array = array

    def plain_gradients(self) -> None:
        """Gradients that the run has made, as plain arrays."""
        for _, _, _, leaf, _ in self.tensors:
            if (
                leaf is not None
                and leaf.grad is not None
                and getattr(leaf.grad._array, "stands_for_array", False)
            ):
                leaf.grad._array = np.asarray(leaf.grad._array.value)

    def undo(self) -> None:
        """What was there before a run that failed, beside what was written into arrays."""
        self.put_back()
        for _, tensor, array, leaf, grad in self.tensors:
            tensor._array = array
            if leaf is not None:
                leaf.grad = grad
        for pack, attributes in self.counts:
            vars(pack).clear()
            vars(pack).update(attributes)


def names_in(code: types.CodeType) -> Iterator[str]:
    """The names that code may look up among its globals, and that of the functions in it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_in(constant)
