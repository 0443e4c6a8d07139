"""Through: the base of layers without parameters, for type checkers."""

from typing import TYPE_CHECKING, Any, overload

from ..tensor import Tensor
from .module import Module


class Through(Module):
    """Base of layers that have nothing to learn: a tensor comes out where one goes in, an array where an
    array does.
    """

    if TYPE_CHECKING:

        @overload
        def __call__(self, x: Tensor) -> Tensor: ...

        @overload
        def __call__(self, x: Any) -> Any: ...

        def __call__(self, x: Any) -> Any: ...
