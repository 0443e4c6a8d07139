"""What type checkers know of the functions that transforms return: arrays for arrays, a Tensor for a Tensor.

They speak of the first argument, which is the one that is differentiated unless ``argnums`` says otherwise.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, overload

import numpy as np

from .aliases import Array
from .tensor import Tensor

T = TypeVar("T")


class Tree(Protocol):
    """What has arrays inside and says so, as modules do."""

    def __tree__(self) -> tuple[list[Any], Callable[..., Any]]: ...


Container = Tree | list[Any] | tuple[Any, ...] | dict[Any, Any]
Pullback = Callable[[Any], tuple[Any, ...]]


# fmt: off
class Gradient(Protocol):
    """What `grad` returns: a function whose result is of the kind of its first argument."""

    @overload
    def __call__(self, x: float, /, *args: Any, **kwargs: Any) -> np.float64: ...
    @overload
    def __call__(self, x: T, /, *args: Any, **kwargs: Any) -> T: ...


class ValueAndGradient(Protocol):
    """What `value_and_grad` returns: a function of which the second result is of the kind of its first argument."""

    @overload
    def __call__(self, x: float, /, *args: Any, **kwargs: Any) -> tuple[np.float64, np.float64]: ...
    @overload
    def __call__(self, x: Tensor, /, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]: ...
    @overload
    def __call__(self, x: T, /, *args: Any, **kwargs: Any) -> tuple[Any, T]: ...


class Matrix(Protocol):
    """What `jacobian` and `hessian` return: an array for an array, a tensor for a tensor, containers for containers."""

    @overload
    def __call__(self, x: Tensor, /, *args: Any, **kwargs: Any) -> Tensor: ...
    @overload
    def __call__(self, x: Array | complex, /, *args: Any, **kwargs: Any) -> Array: ...
    @overload
    def __call__(self, x: Container, /, *args: Any, **kwargs: Any) -> Any: ...
# fmt: on
