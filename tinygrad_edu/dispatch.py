"""How NumPy's calls come in: a function with a tensor among its arguments is looked up, and goes the way of
its fate.

`Tensor.__array_ufunc__` and ``__array_function__`` end here, and so do primitives that are called with
tensors.
"""

from typing import Any

import numpy as np

from .aliases import Operand, TensorClass
from .arrays import refuse_masked
from .entry import Composite, Entry, Op, is_special, name_of
from .errors import UnsupportedCall
from .graph import as_array, record
from .modes import MODE
from .refusals import refuse
from .table import entry_of
from .versions import WRITES

WRITING = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}


def dispatch(cls: TensorClass, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Find the fate of a function that was called with a tensor, and go its way: record it, if it
    differentiates.
    """
    entry = entry_of(function)
    if isinstance(entry, Op) and not kwargs and len(args) == entry.arity:
        return record(cls, entry, args)
    entry = entry or known(function)
    if entry is None and (function in WRITING or getattr(function, "__name__", "") == "at"):
        raise _writes(function)
    args, kwargs, target = _without_out(entry, function, args, kwargs)
    wanted = _find(cls, args, kwargs) if MODE.get().recording else None
    if target is not None:
        return _write(cls, function, args, kwargs, target, wanted)
    if isinstance(entry, Op) and wanted:
        return record(cls, entry, entry.bind(args, kwargs))
    if isinstance(entry, Composite) and wanted:
        return entry(args, kwargs)
    if entry is None and wanted:
        raise refuse(function, *wanted)
    result = _wrap(cls, function(*_unwrap(cls, args), **_unwrap(cls, kwargs)))
    if function is np.nan_to_num and not (args[1] if len(args) > 1 else kwargs.get("copy", True)):
        WRITES.mark(as_array(_unwrap(cls, args[0] if args else kwargs["x"])))  # it wrote into its argument
    return result


def known(function: Any) -> Entry | None:
    """The entry of a function, whose rules are loaded now if they wait for that: those of scipy.special."""
    if entry_of(function) is None and isinstance(function, np.ufunc) and is_special(function):
        from .ops import scipy_special  # noqa: F401  # which files them
    return entry_of(function)


def _without_out(
    entry: Entry | None, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """The arguments of a call without ``out``, and what was given as ``out``, by position or by name, if
    anything was.
    """
    if isinstance(entry, (Op, Composite)) and 0 <= (place := entry.signature.out) < len(args):
        args, kwargs = args[:place], {**dict(zip(entry.signature.names[place:], args[place:])), **kwargs}
    again = "array" in kwargs and isinstance(getattr(function, "__self__", None), np.ufunc)
    if again or "out" in kwargs:  # NumPy moves the array of a ufunc's method to args, and leaves it here too
        target = kwargs.get("out")
        if isinstance(target, tuple) and target and all(t is None for t in target):
            target = None
        dropped = ("out", "array") if again else ("out",)
        return args, {name: value for name, value in kwargs.items() if name not in dropped}, target
    return args, kwargs, None


def _writes(function: Any) -> UnsupportedCall:
    """The error for a function of NumPy that writes into its argument."""
    return UnsupportedCall(
        f"{name_of(function)} writes into its argument, which the graph cannot follow: use x[…] = v on a "
        "Tensor, "
        "which it can (out = tg.Tensor(np.zeros(…)) makes one), or np.broadcast_to(v, shape) in the place of "
        "np.full(shape, v)."
    )


def _write(
    cls: TensorClass, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], target: Any, wanted: Any
) -> Any:
    """``function(..., out=target)``: allowed where nothing needs a gradient."""
    targets = target if isinstance(target, tuple) else (target,)
    if wanted or any(isinstance(t, cls) and t._node is not None and MODE.get().recording for t in targets):
        raise UnsupportedCall(
            f"{name_of(function)}(…, out=…) cannot be differentiated: it would overwrite a value that the "
            "graph "
            "may need.\n"
            "  Leave out= away (in the place of out += t write out = out + t), or compute under no_grad() or "
            "on "
            "x.detach()."
        )
    arrays = tuple(_unwrap(cls, targets))
    out = arrays if isinstance(target, tuple) else arrays[0]
    function(*_unwrap(cls, args), **_unwrap(cls, kwargs), out=out)
    for array in arrays:
        if array is not None:
            WRITES.mark(array)
    return targets[0] if len(targets) == 1 else targets


def _find(cls: TensorClass, args: Any, kwargs: Any = None) -> tuple[str, Any] | None:
    """The first tensor that needs a gradient, in arguments and in lists and tuples inside them, with its name
    or place.
    """
    for name, value in [*enumerate(args), *(kwargs.items() if kwargs else ())]:
        if isinstance(value, cls):
            if value._node is not None:
                return str(name), value
        elif type(value) in (list, tuple) and (found := _find(cls, value)):
            return str(name), found[1]
    return None


def _unwrap(cls: TensorClass, value: Operand) -> Any:
    """Arrays in the place of tensors, in nested lists, tuples and dicts."""
    if isinstance(value, cls):
        return value._array
    if type(value) in (list, tuple):
        return type(value)(_unwrap(cls, v) for v in value)
    refuse_masked(value, "a function of tensors")
    return {k: _unwrap(cls, v) for k, v in value.items()} if type(value) is dict else value


def _wrap(cls: TensorClass, out: Any) -> Any:
    """Tensors in the place of arrays, in a result that nobody can differentiate.

    One of several that no tensor can hold, for it has objects, stays an array.
    """
    if isinstance(out, (np.ndarray, np.generic)):
        return cls._make(as_array(out), None)
    if hasattr(out, "_fields"):
        return type(out)(*(_wrap(cls, o) for o in out))
    if type(out) in (list, tuple):
        kinds = [getattr(getattr(o, "dtype", None), "kind", "") for o in out]
        return type(out)(o if kind == "O" else _wrap(cls, o) for o, kind in zip(out, kinds))
    return out
