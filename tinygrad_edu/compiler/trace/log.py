"""The log of a traced run: the calls that are made of traced arrays, in order, become a program."""

import functools
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import TraceError
from ...graph import Leaf
from ...tensor import Tensor
from ..program import Input, Ref
from .constants import target_of, why_not
from .dependent import shape_depends_on_values
from .draws import TracedGenerator
from .notes import Notes
from .raising import Raising
from .settings import CLIP
from .traced import Traced, leaves_of, values_of
from .traced_number import TracedNumber, kind_of
from .unwatched import unwatched, watched

ITEMS = {"__getitem__": operator.getitem, "__setitem__": operator.setitem}
# What depends on shapes and dtypes alone.
SHAPE_ONLY = frozenset(
    {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj}
)


class Log(Notes):
    """The calls of one run, in order; see `Notes` for what is written down of them.

    Attributes
    ----------
    raising : Raising
        Which outcomes of calls are caught.
    """

    def __init__(self, where: Callable[[], str]) -> None:
        super().__init__(where)
        self._inputs: dict[int, Traced] = {}  # by the identity of what they hold
        self.generators: dict[int, Any] = {}
        self.first = 0  # nodes with smaller numbers were made before the run
        self._met: dict[int, Any] = {}
        self._outputs: dict[int, Ref] = {}  # of nodes, by identity
        self._kept: list[Any] = []
        self.asked = False  # whether a draw was of the default generator
        self.known: set[int] = set()  # the generators that were there before the run
        self.watching: Any = None  # the profile function of the run
        self.raising = Raising(self)

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
        """An array that is given to an operation, as one that is traced: it may write into its kind.

        Integers that the step has made itself, of shapes alone, are places: they stay plain.
        """
        if type(value) is np.ndarray and value.dtype.kind in "iu" and id(value) not in self._inputs:
            return value
        if type(value) is np.ndarray:
            return self.input(value, Input("constant", "constant"))
        if type(value) in (list, tuple):
            return type(value)(map(self.lift, value))
        return value

    @unwatched
    def given(self, op: Any, arrays: list[Any]) -> tuple[Callable[..., Any], list[Any]]:
        """The forward of an operation, and what it gets."""
        if any(issubclass(type(a), Traced) for a in leaves_of(arrays)):
            arrays = [self.lift(a) for a in arrays]
        return op.forward, arrays

    def ours(self, function: Any, args: Any, kwargs: Any) -> Any:
        """What a function of this package gives; what it does is noted, not that it was called."""
        return function.__wrapped__(*map(self.lift, args), **{k: self.lift(v) for k, v in kwargs.items()})

    @unwatched
    def recorded(self, op: Any, node: Any, arguments: Any, out: Any) -> None:
        """An operation was recorded: its variables are noted."""
        if isinstance(out, Traced):
            self.program.made_by.setdefault(out._ref, op.name.rpartition(".")[2])
            if node is not None:
                self._outputs[id(node)] = out._ref
                self._kept.append(node)
        for parent in () if node is None else node.parents:
            if type(parent) is Leaf and parent.order < self.first:
                self._met[id(parent)] = parent, self.where()

    def refuse_strangers(self, known: set[int]) -> None:
        """Raise if the run met a variable that was there before, and that nothing led to from the
        function.
        """
        for number, (leaf, where) in self._met.items():
            if number not in known:
                raise TraceError(
                    f"A variable of shape {leaf.shape} was met in {where}, which nothing that the function "
                    "names or closes over leads to. Give it, or its module, to the function as an argument."
                )

    def run(self, node: Any, rule: Any, g: Any, values: Any) -> Any:
        """Run a rule."""
        if isinstance(g, Traced) and id(node) in self._outputs:
            self.program.gradient_of.setdefault(g._ref, self._outputs[id(node)])
        return rule(self.lift(g), *map(self.lift, values))

    def generator(self, generator: Any) -> Any:
        """A generator whose draws are noted."""
        if isinstance(generator, TracedGenerator):
            return generator
        return self.generators.setdefault(id(generator), TracedGenerator(generator, self))

    def drawing(self, value: Any) -> Any:
        """What stands for a generator, a method of one, or a partial of that; the value itself for others."""
        if isinstance(value, np.random.Generator):
            return self.generator(value)
        if type(value) is functools.partial and (inner := self.drawing(value.func)) is not value.func:
            return functools.partial(inner, *value.args, **value.keywords)
        is_drawn = type(value) is types.MethodType and isinstance(value.__self__, np.random.Generator)
        return getattr(self.generator(value.__self__), value.__name__) if is_drawn else value

    # ---- calls ---------------------------------------------------------------------------------------------

    @unwatched
    def ufunc(self, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a ufunc, or a method of one, gives of traced arrays."""
        if any(issubclass(type(i), Tensor) for i in inputs):  # isinstance would ask for the __class__
            return NotImplemented  # tensors know what to do with it
        return self.call(ufunc if method == "__call__" else getattr(ufunc, method), inputs, kwargs)

    @unwatched
    def function(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function of NumPy's, or of this package's, gives of traced arrays."""
        for value in leaves_of([args, kwargs]):
            if issubclass(type(value), Tensor):
                return watched(self, value.__array_function__, function, types, args, kwargs)
        if function in SHAPE_ONLY:  # which is guarded
            return function(*values_of(args), **values_of(kwargs))
        if hasattr(function, "__wrapped__") and hasattr(function, "entry"):
            return watched(self, self.ours, function, args, kwargs)
        return self.call(function, args, kwargs)

    @unwatched
    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a function on the values, and note it; what comes out is traced, or is in ``out``."""
        if kwargs.keys() <= {"out", "where"} and any(issubclass(type(a), TracedNumber) for a in args):
            args = self.fitted(CLIP if function is np.clip else function, args)
        self.find_errors()
        try:
            result = self._result(function, values_of(args), values_of(kwargs))
        except Exception as error:
            self.raising.has_raised(function, args, kwargs, error)
            raise
        self.raising.has_not_raised(function, args)
        if result is NotImplemented:
            return NotImplemented
        out = kwargs.get("out")
        targets = out if isinstance(out, tuple) else (out,) if out is not None else ()
        given = [t for t in targets if t is not None]
        if not given and isinstance(function, np.ufunc) and len(args) > function.nin:
            given = [a for a in args[function.nin :] if a is not None]
        if isinstance(given, list) and given and any(isinstance(t, Traced) for t in given):
            self.note(function, args, kwargs, [t._ref for t in given if isinstance(t, Traced)], writes=given)
            return given[0] if len(given) == 1 else tuple(given)
        if given:  # into an array that is not traced: a plain one of the user's or the framework's
            raise self.refusal(why_not(f"{name_of(function)}(…, out=…)", given[0], self.where()))
        return self.results(function, args, kwargs, result)

    def _result(self, function: Any, args: Any, kwargs: Any) -> Any:
        """What a function gives, or a method that is named by a text; it may come to code of the user's."""
        if type(function) is str:
            if function not in ITEMS:
                return watched(self, getattr(args[0], function), *args[1:], **kwargs)
            function = ITEMS[function]
        return watched(self, function, *args, **kwargs)

    def closed(self, function: Callable[..., Any], arrays: list[Any], *settings: Any) -> Any:
        """A function of several arrays that it writes into, as one call; it returns a number."""
        result = function(values_of(arrays), *settings)
        return self.number(function, (arrays, *settings), {}, result, arrays)

    def results(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
        """The results of a call as traced arrays, in their containers."""
        if isinstance(result, (tuple, list)):
            parts = list(result)
            if not all(isinstance(r, (np.ndarray, np.generic)) for r in parts):
                raise self.refusal(
                    f"{name_of(function)} returned {type(result).__name__} of other things than arrays."
                )
            refs = [self.program.new(r) for r in parts]
            self.note(function, args, kwargs, refs, several=True)
            made = [Traced(self, r, ref) for r, ref in zip(parts, refs)]
            if shape_depends_on_values(function, args, kwargs):
                for part in made:
                    self.check(part, part.shape)
            return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)
        if not isinstance(result, (np.ndarray, np.generic)):
            if result is None or isinstance(result, (bool, int, float, complex, str, np.dtype, type)):
                if result is None:
                    if type(target := target_of(args, kwargs)) is np.ndarray:
                        raise self.refusal(why_not(name_of(function), target, self.where()))
                    self.note(function, args, kwargs, [], writes=[target])
                    return None
                if isinstance(result, (str, np.dtype, type)):
                    return result  # of shapes and dtypes, which are guarded
                return self.number(function, args, kwargs, result)
            else:
                kind = type(result).__name__
                raise self.refusal(f"{name_of(function)} returned a {kind}, in {self.where()}.")
        if args and isinstance(args[0], Traced) and result is args[0]._value:
            return args[0]  # astype(copy=False) and its kin, of what is so already
        ref = self.program.new(result)
        self.note(function, args, kwargs, [ref])
        traced = Traced(self, result, ref)
        if isinstance(result, np.ndarray) and shape_depends_on_values(function, args, kwargs):
            self.check(traced, traced.shape)
        return traced

    def number(self, function: Any, args: Any, kwargs: Any, result: Any, writes: Any = ()) -> Traced:
        """The result of a call that is a number of Python's, as a draw without a size is, or a count."""
        value = np.asarray(result)[()]
        if not isinstance(value, np.generic):
            raise self.refusal(f"The number {result}, in {self.where()}, is too large for one of NumPy's.")
        ref = self.program.new(value)
        self.program.numbers.add(ref)
        self.note(function, args, kwargs, [ref], writes=writes)
        return TracedNumber(self, result, ref)

    def fitted(self, ufunc: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments of a ufunc, with numbers of Python's as arrays of the dtype that they take on."""
        if not isinstance(ufunc, np.ufunc) or ufunc.signature is not None:
            return args
        given = args[: ufunc.nin]
        kinds = [kind_of(a._value if isinstance(a, TracedNumber) else a) for a in given]
        if None in kinds or not any(isinstance(k, np.dtype) for k in kinds):
            return args
        loop = ufunc.resolve_dtypes((*kinds, *[None] * ufunc.nout))
        made = [
            self.call(np.asarray, (a,), {"dtype": kind}) if isinstance(a, TracedNumber) else a
            for a, kind in zip(given, loop)
        ]
        return (*made, *args[ufunc.nin :])


def name_of(function: Any) -> str:
    """A function's name for a message."""
    return function if isinstance(function, str) else f"np.{getattr(function, '__name__', function)}"
