"""Modules made of modules: in a row, in a list, in a dict, and beside the identity."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ..arrays import given
from ..errors import ArgumentError, DTypeError, ShapeError, TinygradError
from ..tensor import Tensor
from ..versions import SETTINGS
from .locate import locate
from .module import Module

CALL = Module.__call__
L = TypeVar("L", bound="ModuleList")


class ModuleList(Module):
    """Modules in a list; a plain list as an attribute does as well.

    As a list it is indexed, sliced, assigned to, and shortened by ``del``; positions are counted anew then,
    and so are the names of the parameters.

    Parameters
    ----------
    layers : iterable of Module, optional
        Or any callables; those that are modules are trained and listed.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> nn.ModuleList([nn.Linear(2, 4), nn.ReLU()])
    ModuleList(
      (0): Linear(in_features=2, out_features=4, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, layers: Iterable[Any] = ()) -> None:
        self.extend(layers)

    @property
    def layers(self) -> list[Any]:
        """The layers in order."""
        return [layer for name, layer in vars(self).items() if name.isdigit()]

    def append(self: L, layer: Any) -> L:
        """Add a layer at the end; returns the list."""
        return self.extend([layer])

    def extend(self: L, layers: Iterable[Any]) -> L:
        """Add layers at the end; returns the list."""
        # The last name that is a number, and not len(self), which looks at all of them.
        last = next((name for name in reversed(vars(self)) if name.isdigit()), "-1")
        named = {str(position): layer for position, layer in enumerate(layers, int(last) + 1)}
        for name, layer in named.items():
            check_layer(f"{type(self).__name__}: layer {name}", layer)
        vars(self).update(named)
        SETTINGS.count += 1
        return self

    def insert(self: L, position: int, layer: Any) -> L:
        """Add a layer before the one at a position; returns the list."""
        self[position:position] = [layer]
        return self

    def pop(self, position: int = -1) -> Any:
        """Take the layer at a position out, by default the last one; returns the layer."""
        layer = self.layers[position]
        del self[position]
        return layer

    __iadd__ = extend

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, key: int | slice) -> Any:
        chosen = self._chosen(key)
        return type(self)(chosen) if isinstance(chosen, list) else chosen

    def _chosen(self, key: int | slice) -> Any:
        """The layer at a position, which is its name, or the list of those in a slice."""
        named = vars(self).get(str(key)) if isinstance(key, int) else None
        return self.layers[key] if named is None else named

    def __setitem__(self, key: int | slice, new: Any) -> None:
        layers = self.layers
        if isinstance(key, slice):
            new = list(new)
        for layer in new if isinstance(key, slice) else [new]:
            check_layer(f"{type(self).__name__}: layer {key}", layer)
        layers[key] = new
        self._renumber(layers)

    def __delitem__(self, key: int | slice) -> None:
        layers = self.layers
        del layers[key]
        self._renumber(layers)

    def _renumber(self, layers: list[Any]) -> None:
        """Have these layers, and no others."""
        for name in [name for name in vars(self) if name.isdigit()]:
            del vars(self)[name]
        self.extend(layers)

    def __add__(self: L, layers: Iterable[Any]) -> L:
        both: L = self[:]
        return both.extend(layers)


class Sequential(ModuleList):
    """Modules applied one after the other; without any, the identity.

    Parameters
    ----------
    *layers : Module
        Or any callables; those that are modules are trained and listed.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> nn.Sequential(nn.Linear(2, 4), nn.ReLU())
    Sequential(
      (0): Linear(in_features=2, out_features=4, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *layers: Any) -> None:
        super().__init__(layers)

    def forward(self, x: Any) -> Tensor:
        """Apply the layers in order."""
        try:
            for name, layer in vars(self).items():
                if name.isdigit():
                    # All else that the call of a module does is to name it in an error, as is done below.
                    x = layer.forward(x) if type(layer).__call__ is CALL else layer(x)
                    if x is None:
                        break
            else:
                return x
        except TinygradError as error:
            if isinstance(layer, Module):
                locate(error, layer)
            raise
        raise DTypeError(
            f"Sequential: layer {name}, {_called(layer)}, returned None: does it end with return?"
        )

    def __getitem__(self, key: int | slice) -> Any:
        chosen = self._chosen(key)
        return Sequential(*chosen) if isinstance(chosen, list) else chosen


class ModuleDict(Module):
    """Modules by name; a plain dict as an attribute does as well.

    Parameters
    ----------
    modules : mapping of str to Module, optional

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> heads = nn.ModuleDict({"digit": nn.Linear(8, 10), "parity": nn.Linear(8, 2)})
    >>> list(heads)
    ['digit', 'parity']
    """

    def __init__(self, modules: Mapping[str, Any] | None = None) -> None:
        self._modules: dict[str, Any] = {}
        self.update(modules or {})

    def _inside(self) -> Iterable[tuple[str, Any]]:
        return self._modules.items()

    def __setitem__(self, name: str, module: Any) -> None:
        if not isinstance(name, str) or not name or "." in name:
            raise ArgumentError(f"ModuleDict: names are strings without a dot; got {name!r}.")
        check_layer(f"ModuleDict: {name!r}", module)
        self._modules[name] = module

    def __getitem__(self, name: str) -> Any:
        return self._modules[name]

    def __delitem__(self, name: str) -> None:
        del self._modules[name]

    def pop(self, name: str) -> Any:
        """Take out the module of a name; returns it."""
        return self._modules.pop(name)

    def update(self, modules: Mapping[str, Any]) -> None:
        """Add modules by name, or put them in the place of others."""
        for name, module in dict(modules).items():
            self[name] = module

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """The names with their modules."""
        return self._modules.items()


class Residual(Module):
    """x + f(x): a module beside the identity, so that gradients have a way around it.

    Parameters
    ----------
    layer : Module
        Or any callable; its output has the shape of its input.
    shortcut : Module, optional
        What x goes through on its way around, where the shapes differ; by default the identity.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun (2016). Deep residual learning for image recognition. arXiv:1512.03385

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> block = nn.Residual(nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 3)))
    >>> block(np.ones((2, 3))).shape
    (2, 3)
    """

    def __init__(self, layer: Callable[..., Any], shortcut: Callable[..., Any] | None = None) -> None:
        check_layer("Residual: layer", layer)
        self.layer, self.shortcut = layer, shortcut

    def forward(self, x: Any) -> Tensor:
        """Add the layer's output to x."""
        through = given(self.layer(x), "Residual: the layer's output")
        around = given(x if self.shortcut is None else self.shortcut(x), "Residual: what goes around")
        if not isinstance(around, Tensor):
            around = around.astype(through.dtype, copy=False)
        if through.shape != around.shape:
            raise ShapeError(
                f"Residual expects a layer that keeps the shape: {around.shape} goes around it, "
                f"{through.shape} comes out. Give a shortcut."
            )
        return around + through


def _called(layer: Any) -> str:
    return getattr(layer, "__name__", type(layer).__name__)


def check_layer(what: str, layer: Any) -> None:
    """Raise unless a layer can be called with what the one before it returns."""
    if isinstance(layer, type) and issubclass(layer, Module):
        raise ArgumentError(
            f"{what} is the class {layer.__name__}, not a layer of it. Make one: {layer.__name__}(…)."
        )
    if not callable(layer):
        hint = " Unpack it: Sequential(*layers)." if isinstance(layer, (list, tuple)) else ""
        hint = " Unpack its values: Sequential(*layers.values())." if isinstance(layer, Mapping) else hint
        raise TypeError(f"{what} is {type(layer).__name__}, which cannot be called.{hint}")
