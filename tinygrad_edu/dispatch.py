"""How NumPy's calls come in: a function with a tensor among its arguments is looked up, and goes the way of
its fate.

`Tensor.__array_ufunc__` and ``__array_function__`` end here, and so do primitives that are called with
tensors.
"""

from typing import Any

import numpy as np

from .aliases import Operand, TensorClass
from .arrays import refuse_masked, stands_for_array
from .entry import Composite, Entry, Op, name_of
from .errors import UnsupportedCall
from .foreign import is_foreign, shared, together
from .graph import SIMPLE, as_array, record
from .modes import MODE
from .refusals import refuse
from .table import TABLE, carried_by
from .versions import WRITES
from .writing import write, writes


def dispatch(cls: TensorClass, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Find the fate of a function that was called with a tensor, and go its way: record it, if it
    differentiates.
    """
    entry = TABLE.get(function) or carried_by(function)
    if isinstance(entry, Op) and not kwargs:
        if len(args) == entry.arity:
            return record(cls, entry, args)
        if entry.rest is not None and len(args) == 1 and _is_wanted(cls, args[0]):
            return record(cls, entry, args + entry.rest)  # without settings: the defaults complete it
    if entry is None and writes(function):
        return write(cls, function, args, kwargs, lambda value: _unwrap(cls, value))
    args, kwargs, target = _without_out(entry, function, args, kwargs)
    wanted = _find(cls, args, kwargs) if MODE.get().recording else None
    if target is not None:
        return _write(cls, function, args, kwargs, target, wanted)
    if wanted and kwargs and isinstance(function, np.ufunc) and isinstance(entry, (Op, Composite)):
        args, kwargs = _with_settings(cls, function, args, kwargs)
    if isinstance(entry, Op) and wanted:
        return record(cls, entry, entry.bind(args, kwargs))
    if isinstance(entry, Composite) and wanted:
        return entry(args, kwargs)
    if entry is None and wanted:
        raise refuse(function, *wanted)
    result = _wrap(cls, _called(function, _unwrap(cls, args), _unwrap(cls, kwargs)))
    if isinstance(entry, Op) and (written := entry.written(args, kwargs)) is not None:
        WRITES.mark(as_array(_unwrap(cls, written)))
    return result


def _is_wanted(cls: TensorClass, value: Any) -> bool:
    """Whether something is a tensor of which a gradient is wanted just now."""
    return isinstance(value, cls) and value._node is not None and MODE.get().recording


def _called(function: Any, args: Any, kwargs: Any) -> Any:
    """What a function returns; arrays of NumPy's that another library refuses are put where its own lie."""
    try:
        return function(*args, **kwargs)
    except TypeError:
        if (there := together([*args, *kwargs.values()])) is None:
            raise
        return function(*there[: len(args)], **dict(zip(kwargs, there[len(args) :])))


def _without_out(
    entry: Entry | None, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """The arguments of a call without ``out``, and what was given as ``out``, by position or by name, if
    anything was.
    """
    if isinstance(entry, Composite) and entry.signature.more:
        return args, kwargs, None  # np.apply_along_axis and its like hand their keywords to a user's function
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


def _with_settings(
    cls: TensorClass, ufunc: np.ufunc, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a ufunc in the dtype that was asked for, without the settings that change no value.

    Those that are left are refused by name: ``where=`` alone, since it leaves the rest of a result unset.
    """
    arrays: list[Any] = [_unwrap(cls, a) for a in args]
    settings = {name: kwargs[name] for name in ("dtype", "casting", "order", "subok") if name in kwargs}
    result: Any = ufunc(*arrays, **settings) if settings else None  # NumPy's own word
    single = isinstance(result, (np.ndarray, np.generic)) and not ufunc.signature
    if settings.get("dtype") is not None and single and not any(_is_of("c", a) for a in args):
        args = tuple(np.astype(a, result.dtype) if _is_of("f", a) else a for a in args)
        settings["dtype"] = None
    rest = {n: v for n, v in kwargs.items() if n not in settings and not (n == "where" and v is True)}
    return args, rest | {n: v for n, v in settings.items() if n == "dtype" and v is not None}


def _is_of(kind: str, value: Operand) -> bool:
    """Whether something is an array of floats ("f"), or of complex numbers ("c")."""
    return getattr(getattr(value, "dtype", None), "kind", "") == kind


def _write(
    cls: TensorClass, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], target: Any, wanted: Any
) -> Any:
    """``function(..., out=target)``: allowed where nothing needs a gradient."""
    targets = target if isinstance(target, tuple) else (target,)
    if wanted or any(isinstance(t, cls) and t._node is not None and MODE.get().recording for t in targets):
        raise UnsupportedCall(
            f"{name_of(function)}(…, out=…) cannot be differentiated: it would overwrite a value that the "
            "graph may need.\n"
            "  Leave out= away (in the place of out += t write out = out + t), or compute under no_grad() or "
            "on x.detach()."
        )
    arrays = tuple(_unwrap(cls, targets))
    out = arrays if isinstance(target, tuple) else arrays[0]
    result = function(*_unwrap(cls, args), **_unwrap(cls, kwargs), out=out)
    for array in arrays:
        if hasattr(array, "shape"):
            WRITES.mark(array)
    if isinstance(out, (np.ndarray, list)) and isinstance(result, np.ndarray) and result is not out:
        return _wrap(cls, result)  # np.fft.irfft2, ifft2 of some versions leave out= alone
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
    if type(value) in SIMPLE:
        return value
    if is_foreign(value):
        return shared(value, "a function of tensors")
    refuse_masked(value, "a function of tensors")
    return {k: _unwrap(cls, v) for k, v in value.items()} if type(value) is dict else value


def _wrap(cls: TensorClass, out: Any) -> Any:
    """Tensors in the place of arrays, in a result that nobody can differentiate.

    One of several that no tensor can hold, for it has objects, stays an array.
    """
    if isinstance(out, (np.ndarray, np.generic)) or stands_for_array(out):
        return cls._make(as_array(out), None)
    if hasattr(out, "_fields"):
        return type(out)(*(_wrap(cls, o) for o in out))
    if type(out) in (list, tuple):
        kinds = [getattr(getattr(o, "dtype", None), "kind", "") for o in out]
        return type(out)(o if kind == "O" else _wrap(cls, o) for o, kind in zip(out, kinds))
    if hasattr(out, "__array_function__") and not isinstance(out, cls):  # an array of another library's
        return cls._make(as_array(out), None)
    return out
