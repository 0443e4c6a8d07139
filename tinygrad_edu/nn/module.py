"""Module: a function with parameters.

A module's parameters are the `Parameter` objects among its attributes, and those of the modules among them, also inside
lists, tuples and dicts.  There is nothing to register: attributes are read when somebody asks, in the order in which they
were assigned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..errors import DTypeError, StateError
from ..tensor import Tensor
from ..trees import children
from ..versions import WRITES

M = TypeVar("M", bound="Module")


class Parameter(Tensor):
    """A tensor that a module learns: a leaf that requires a gradient and owns its values.

    Parameters
    ----------
    data : array_like
        Floating values; they are copied.
    dtype : dtype, optional
        By default the one of ``data``.  The layers of this package make float32 parameters.
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike | Tensor, *, dtype: DTypeLike | None = None) -> None:
        super().__init__(data, requires_grad=True, dtype=dtype)


class Module:
    """Base class of layers, losses and models: write ``__init__`` and ``forward``, and call the object.

    Attributes
    ----------
    training : bool
        Whether layers such as Dropout behave as in training (True at first) or as in use; see `train` and `eval`.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn, relu
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         self.hidden = nn.Linear(2, 4, rng=0)
    ...         self.out = nn.Linear(4, 1, rng=1)
    ...     def forward(self, x):
    ...         return self.out(relu(self.hidden(x)))
    >>> net = Net()
    >>> [name for name, _ in net.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    >>> net(np.zeros((3, 2))).shape
    (3, 1)
    """

    training: bool = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; subclasses write this."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x): a Module defines what it computes there.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    # ---- what is inside ------------------------------------------------------------------------------------------------

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module (named "") and all inside it, each once, with their paths."""
        for path, value in _walk("", self, set()):
            if isinstance(value, Module):
                yield path, value

    def modules(self) -> Iterator[Module]:
        """This module and all inside it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their paths ("hidden.weight", "layers.0.bias"), in order, each once."""
        for path, value in _walk("", self, set()):
            if isinstance(value, Parameter):
                yield path, value

    def parameters(self) -> Iterator[Parameter]:
        """The parameters in order, each once."""
        return (parameter for _, parameter in self.named_parameters())

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Ask for gradients of all parameters, or freeze them; returns the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    # ---- training and use ------------------------------------------------------------------------------------------------

    def train(self: M, mode: bool = True) -> M:
        """Behave as in training; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Behave as in use: no dropout; returns the module."""
        return self.train(False)

    # ---- state -------------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The values of all parameters by path, as copies that training does not change."""
        named = list(self.named_parameters())
        state = {name: parameter._array.copy() for name, parameter in named}
        if len(state) < len(named):
            twice = next(a for a, b in pairwise(sorted(name for name, _ in named)) if a == b)
            raise StateError(f"{type(self).__name__}.state_dict: two parameters are called {twice!r}. Do keys of a dict differ in type only?")
        return state

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Take over the values of a state, all of them or, if anything does not fit, none.

        Parameters
        ----------
        state : mapping of str to array_like
            As `state_dict` returned it; values are cast to the dtypes of the parameters.

        Raises
        ------
        StateError
            Listing the names that are missing and unexpected, and the shapes and dtypes that differ; nothing was changed.
        """
        own = dict(self.named_parameters())
        given = {name: value._array if isinstance(value, Tensor) else np.asarray(value) for name, value in state.items()}
        problems = [f"missing: {name}" for name in own if name not in given]
        problems += [f"unexpected: {name}" for name in given if name not in own]
        for name, parameter in own.items():
            if name in given and given[name].shape != parameter.shape:
                problems.append(f"{name}: expected shape {parameter.shape}, got {given[name].shape}")
            elif name in given and given[name].dtype.kind != "f":
                problems.append(f"{name}: expected floating values, got {given[name].dtype}")
        if problems:
            raise StateError(f"{type(self).__name__}.load_state_dict: the state does not fit, and nothing was loaded:\n  " + "\n  ".join(problems))
        for name, parameter in own.items():
            parameter._array[...] = given[name]
            WRITES.mark(parameter._array)

    # ---- as text, and as a tree of parameters for the transforms -----------------------------------------------------------

    def extra_repr(self) -> str:
        """What the repr says between the parentheses of a module without children."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): {value!r}".replace("\n", "\n  ") for name, value in _children(self) if isinstance(value, Module)]
        head = type(self).__name__
        return f"{head}({self.extra_repr()})" if not lines else f"{head}(\n  " + "\n  ".join(lines) + "\n)"

    def __tree__(self) -> tuple[list[Any], Callable[[Iterable[Any]], Any]]:
        parameters = list(self.parameters())

        def rebuild(values: Iterable[Any]) -> Any:
            return _rebuilt(self, {id(p): _as_parameter(v) for p, v in zip(parameters, values)})

        return list(parameters), rebuild


def _children(value: Any) -> list[tuple[str, Any]]:
    """The named things directly inside a module, list, tuple or dict."""
    if isinstance(value, Module):
        inside: Any = vars(value).items()
    elif isinstance(value, dict):
        inside = value.items()
    else:
        inside = enumerate(value)
    return [(str(name), child) for name, child in inside if isinstance(child, (Module, Parameter, list, tuple, dict))]


def _walk(path: str, value: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """A module's insides, depth first; what is shared comes once, under its first path."""
    if id(value) in seen:
        return
    seen.add(id(value))
    yield path, value
    if not isinstance(value, Parameter):
        for name, child in _children(value):
            yield from _walk(f"{path}.{name}" if path else name, child, seen)


def _rebuilt(value: Any, done: dict[int, Any]) -> Any:
    """A copy of a module's structure with other parameters in it, those in ``done``; everything else is shared."""
    if id(value) in done:
        return done[id(value)]
    if isinstance(value, Module):
        done[id(value)] = copy = object.__new__(type(value))
        vars(copy).update({name: _rebuilt(child, done) for name, child in vars(value).items()})
        return copy
    if isinstance(value, (list, tuple, dict)) and (inside := children(value)):
        return inside[1]([_rebuilt(child, done) for child in inside[0]])
    return value


def _as_parameter(value: Any) -> Any:
    """A tensor in the place of a parameter, still attached to its graph."""
    if not isinstance(value, Tensor):
        return value
    parameter = object.__new__(Parameter)
    parameter._array, parameter._node = value._array, value._node
    return parameter


def as_input(x: Any, like: Tensor, who: str) -> Any:
    """What a layer computes with: arrays are cast to the layer's dtype, a tensor of another floating dtype is an error."""
    if not isinstance(x, Tensor):
        return np.asarray(x, dtype=like._array.dtype)
    if x._array.dtype.kind != "f":
        return x.astype(like._array.dtype)
    if x._array.dtype is not like._array.dtype and x._array.dtype != like._array.dtype:
        raise DTypeError(
            f"{who} has {like.dtype} parameters and got a Tensor of {x.dtype}. Convert one: x.astype(np.{like.dtype}), or dtype= of the layer."
        )
    return x
