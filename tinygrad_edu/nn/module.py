"""Module: a function with parameters.

A module's parameters are the `Parameter` objects among its attributes, and those of the modules among them,
also inside lists, tuples and dicts, however nested; its buffers are the `Buffer` objects.  There is nothing
to register: attributes are read when somebody asks, in the order in which they were assigned.  What could be
meant as a parameter and would not be found is an error then: a tensor that requires gradients and is no
`Parameter`, and modules and parameters in a set, in an array of objects, among the keys of a dict, in a view
of one, in an iterator, or in an attribute of the class.  An attribute that holds a parameter takes another
one, or None; one that holds a buffer takes arrays, too, as the buffer's new value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..errors import ArgumentError, TinygradError
from ..versions import SETTINGS
from . import names
from .locate import locate
from .parameter import Buffer, Parameter, as_parameter, convert, floating, successor
from .state import Loaded, load, state_of
from .tree import as_text, tree_as_html
from .walk import Nested, all_of, rebuilt, walk

M = TypeVar("M", bound="Module")
P = ParamSpec("P")
R = TypeVar("R", covariant=True)


class HasForward(Protocol[P, R]):
    """What has a forward, so that type checkers know what a call returns."""

    def forward(self, *args: P.args, **kwargs: P.kwargs) -> R: ...


class Module(Nested):
    """Base class of layers, losses and models: write ``__init__`` and ``forward``, and call the object.

    Attributes
    ----------
    training : bool
        Whether layers such as Dropout behave as in training (True at first) or as in use; see `train` and
        `eval`.

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

    def __setattr__(self, name: str, value: Any) -> None:
        if name in WATCHED and not names.may_replace(name, value):
            names.refuse_attribute(self, name)
        held = self.__dict__.get(name)
        if held is not None and isinstance(held, (Parameter, Buffer)):
            value = successor(f"{type(self).__name__}.{name}", held, value)
        object.__setattr__(self, name, value)
        SETTINGS.count += 1

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        SETTINGS.count += 1

    if not TYPE_CHECKING:  # which is to know what attributes there are

        def __getattr__(self, name: str) -> Any:
            if name in names.METHODS:
                said = f"{type(self).__name__} has no {name}. {names.METHODS[name]}"
                raise AttributeError(said, name=name, obj=self)
            # It raises what Python itself says, also of what a property lacks.
            return object.__getattribute__(self, name)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; subclasses write this."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward(self, x): a Module defines what it computes there."
        )

    if TYPE_CHECKING:  # a call takes and returns what forward does

        def __call__(self: HasForward[P, R], *args: P.args, **kwargs: P.kwargs) -> R: ...

    else:

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            try:
                return self.forward(*args, **kwargs)
            except TinygradError as error:
                locate(error, self)
                raise

    # ---- what is inside ------------------------------------------------------------------------------------

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module (named "") and all inside it, each once, with their paths."""
        return all_of(self, Module)

    def modules(self) -> Iterator[Module]:
        """This module and all inside it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their paths ("hidden.weight", "layers.0.bias"), in order, each once."""
        return all_of(self, Parameter)

    def parameters(self, *, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters in order, each once; without ``recurse`` only this module's own."""
        if recurse:
            return Parameters(self)
        return (value for _, value in walk("", self, into=is_container) if isinstance(value, Parameter))

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """The buffers with their paths, in order, each once."""
        return all_of(self, Buffer)

    def buffers(self) -> Iterator[Buffer]:
        """The buffers in order, each once."""
        return (buffer for _, buffer in self.named_buffers())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside this one, or in its lists, tuples and dicts, with their paths."""
        return _children(self)

    def children(self) -> Iterator[Module]:
        """The modules directly inside this one, each once."""
        return (module for _, module in self.named_children())

    def apply(self: M, function: Callable[[Module], Any]) -> M:
        """Call a function with every module, the inner ones first and this one last; returns the module."""
        for module in reversed(list(self.modules())):
            function(module)
        return self

    # ---- what all of it is ---------------------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; they are None then."""
        if not set_to_none:
            who = f"{type(self).__name__}.zero_grad"
            raise ArgumentError(
                f"{who}: gradients are forgotten, and not set to zero, which would count as one."
            )
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Ask for gradients of all parameters, or of none; returns the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def freeze(self: M) -> M:
        """Learn none of the parameters until `unfreeze`: optimizers leave them; returns the module."""
        for parameter in self.parameters():
            parameter.grad = None
        return self.requires_grad_(False)

    def unfreeze(self: M) -> M:
        """Learn all parameters again; returns the module."""
        return self.requires_grad_(True)

    def to(self: M, dtype: DTypeLike) -> M:
        """Convert all parameters, their gradients, and the floating buffers; returns the module.

        Make optimizers after it, not before: theirs is the memory of the parameters as these were.

        Parameters
        ----------
        dtype : floating dtype
            Complex values get the complex dtype of that precision.  NumPy multiplies matrices of float16
            without BLAS, which takes long; `tinygrad_edu.nn.store` keeps as few bytes, and computes in
            float32.
        """
        dtype = floating(f"{type(self).__name__}.to", dtype)
        dtypes = {"f": dtype, "c": np.result_type(dtype, np.complex64)}
        for tensor in (*self.parameters(), *self.buffers()):
            if dtypes.get(tensor.dtype.kind, tensor.dtype) != tensor.dtype:
                convert(tensor, dtypes[tensor.dtype.kind])
        return self

    # ---- training and use ----------------------------------------------------------------------------------

    def train(self: M, mode: bool = True) -> M:
        """Behave as in training; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Behave as in use: no dropout; returns the module."""
        return self.train(False)

    # ---- state ---------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The values of all parameters and buffers by path, as copies that training does not change."""
        return state_of(self)

    def load_state_dict(self, state: Mapping[str, ArrayLike], *, strict: bool = True) -> Loaded:
        """Take over the values of a state, all of them or, if anything does not fit, none.

        Parameters
        ----------
        state : mapping of str to array_like
            As `state_dict` returned it; values are cast to the dtypes of the parameters and buffers.
        strict : bool, default=True
            Whether every name has to be on both sides.  Otherwise what is missing stays as it is, and what is
            unexpected is left: the body of another model, under a new head.

        Returns
        -------
        Loaded
            With the lists ``missing_keys`` and ``unexpected_keys``, both empty if ``strict``.

        Raises
        ------
        ArgumentError
            For what is no mapping, such as the pair that `tinygrad_edu.io.load_safetensors` returns.
        StateError
            Listing the names that are missing and unexpected (if ``strict``, or if no name fits at all), the
            shapes and dtypes that differ, and a prefix such as "module." that is on one side only; nothing
            was changed.
        """
        return load(self, state, strict)

    # ---- as text, and as a tree of parameters for the transforms -------------------------------------------

    def extra_repr(self) -> str:
        """What the repr says between the parentheses of a module without children."""
        return ""

    def __repr__(self) -> str:
        return as_text(self, partial(_children, refuse=False), Module.__repr__)

    def _repr_html_(self) -> str:
        """What a notebook shows: a tree of modules that opens, with their settings and numbers of
        parameters.
        """
        return tree_as_html(self, partial(_children, refuse=False))

    def __tree__(self) -> tuple[list[Any], Callable[[Iterable[Any]], Any]]:
        parameters = list(self.parameters())

        def rebuild(values: Iterable[Any]) -> Any:
            return rebuilt(self, {id(p): as_parameter(v) for p, v in zip(parameters, values)})

        return list(parameters), rebuild


METHODS = {name for name, value in vars(Module).items() if callable(value) and not name.startswith("_")}
WATCHED = names.MISTYPED | {"requires_grad"} | METHODS


class Parameters(Iterator[Parameter]):
    """The parameters of a module, each once, and whose they are, for optimizers that are given them."""

    def __init__(self, module: Module) -> None:
        self.module, self._named = module, module.named_parameters()

    def __next__(self) -> Parameter:
        return next(self._named)[1]


def is_container(value: Any) -> bool:
    """Whether what is inside a value belongs to the module that holds the value."""
    return not isinstance(value, Module)


def _children(module: Module, *, refuse: bool = True) -> Iterator[tuple[str, Module]]:
    """The modules directly inside a module, with their paths."""
    for path, value in walk("", module, into=is_container, refuse=refuse):
        if isinstance(value, Module) and value is not module:
            yield path, value
