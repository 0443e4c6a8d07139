"""Arrays of other libraries: PyTorch's, JAX's and whoever else's hands out its memory by DLPack.

What lies in the memory of the CPU is shared, never copied unasked; what lies elsewhere, has a dtype that
NumPy lacks, or would lose a gradient of its own library's, is refused with what to write.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import CoercionError, DTypeError

HOST = (1, 3, 11, 13)  # the CPU's memory: plain, pinned by CUDA or ROCm, managed by CUDA
DEVICES = {2: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm", 14: "oneAPI"}
DEVICE_GET = "jax.device_get(x)"
COLUMNS = ("pandas", "polars", "pyarrow")  # whose texts and missing values DLPack lacks, and NumPy converts
TO_HOST = {"torch": "x.cpu()", "jax": DEVICE_GET, "jaxlib": DEVICE_GET, "cupy": "cupy.asnumpy(x)"}


def is_foreign(x: Any) -> bool:
    """Whether x is an array of another library's that does not take NumPy's functions over itself."""
    if isinstance(x, (np.ndarray, np.generic)) or hasattr(x, "__array_function__"):
        return False
    origin = library(type(x))
    return origin == "jax" or (hasattr(x, "__dlpack__") and origin not in COLUMNS)


def lies_elsewhere(x: Any) -> bool:
    """Whether x is an array that takes NumPy's functions over itself, as CuPy's; not what the compiler traces
    with, and no tensor.
    """
    if isinstance(x, (np.ndarray, np.generic)) or not hasattr(type(x), "__array_function__"):
        return False
    return not hasattr(x, "requires_grad") and not getattr(x, "stands_for_array", False)


def beside(constant: Any, x: Any) -> Any:
    """What a rule makes of NumPy's, a mask or an index, where the array or tensor x lies that it meets."""
    if isinstance(x, np.ndarray):
        return constant
    array = getattr(x, "_array", x)
    return _moved(constant, array) if lies_elsewhere(array) else constant


def together(arrays: list[Any]) -> list[Any] | None:
    """Arguments with NumPy's arrays put where another library's array lies; None if that changes nothing."""
    flat = [a for one in arrays for a in (one if type(one) in (list, tuple) else (one,))]
    x = next(filter(lies_elsewhere, flat), None)
    if x is None or not any(isinstance(a, np.ndarray) for a in flat):
        return None
    return [_moved(a, x) for a in arrays]


def _moved(a: Any, x: Any) -> Any:
    if type(a) in (list, tuple):
        return type(a)(_moved(one, x) for one in a)
    return np.asarray(a, like=x) if isinstance(a, np.ndarray) else a


def library(kind: type) -> str:
    """The name of the package that a class comes from."""
    return str(kind.__module__).partition(".")[0]


def shared(x: Any, who: str, copy: bool | None = None) -> NDArray[Any]:
    """An ndarray over the memory of another library's array.

    Parameters
    ----------
    x : array of another library
    who : str
        Who was given it, for the error.
    copy : bool, optional
        True for a copy; False for an error where the other library would have to make one.

    Raises
    ------
    CoercionError
        If x needs a gradient of its own library's, which would be lost.
    DTypeError
        If it is a tracer of JAX's, which has no values; lies in the memory of another device, from which it
        would have to be copied; or is of a dtype or layout that NumPy has not.
    """
    origin = library(type(x))
    kind = f"an array of {origin}'s"
    if any(c.__name__ == "Tracer" and library(c) == "jax" for c in type(x).__mro__):
        advice = "Call this outside of jax.jit, jax.grad and their like, or by jax.pure_callback"
        raise DTypeError(f"{who}: got a tracer of JAX's, which has no values yet. {advice}.")
    if getattr(x, "requires_grad", False) is True:
        advice = "x.detach() is a constant"
        raise CoercionError(f"{who}: {kind} that needs a gradient there would lose it here. {advice}.")
    try:
        device, number = map(int, x.__dlpack_device__())
        if device in HOST:
            return np.from_dlpack(x, copy=copy)
    except (AttributeError, BufferError, RuntimeError, TypeError, ValueError) as error:
        found = f"{kind} of dtype {getattr(x, 'dtype', None)}"
        advice = "Make a dense one of numbers of it there first, of float32 for instance"
        raise DTypeError(f"{who}: {found} is none that NumPy can share ({error!s:.120}). {advice}.") from None
    where = f"{DEVICES.get(device, f'device {device}')}:{number}"
    copied = "it would have to be copied to the CPU's memory, and nothing is copied there unasked"
    advice = f"{TO_HOST.get(origin, 'A copy of its own library')} does that"
    raise DTypeError(f"{who}: {kind} is on {where}: {copied}. {advice}.")
