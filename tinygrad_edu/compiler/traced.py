"""An array that writes down what is done to it: real values, and a log of NumPy's calls.

A step is traced by running it, on arrays of this kind in the place of its inputs and of what it keeps:
parameters, the optimizer's memory, running statistics.  They speak NumPy's two protocols and nothing else,
so that whatever is computed of them is a call in the log, and what would leave NumPy, to become a Python
number say, says so.
"""

import linecache
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..errors import TraceError
from ..graph import Leaf
from ..tensor import Tensor
from .draws import TracedGenerator
from .files import is_of_the_user
from .program import Call, Check, Input, Program, Ref

VIEWS = frozenset(
    {"reshape", "transpose", "swapaxes", "ravel", "squeeze", "view"}
)  # methods that may give a view


class Log:
    """The calls of one run, in order.

    Attributes
    ----------
    program : Program
    where : callable
        Tells the line of the user's code that runs just now.
    """

    def __init__(self, where: Callable[[], str]) -> None:
        self.program, self.where = Program(), where
        self._inputs: dict[int, Traced] = {}  # by the identity of what they hold
        self.generators: dict[int, Any] = {}
        self.first = 0  # nodes with smaller numbers were made before the run
        self._met: dict[int, Any] = {}
        self._outputs: dict[int, Ref] = {}  # of nodes, by identity
        self._kept: list[Any] = []
        self.known: set[int] = set()  # the generators that were there before the run
        self.ambient = np.geterr()

    # ---- what comes in -------------------------------------------------------------------------------------

    def input(self, array: Any, source: Input) -> "Traced":
        """A traced array for one that is there before the run; the same for the same array."""
        known = self._inputs.get(id(array))
        if known is None:
            ref = self.program.new(array)
            self.program.inputs[ref] = source
            known = self._inputs[id(array)] = Traced(self, array, ref)
        return known

    def argument(self, array: Any, name: str) -> "Traced":
        """A traced array for an argument of the function, for each one of its own."""
        ref = self.program.new(array)
        self.program.inputs[ref] = Input("argument", name)
        return Traced(self, array, ref)

    def lift(self, value: Any) -> Any:
        """An array that is given to an operation, as one that is traced: it may write into its kind."""
        if type(value) is np.ndarray:
            return self.input(value, Input("constant", "constant"))
        if type(value) in (list, tuple):
            return type(value)(map(self.lift, value))
        return value

    def given(self, op: Any, arrays: list[Any]) -> list[Any]:
        """What the forward of an operation gets."""
        return (
            [self.lift(a) for a in arrays]
            if any(isinstance(a, Traced) for a in leaves_of(arrays))
            else arrays
        )

    def recorded(self, op: Any, node: Any, out: Any) -> None:
        """An operation was recorded: its variables are noted."""
        if isinstance(out, Traced):
            self.program.made_by.setdefault(out.ref, op.name.rpartition(".")[2])
            if node is not None:
                self._outputs[id(node)] = out.ref
                self._kept.append(node)
        for parent in () if node is None else node.parents:
            if type(parent) is Leaf and parent.order < self.first:
                self._met[id(parent)] = parent, self.where()

    def refuse_strangers(self, known: set[int]) -> None:
        """Raise if the run met a variable that was there before, and that nothing led to from the function."""
        for number, (leaf, where) in self._met.items():
            if number not in known:
                raise TraceError(
                    f"A variable of shape {leaf.shape} was met in {where}, which nothing that the function names or "
                    "closes over leads to. Give it, or its module, to the function as an argument."
                )

    def run(self, node: Any, rule: Any, g: Any, values: Any) -> Any:
        """Run a rule."""
        if isinstance(g, Traced) and id(node) in self._outputs:
            self.program.gradient_of.setdefault(g.ref, self._outputs[id(node)])
        return rule(self.lift(g), *map(self.lift, values))

    def generator(self, generator: Any) -> Any:
        """A generator whose draws are noted."""
        if isinstance(generator, TracedGenerator):
            return generator
        return self.generators.setdefault(id(generator), TracedGenerator(generator, self))

    # ---- calls ---------------------------------------------------------------------------------------------

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a function on the values, and note it; what comes out is traced, or is in ``out``."""
        result = run(function, values_of(args), values_of(kwargs))
        if result is NotImplemented:
            return NotImplemented
        out = kwargs.get("out")
        targets = out if isinstance(out, tuple) else (out,) if out is not None else ()
        given = [t for t in targets if t is not None]
        if not given and isinstance(function, np.ufunc) and len(args) > function.nin:
            given = [a for a in args[function.nin :] if a is not None]
        if isinstance(given, list) and given and any(isinstance(t, Traced) for t in given):
            self.note(function, args, kwargs, [t.ref for t in given if isinstance(t, Traced)], writes=given)
            return given[0] if len(given) == 1 else tuple(given)
        if given:  # into an array that is not traced: a plain one of the user's or the framework's
            raise TraceError(
                f"{name_of(function)}(…, out=…) writes into a plain array of shape {given[0].shape}, which "
                f"the compiled step would not see, in {self.where()}."
            )
        return self.results(function, args, kwargs, result)

    def closed(self, function: Callable[..., Any], arrays: list[Any], *settings: Any) -> Any:
        """A function of several arrays that it writes into, as one call; it returns a number."""
        result = np.asarray(function(values_of(arrays), *settings))[()]
        ref = self.program.new(result)
        self.note(function, (arrays, *settings), {}, [ref], writes=arrays)
        return Traced(self, result, ref)

    def results(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
        """The results of a call as traced arrays, in their containers."""
        if isinstance(result, (tuple, list)):
            parts = list(result)
            if not all(isinstance(r, (np.ndarray, np.generic)) for r in parts):
                raise TraceError(
                    f"{name_of(function)} returned {type(result).__name__} of other things than arrays."
                )
            refs = [self.program.new(r) for r in parts]
            self.note(function, args, kwargs, refs, several=True)
            made = [Traced(self, r, ref) for r, ref in zip(parts, refs)]
            if function in BY_VALUES:
                for part in made:
                    self.check(part, part.shape)
            return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)
        if not isinstance(result, (np.ndarray, np.generic)):
            if result is None or isinstance(result, (bool, int, float, complex, str, np.dtype, type)):
                if result is None:
                    self.note(
                        function, args, kwargs, [], writes=[a for a in args if isinstance(a, Traced)][:1]
                    )
                    return None
                if isinstance(result, (str, np.dtype, type)):
                    return result  # of shapes and dtypes, which are guarded
                result = np.asarray(result)[()]
            else:
                raise TraceError(
                    f"{name_of(function)} returned a {type(result).__name__}, in {self.where()}."
                )
        if args and isinstance(args[0], Traced) and result is args[0].value:
            return args[0]  # astype(copy=False) and its kin, of what is so already
        ref = self.program.new(result)
        self.note(function, args, kwargs, [ref])
        traced = Traced(self, result, ref)
        if function in BY_VALUES:
            self.check(traced, traced.shape)
        return traced

    def note(
        self,
        function: Any,
        args: Any,
        kwargs: Any,
        outputs: list[Ref],
        *,
        several: bool = False,
        writes: Any = (),
    ) -> None:
        """Add a call to the program."""
        errors, where = np.geterr(), self.where()
        self.program.lines.setdefault(where, users_text())
        self.program.add(
            Call(
                function, referring(args), referring(kwargs), tuple(outputs), several,
                tuple(w.ref for w in writes if isinstance(w, Traced)),
                None if errors == self.ambient else errors, where,
            )
        )  # fmt: skip

    def check(self, traced: "Traced", truth: bool | tuple[int, ...]) -> None:
        """Note that the rest of the run holds only where a value is true or false, or has a shape."""
        self.program.add(Check(traced.ref, truth, self.where()))


# Whose results have a shape that depends on values.
BY_VALUES = frozenset({
    np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.extract, np.compress, np.repeat, np.bincount,
    np.union1d, np.intersect1d, np.setdiff1d, np.trim_zeros, np.delete, np.unique_values, np.unique_counts,
    np.unique_inverse, np.unique_all, "nonzero", "compress", "repeat",
})  # fmt: skip
# What depends on shapes and dtypes alone.
SHAPE_ONLY = frozenset(
    {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj}
)


def users_text() -> str:
    """The text of the line of the user's program that runs just now."""
    frame: Any = sys._getframe(1)
    while frame is not None and not is_of_the_user(frame.f_code.co_filename):
        frame = frame.f_back
    return "" if frame is None else linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()


def leaves_of(tree: Any) -> Iterator[Any]:
    """What stands in nested lists, tuples and dicts."""
    if type(tree) in (list, tuple):
        for part in tree:
            yield from leaves_of(part)
    elif type(tree) is dict:
        yield from leaves_of(list(tree.values()))
    else:
        yield tree


def run(function: Any, args: Any, kwargs: Any) -> Any:
    """What a call gives: of a function, or of a method named by a text."""
    if isinstance(function, str):
        return getattr(args[0], function)(*args[1:], **kwargs)
    return function(*args, **kwargs)


def name_of(function: Any) -> str:
    """A function's name for a message."""
    return function if isinstance(function, str) else f"np.{getattr(function, '__name__', function)}"


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

    def __init__(self, log: Log, value: Any, ref: Ref) -> None:
        self.log, self.value, self.ref = log, value, ref

    # ---- what NumPy asks -----------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(i, Tensor) for i in inputs):
            return NotImplemented  # tensors know what to do with it
        return self.log.call(ufunc if method == "__call__" else getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        for value in leaves_of([args, kwargs]):
            if isinstance(value, Tensor):
                return value.__array_function__(function, types, args, kwargs)
        if function in SHAPE_ONLY:  # which is guarded
            return function(*values_of(args), **values_of(kwargs))
        opened = getattr(function, "__wrapped__", None)
        if opened is not None and hasattr(
            function, "entry"
        ):  # ours: what it does is noted, not that it was called
            return opened(*map(self.log.lift, args), **{k: self.log.lift(v) for k, v in kwargs.items()})
        return self.log.call(function, args, kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TraceError(
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
    flags = property(lambda self: self.value.flags)

    @property
    def base(self) -> Any:
        """Something, if it is a view, and None for an array of its own."""
        return getattr(self.value, "base", None)

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        return f"Traced({self.value!r})"

    # ---- items ---------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        found = self.log.results("__getitem__", (self, key), {}, self.value[values_of(key)])
        if any(
            isinstance(k, Traced) and k.dtype.kind == "b" for k in (key if type(key) is tuple else (key,))
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
        raise TraceError(f".flat of a traced array, in {self.log.where()}: write .reshape(-1).")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not callable(getattr(np.ndarray, name, None)):
            raise AttributeError(name)
        if name in ("item", "tolist", "tobytes", "tofile", "dump", "dumps", "data"):
            return self.__array__()

        def method(*args: Any, **kwargs: Any) -> Any:
            if kwargs.get("out") is not None:
                raise TraceError(
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
        raise TraceError(
            f"A number is made of a traced value, in {self.log.where()}: it would be the first step's for "
            "ever.\n"
            "  Keep it an array; return the tensor, and take .item() outside of the step."
        )

    __float__ = __int__ = __index__ = __complex__ = __round__ = _number
    __format__ = __hash__ = _number
    item = tolist = _number
