"""An array that writes down what is done to it: real values, and a log of NumPy's calls.

A step is traced by running it, on arrays of this kind in the place of its inputs and of what it keeps:
parameters, the optimizer's memory, running statistics.  They speak NumPy's two protocols and nothing else,
so that whatever is computed of them is a call in the log, and what would leave NumPy, to become a Python
number say, says so.
"""

import sys
from collections.abc import Iterator
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np

from ..program import Ref
from .operators import Operators
from .whose_code import PACKAGE, is_near, is_of_the_user

METHODS = frozenset(n for n in dir(np.ndarray) if n[:2] != "__" and callable(getattr(np.ndarray, n)))


class Traced(Operators):
    """An array of a run that is traced: its value, and where the log knows it.

    Parameters
    ----------
    log : Log
    value : ndarray or NumPy scalar
    ref : Ref
    """

    __slots__ = ("__weakref__", "_log", "_ref", "_value")
    stands_for_array = True  # what takes arrays takes it as it is

    def __new__(cls, log: Any, value: Any, ref: Ref) -> "Traced":
        """An array, or a number of NumPy's, which can do less."""
        kind: Any = cls
        if cls is Traced:
            kind = TracedArray if isinstance(value, np.ndarray) else _class_of_scalars(value.__class__)
        return object.__new__(kind)

    def __init__(self, log: Any, value: Any, ref: Ref) -> None:
        self._log, self._value, self._ref = log, value, ref

    # ---- what NumPy asks -----------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return self._log.ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self._log.function(function, types, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._log.refusal(
            f"A traced array of shape {self._value.shape} would become a plain one, whose values would be "
            f"those of the first step for ever, in {self._log.where()}.\n  Stay with NumPy's functions and "
            "tensors: write np.stack([a, b]) where a list of arrays is given to another function; make an "
            "array that is indexed,\n  as in np.eye(n)[y], outside of the step, or np.equal(y[:, None], "
            "np.arange(n)); take .numpy() outside."
        )

    def as_array(self) -> "Traced":
        """An array with no axes for a NumPy scalar, as tensors hold; others as they are."""
        if isinstance(self._value, np.ndarray):
            return self
        traced: Traced = self._log.results(np.asarray, (self,), {}, np.asarray(self._value))
        return traced

    def as_of_its_own(self) -> "Traced":
        """A view as if it had memory of its own: what is made of it lies as if it were made of that."""
        return Traced(self._log, np.array(self._value, order="C"), self._ref)

    # ---- what an array is, which the guards hold -----------------------------------------------------------

    shape = property(attrgetter("_value.shape"))  # in C, which takes a third of the time
    dtype = property(attrgetter("_value.dtype"))
    ndim = property(attrgetter("_value.ndim"))
    size = property(attrgetter("_value.size"))
    nbytes = property(attrgetter("_value.nbytes"))
    itemsize = property(attrgetter("_value.itemsize"))
    strides = property(attrgetter("_value.strides"))

    @property
    def flags(self) -> Any:
        """How it lies in memory, which the guards hold; whose that is they do not, so users may not ask."""
        self._refuse_users("flags")
        return self._value.flags

    @property
    def base(self) -> Any:
        """Something, if it is a view, and None for an array of its own."""
        self._refuse_users("base")
        return getattr(self._value, "base", None)

    def _refuse_users(self, name: str) -> None:
        if is_of_the_user(who_asks()):
            raise self._log.refusal(
                f"The step asks for .{name} of a traced array, in {self._log.where()}, which may be another "
                "in the next step. Ask outside of it."
            )

    def __repr__(self) -> str:
        self._log.tell()
        return repr(self._value)

    @property  # type: ignore[misc]  # what isinstance asks: others than this package and NumPy see an array
    def __class__(self) -> Any:
        return Traced if is_near(who_asks()) else type(self._value)

    # ---- items ---------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        return self._log.call("__getitem__", (self, key), {})

    # ---- methods, and attributes that are arrays -----------------------------------------------------------

    T = property(lambda self: self.transpose())  # NumPy's name
    mT = property(lambda self: np.matrix_transpose(self))
    real = property(lambda self: np.real(self))
    imag = property(lambda self: np.imag(self))

    @property
    def flat(self) -> Any:
        raise self._log.refusal(f".flat of a traced array, in {self._log.where()}: write .reshape(-1).")

    def __getattr__(self, name: str) -> Any:
        if name not in METHODS:
            if hasattr(np.ndarray, name) and not name.startswith("__"):
                self._refuse_users(name)
            raise AttributeError(name)
        if name in ("tobytes", "tofile", "dump", "dumps", "data"):
            return self.__array__()

        def method(*args: Any, **kwargs: Any) -> Any:
            if kwargs.get("out") is not None:
                raise self._log.refusal(
                    f"out= of a method of a traced array, in {self._log.where()}: write np.{name}(…, out=…)."
                )
            return self._log.call(name, (self, *args), kwargs)

        return method

    # ---- what leaves NumPy ---------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        truth = bool(self._value)
        self._log.check(self, truth)
        return truth

    def _number(self, *_: Any) -> Any:
        raise self._log.refusal(
            f"A number is made of a traced value, in {self._log.where()}: it would be the first step's for "
            "ever.\n"
            "  Keep it an array, as np.sqrt does, or what .item() gives; take float(…) outside of the step."
        )

    __float__ = __int__ = __index__ = __complex__ = __round__ = _number

    def __format__(self, form: str) -> str:
        if is_of_the_user(who_asks()):
            raise self._log.refusal(
                f"A text is made of a traced value, in {self._log.where()}: it would be the first step's for "
                "ever.\n  Return the value, or add it to a list, and print or log it outside of the step."
            )
        self._log.tell()
        return format(self._value, form)  # in an error that the function itself will raise again

    def item(self, *place: Any) -> Any:
        """A number of Python's, which is another one in every step: it stays traced."""
        return self._log.number("item", (self, *place), {}, self._value.item(*values_of(place)))

    tolist = _number

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__array__()


class TracedArray(Traced):
    """What arrays can do, and numbers cannot: it has items and a length, and no hash."""

    __slots__ = ()
    __hash__ = __round__ = None  # type: ignore[assignment]  # as NumPy's arrays

    def __len__(self) -> int:
        return len(self._value)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._log.call("__setitem__", (self, key, value), {})

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __copy__(self) -> Any:
        return self.copy("K")

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy("K")


class TracedScalar(Traced):
    """What numbers can do, and arrays cannot: they may be keys.

    Special methods that numbers of a class do not have are None; `_class_of_scalars` makes a class of these.
    """

    __slots__ = ()
    __hash__ = Traced._number

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if found is None and name.startswith("__"):
            raise AttributeError(name)
        return found

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self


@cache
def _class_of_scalars(kind: type) -> type[TracedScalar]:
    """The class of what stands for numbers of a class of NumPy's."""
    left = [n for n in ("__iter__", "__index__", "__complex__", "__round__") if not hasattr(kind, n)]
    return type("TracedScalar", (TracedScalar,), {"__slots__": (), **dict.fromkeys(left)})


def who_asks() -> str:
    """The file of the code that asks a traced array for something."""
    frame: Any = sys._getframe(2)
    while (code := frame.f_code).co_filename == __file__ or (
        code.co_name == "__getattribute__" and code.co_filename.startswith(PACKAGE)
    ):  # what a class of these asks itself for
        frame = frame.f_back
    return str(code.co_filename)


def leaves_of(tree: Any) -> list[Any]:
    """What stands in nested lists, tuples and dicts."""
    kind = type(tree)
    if kind is dict:
        return leaves_of([*tree.values()])
    return [leaf for part in tree for leaf in leaves_of(part)] if kind in (list, tuple) else [tree]


def values_of(tree: Any) -> Any:
    """Arguments with the values of traced arrays in their place."""
    return _with(tree, "_value")


def referring(tree: Any) -> Any:
    """Arguments with references in the place of traced arrays."""
    return _with(tree, "_ref")


def _with(tree: Any, name: str) -> Any:
    """The same lists, tuples, dicts and slices with what traced arrays have by a name in their place."""
    if isinstance(tree, Traced):
        return getattr(tree, name)
    kind = type(tree)
    if kind in (list, tuple):
        return kind([_with(part, name) for part in tree])
    if kind is dict:
        return {key: _with(part, name) for key, part in tree.items()}
    if kind is slice:
        return slice(*(_with(end, name) for end in (tree.start, tree.stop, tree.step)))
    return tree
