"""NumPy's functions that write into their first argument, as assignments: a tensor becomes the result.

``np.put(x, places, v)`` of a tensor x is what ``x[…] = v`` is: recorded, differentiable, and x is the result
afterwards.  Which element of v went where is found by the function itself: it writes the numbers of v's
elements into an array of -1.  The rest is a choice between two arrays.  `numpy.add.at` and
`numpy.subtract.at` add instead.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .aliases import Array, TensorClass
from .entry import name_of
from .errors import DTypeError, UnsupportedCall
from .modes import MODE
from .ops.building import numbered
from .ops.indexing import as_key, getitem, scatter
from .signature import Signature
from .versions import WRITES

# fmt: off
WRITERS: dict[Any, tuple[Signature, str]] = {function: (Signature.of(form), value) for function, form, value in (
    (np.copyto,          lambda dst, src, casting="same_kind", where=True: None, "src"),
    (np.put,             lambda a, ind, v, mode="raise": None,                   "v"),
    (np.place,           lambda arr, mask, vals: None,                           "vals"),
    (np.putmask,         lambda a, mask, values: None,                           "values"),
    (np.put_along_axis,  lambda arr, indices, values, axis: None,                "values"),
    (np.fill_diagonal,   lambda a, val, wrap=False: None,                        "val"),
    (np.add.at,          lambda a, indices, b: None,                             "b"),
    (np.subtract.at,     lambda a, indices, b: None,                             "b"),
)}
# fmt: on
ADDING: dict[Any, Callable[..., Any]] = {np.add.at: np.add, np.subtract.at: np.subtract}


def writes(function: Any) -> bool:
    """Whether a function writes into its first argument: those above, and `at` of any ufunc."""
    return function in WRITERS or getattr(function, "__name__", "") == "at"


def write(
    cls: TensorClass, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], unwrap: Callable[..., Any]
) -> None:
    """Do what such a function does, to a tensor or an array.

    Parameters
    ----------
    cls : type
        The class of tensors.
    function, args, kwargs
        The call, in which at least one argument is a tensor.
    unwrap : callable
        Arrays in the place of tensors, in lists too.

    Raises
    ------
    UnsupportedCall
        If the array that is written into is none of ours, and the values need a gradient.
    InPlaceError
        If it is a leaf that needs a gradient, while gradients are recorded.
    """
    if function not in WRITERS:
        raise _cannot_follow(function)
    signature, name = WRITERS[function]
    given = dict(zip(signature.names, signature.bind(name_of(function), args, kwargs)))
    target_name = signature.names[0]
    target, value = given.pop(target_name), given.pop(name)
    settings = {key: unwrap(setting) for key, setting in given.items()}
    recording = MODE.get().recording
    ours, wanted = isinstance(target, cls), isinstance(value, cls) and value.requires_grad
    if recording and not ours and wanted:
        raise _cannot_follow(function)
    places = list(signature.names)

    def run(array: Any, written: Any) -> None:
        values = {**settings, target_name: array, name: written}
        function(*(values[place] for place in places))

    if not (recording and ours):
        array = unwrap(target)
        run(array, unwrap(value))
        WRITES.mark(array)
        return
    target._refuse_writing_to_leaf()
    run(np.copy(unwrap(target)), unwrap(value))  # NumPy's own word
    if target.dtype.kind not in "fc" and wanted:
        raise DTypeError(
            f"{name_of(function)} of values that need a gradient, into a tensor of {target.dtype}, would "
            "lose it: make it floating first."
        )
    if function in ADDING:
        target._become(added(ADDING[function], target, as_key(settings["indices"]), value))
    else:
        target._become(written_over(run, target, value))


def added(ufunc: Any, target: Any, key: Any, value: Any) -> Any:
    """The target with values added at a key, or subtracted; an element that it names twice gets both."""
    shape = np.shape(getitem(np.broadcast_to(0, target.shape), key))
    spread = np.broadcast_to(np.astype(_array(value), target.dtype), shape)
    return ufunc(target, scatter(spread, key, target.shape))


def written_over(run: Callable[[Any, Any], None], target: Any, value: Any) -> Any:
    """The target where nothing was written, and elsewhere the element of the values that went there."""
    value = _array(value)
    origin: Array = np.full(target.shape, -1)
    run(origin, numbered(value.shape))
    if not value.size:
        return np.copy(target)
    chosen = np.reshape(value, -1)[np.maximum(origin, 0)]
    return np.where(origin < 0, target, np.astype(chosen, target.dtype))


def _array(value: Any) -> Any:
    return value if hasattr(value, "dtype") else np.asarray(value)


def _cannot_follow(function: Callable[..., Any]) -> UnsupportedCall:
    """The error for a write that cannot be recorded: into a plain array, or by another ufunc than these."""
    return UnsupportedCall(
        f"{name_of(function)} writes into its argument, which the graph cannot follow: use x[…] = v on a "
        "Tensor, "
        "which it can (out = tg.Tensor(np.zeros(…)) makes one), or np.broadcast_to(v, shape) in the place of "
        "np.full(shape, v)."
    )
