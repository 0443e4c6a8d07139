"""`from_dlpack`: a tensor over another library's array, in the same memory.

The other way, a tensor hands out its memory by ``__dlpack__`` (see `conversion`): ``torch.from_dlpack(t)``.
"""

from typing import Any

import numpy as np

from .errors import ArgumentError, names_itself
from .foreign import is_foreign, shared
from .tensor import Tensor


@names_itself
def from_dlpack(x: Any, /, *, requires_grad: bool = False, copy: bool | None = None) -> Tensor:
    """A tensor over the memory of an array of another library's, which shares it by DLPack.

    Parameters
    ----------
    x : object with ``__dlpack__`` and ``__dlpack_device__``
        A tensor of PyTorch's, an array of JAX's, NumPy's …, in the memory of the CPU.
    requires_grad : bool, default=False
        Whether gradients are wanted; the tensor then owns a copy.
    copy : bool, optional
        True for a copy in any case; False for an error where sharing is not possible.

    Returns
    -------
    Tensor
        What is written into x shows in it, and the other way round; over an immutable array, as JAX's are, it
        is read-only.  To the other library it is a constant, and the other's array is one here.

    Raises
    ------
    ArgumentError
        If x has no ``__dlpack__``.
    CoercionError
        If x needs a gradient, here or in its own library.
    DTypeError
        If x lies on another device, from which it would have to be copied, is of a dtype that NumPy lacks
        (bfloat16), or is a tracer of JAX's.

    References
    ----------
    DLPack, https://dmlc.github.io/dlpack/latest/python_spec.html.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> a = np.arange(3.0)
    >>> t = tg.from_dlpack(a)
    >>> a[0] = 7
    >>> t
    Tensor([7., 1., 2.])
    >>> np.from_dlpack(t)
    array([7., 1., 2.])
    """
    if not (hasattr(x, "__dlpack__") or is_foreign(x)):
        raise ArgumentError(f"x is an array that has __dlpack__; got a {type(x).__name__}. See Tensor(x).")
    array = np.from_dlpack(x, copy=copy) if isinstance(x, Tensor) else shared(x, "x", copy)
    return Tensor(array, requires_grad)
