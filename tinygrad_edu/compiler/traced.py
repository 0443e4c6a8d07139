"""An array that writes down what is done to it: real values, and a log of NumPy's calls.

A step is traced by running it, on arrays of this kind in the place of its inputs and of what it keeps:
parameters, the optimizer's memory, running statistics.  They speak NumPy's two protocols and nothing else,
so that whatever is computed of them is a call in the log, and what would leave NumPy, to become a Python
number say, says so.
"""

import operator
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..tensor import Tensor
from .files import NUMPY, PACKAGE, is_of_the_user
from .program import Ref
from .temporaries import replaces

# What depends on shapes and dtypes alone.
SHAPE_ONLY = frozenset(
    {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj}
)


class Traced(NDArrayOperatorsMixin):
    """An array of a run that is traced: its value, and where the log knows it.

    Parameters
    ----------
    log : Log
    value : ndarray or NumPy scalar
    ref : Ref
    """

    __slots__ = ("__weakref__", "log", "ref", "value")
    stands_for_array = True  # what takes arrays takes it as it is

    def __init__(self, log: Any, value: Any, ref: Ref) -> None:
        self.log, self.value, self.ref = log, value, ref

    def __add__(self, other: Any) -> Any:
        count = sys.getrefcount(other)
        if type(other) is Traced and replaces(self, other, count):
            return self.log.call(np.add, (self, other), {"out": other})
        return NDArrayOperatorsMixin.__add__(self, other)

    def __mul__(self, other: Any) -> Any:
        count = sys.getrefcount(other)
        if type(other) is Traced and replaces(self, other, count):
            return self.log.call(np.multiply, (self, other), {"out": other})
        return NDArrayOperatorsMixin.__mul__(self, other)

    # ---- what NumPy asks -----------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        for i in inputs:
            if issubclass(type(i), Tensor):  # isinstance would ask for the __class__
                return NotImplemented  # tensors know what to do with it
        return self.log.call(ufunc if method == "__call__" else getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        for value in leaves_of([args, kwargs]):
            if isinstance(value, Tensor):
                return value.__array_function__(function, types, args, kwargs)
        if function in SHAPE_ONLY:  # which is guarded
            return function(*values_of(args), **values_of(kwargs))
        if hasattr(function, "__wrapped__") and hasattr(function, "entry"):
            return self.log.ours(function, args, kwargs)
        return self.log.call(function, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self.log.refusal(
            f"A traced array of shape {self.shape} would become a plain one, whose values would be those of "
            f"the first step for ever, in {self.log.where()}.\n  Stay with NumPy's functions and tensors; "
            "take .numpy() and .item() outside of the step."
        )

    def as_array(self) -> "Traced":
        """An array with no axes for a NumPy scalar, as tensors hold; others as they are."""
        if isinstance(self.value, np.ndarray):
            return self
        traced: Traced = self.log.results(np.asarray, (self,), {}, np.asarray(self.value))
        return traced

    # ---- what an array is, which the guards hold -----------------------------------------------------------

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)
    nbytes = property(lambda self: self.value.nbytes)
    itemsize = property(lambda self: self.value.itemsize)
    strides = property(lambda self: self.value.strides)

    @property
    def flags(self) -> Any:
        """How it lies in memory, which the guards hold; whose that is they do not, so users may not ask."""
        self._refuse_users("flags", sys._getframe(1))
        return self.value.flags

    @property
    def base(self) -> Any:
        """Something, if it is a view, and None for an array of its own."""
        self._refuse_users("base", sys._getframe(1))
        return getattr(self.value, "base", None)

    def _refuse_users(self, name: str, frame: Any) -> None:
        if is_of_the_user(frame.f_code.co_filename):
            raise self.log.refusal(
                f"The step asks for .{name} of a traced array, in {self.log.where()}, which may be another "
                "in the next step. Ask outside of it."
            )

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        self.log.tell()
        return repr(self.value)

    @property  # type: ignore[misc]  # what isinstance asks: others than this package and NumPy see an array
    def __class__(self) -> Any:
        file = sys._getframe(1).f_code.co_filename
        return Traced if file.startswith((PACKAGE, NUMPY)) else type(self.value)

    # ---- powers --------------------------------------------------------------------------------------------

    def __pow__(self, exponent: Any) -> Any:
        """As arrays do it, which take another way than np.power where the exponent is 2 or 1/2."""
        if type(exponent) not in (int, float):
            return super().__pow__(exponent)
        return self.log.results(operator.pow, (self, exponent), {}, self.value**exponent)

    # ---- items ---------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        found = self.log.results("__getitem__", (self, key), {}, self.value[values_of(key)])
        if any(
            isinstance(k, Traced) and np.result_type(k.value).kind == "b"
            for k in (key if type(key) is tuple else (key,))
        ):
            self.log.check(found, found.shape)  # which is a matter of values
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        self.value[values_of(key)] = values_of(value)
        self.log.note("__setitem__", (self, key, value), {}, [], writes=[self])

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    # ---- methods, and attributes that are arrays -----------------------------------------------------------

    @property
    def T(self) -> Any:  # NumPy's name
        return self.transpose()

    @property
    def mT(self) -> Any:
        return np.matrix_transpose(self)

    @property
    def real(self) -> Any:
        return np.real(self)

    @property
    def imag(self) -> Any:
        return np.imag(self)

    @property
    def flat(self) -> Any:
        raise self.log.refusal(f".flat of a traced array, in {self.log.where()}: write .reshape(-1).")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not callable(getattr(np.ndarray, name, None)):
            if hasattr(np.ndarray, name) and not name.startswith("__"):
                self._refuse_users(name, sys._getframe(1))
            raise AttributeError(name)
        if name in ("item", "tolist", "tobytes", "tofile", "dump", "dumps", "data"):
            return self.__array__()

        def method(*args: Any, **kwargs: Any) -> Any:
            if kwargs.get("out") is not None:
                raise self.log.refusal(
                    f"out= of a method of a traced array, in {self.log.where()}: write np.{name}(…, out=…)."
                )
            result = getattr(self.value, name)(*values_of(args), **values_of(kwargs))
            if result is None:  # fill, sort, partition, put: they write into the array
                self.log.note(name, (self, *args), kwargs, [], writes=[self])
                return None
            return self.log.results(name, (self, *args), kwargs, result)

        return method

    # ---- what leaves NumPy ---------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        truth = bool(self.value)
        self.log.check(self, truth)
        return truth

    def _number(self, *_: Any) -> Any:
        raise self.log.refusal(
            f"A number is made of a traced value, in {self.log.where()}: it would be the first step's for "
            "ever.\n"
            "  Keep it an array; return the tensor, and take .item() outside of the step."
        )

    __float__ = __int__ = __index__ = __complex__ = __round__ = _number
    __hash__ = _number

    def __format__(self, form: str) -> str:
        if is_of_the_user(sys._getframe(1).f_code.co_filename):
            self._number()
        return format(self.value, form)  # in an error that the function itself will raise again

    item = tolist = _number


def _in_place(name: str, operation: Any) -> Any:
    of_arrays = getattr(NDArrayOperatorsMixin, name)

    def operator_of(self: Traced, other: Any) -> Any:
        return of_arrays(self, other) if isinstance(self.value, np.ndarray) else operation(self, other)

    return operator_of


for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
):  # NumPy's scalars are not written into
    setattr(Traced, f"__i{_name}__", _in_place(f"__i{_name}__", getattr(operator, _name)))


def leaves_of(tree: Any) -> Iterator[Any]:
    """What stands in nested lists, tuples and dicts."""
    if type(tree) in (list, tuple):
        for part in tree:
            yield from leaves_of(part)
    elif type(tree) is dict:
        yield from leaves_of(list(tree.values()))
    else:
        yield tree


def values_of(tree: Any) -> Any:
    """Arguments with the values of traced arrays in their place."""
    if isinstance(tree, Traced):
        return tree.value
    if type(tree) in (list, tuple):
        return type(tree)(map(values_of, tree))
    if type(tree) is dict:
        return {k: values_of(v) for k, v in tree.items()}
    if type(tree) is slice:
        return slice(*map(values_of, (tree.start, tree.stop, tree.step)))
    return tree


def referring(tree: Any) -> Any:
    """Arguments with references in the place of traced arrays."""
    if isinstance(tree, Traced):
        return tree.ref
    if type(tree) in (list, tuple):
        return type(tree)(referring(t) for t in tree)
    if type(tree) is dict:
        return {k: referring(v) for k, v in tree.items()}
    if type(tree) is slice:
        return slice(*(referring(t) for t in (tree.start, tree.stop, tree.step)))
    return tree
