"""Lowering: each call of a program as statements of loops, or the reason why it has none."""

import operator
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ...optim.clip import clip_norm_of
from ..memory.inner import inner_loop
from ..memory.random_functions import FILLING, NUMBERS, function_of, is_numpys, signature_of
from ..program import Call, Check, Ref
from ..trace.settings import CLIP
from .extremes import PLACES, Extremes
from .items import same_place
from .kinds import COMPARISONS, FOLDS, TEMPLATES, Draw, Fold, Given, Inner, Product, Statement, Test
from .memories import C_TYPES, Literal, NoLoop, Operand, in_order
from .sums import turns_around

COPIES = {"copy", "astype", "flatten", "ravel", "reshape"}
COPYING = {np.copy, np.astype, np.asarray, np.ascontiguousarray, np.ravel, np.reshape}
FOLDING = {
    np.sum: "add", np.max: "maximum", np.min: "minimum", np.prod: "multiply", np.any: "logical_or",
    np.all: "logical_and", "sum": "add", "max": "maximum", "min": "minimum", "prod": "multiply",
    "any": "logical_or", "all": "logical_and",
}  # fmt: skip
POWERS = {2: np.square, 1: np.positive, 0.5: np.sqrt, -1: np.reciprocal}  # as arrays have them
MEANT = ("axis", "dtype", "out", "keepdims")


class Lowering(Extremes):
    """Statements for the steps of a program; see `Items` for those that compute nothing."""

    def statements(self, step: Call | Check) -> list[Statement]:
        """What a step is; raises `NoLoop` if it cannot be said."""
        self._made = []
        if isinstance(step, Check):
            self._check(step)
            return self._made
        if any(self.memories.all[self.memories.of[w]].kind == "argument" for w in step.writes):
            raise NoLoop("it writes into an argument")
        function = step.function
        if not self.chosen.isdisjoint(step.outputs) and not self._is_mask(step):
            raise NoLoop("a shape that depends on values")
        owner = getattr(function, "__self__", None)
        if function is CLIP:
            self._clip(step)
        elif isinstance(ufunc := COMPARISONS.get(function, function), np.ufunc):
            self._ufunc(step, ufunc)
        elif function is operator.pow and step.outputs[0] not in self.memories.program.numbers:
            self._ufunc(step, self._power(*step.args))
        elif isinstance(owner, np.ufunc) and function.__name__ == "reduce":
            self._fold(step, owner.__name__, MEANT, 0)
        elif owner is np.add and function.__name__ == "at":
            self._add_at(step)
        elif isinstance(owner, np.random.Generator):
            self._draw(step)
        elif function in FOLDING and not step.writes:
            self._fold(step, FOLDING[function], MEANT[:3])
        else:
            method = METHODS.get(function)
            if method is None:
                name = function if isinstance(function, str) else getattr(function, "__name__", "function")
                raise NoLoop(name.strip("_"))
            method(self, step)
        return self._made

    # ---- draws ---------------------------------------------------------------------------------------------

    def _draw(self, call: Call) -> None:
        name, given = call.function.__name__, signature_of(call)
        if not is_numpys(call.function):
            raise NoLoop(f"a draw by {name} of a class that is not NumPy's")
        if not call.outputs:
            raise NoLoop("a draw into an array that is there")
        out, size = self.memories.operand(call.outputs[0]), given.pop("size", None)
        if not self.draws or size is None or given.pop("out", None) is not None or call.writes:
            raise NoLoop(f"a draw by {name}")
        if out.dtype.char not in "fd" or out.strides != in_order(out.shape, out.dtype):
            raise NoLoop(f"a draw by {name} of type {out.dtype}")
        numbers: tuple[float, ...] = ()
        function = ""
        if name in FILLING:
            function = FILLING[name] + "_f" * (out.dtype.char == "f")
            given.pop("dtype", None)
        elif name in ("normal", "uniform") and all(type(v) in (int, float) for v in given.values()):
            first, second = (float(given.pop(k, default)) for k, default in NUMBERS[name])
            function = f"random_{name}"
            numbers = first, second - first if name == "uniform" else second
        if given or function_of(function) is None:
            raise NoLoop(f"a draw by {name}")
        self._made.append(Draw(out, call.function.__self__, function, numbers))

    # ---- ufuncs --------------------------------------------------------------------------------------------

    def _ufunc(self, call: Call, ufunc: np.ufunc) -> None:
        if set(call.kwargs) - {"out", "dtype", "order"} or ufunc.nout != 1:
            raise NoLoop(f"{ufunc.__name__} with {', '.join(call.kwargs) or 'two results'}")
        if ufunc is np.vecdot:
            self._dots(call)
            return
        if ufunc.signature:
            self._product(call)
            return
        args, out = [self.given(a) for a in call.args[: ufunc.nin]], self.target(call)
        settings: dict[str, Any] = {}
        if (dtype := call.kwargs.get("dtype")) is not None:
            settings["signature"] = *[None] * ufunc.nin, np.dtype(dtype)
        try:
            *loops, gives = ufunc.resolve_dtypes((*map(kind_of, args), None), **settings)
        except TypeError:  # a ufunc of other than NumPy's types
            raise NoLoop(f"the types of {ufunc.__name__}") from None
        if any(d.str[1:] not in C_TYPES for d in (*loops, gives)):
            raise NoLoop(f"{ufunc.__name__} of types {loops} to {gives}")
        loop = loops[0]
        template = TEMPLATES[loop.kind].get(ufunc.__name__)
        if template is not None and all(d == loop for d in loops) and gives in (loop, np.dtype(bool)):
            self.each(ufunc.__name__, out, args, loop, gives)
            return
        types = "".join(d.char for d in loops) + "->" + gives.char
        if inner_loop(ufunc, types) is None:
            raise NoLoop(f"{ufunc.__name__} of types {types}")
        given = [self.as_type(a, d).broadcast(out.shape) for a, d in zip(args, loops)]
        crossing = any(a.overlaps(out) and not same_place(a, out) for a in given)
        to = self.memories.temporary(out.shape, gives) if crossing or out.dtype != gives else out
        self._made.append(Inner(ufunc, types, to, tuple(given)))
        if to is not out:
            self.copy(out, to)

    def _power(self, x: Any, exponent: Any) -> np.ufunc:
        """The ufunc that NumPy takes for ``x**exponent``, an array and a number of Python."""
        kind = kind_of(self.given(x))
        if np.dtype(kind).kind != "f":
            raise NoLoop("a power of whole numbers")
        return POWERS.get(exponent, np.power)

    def _product(self, call: Call) -> None:
        if getattr(call.function, "signature", None) and call.function is not np.matmul:
            raise NoLoop(call.function.__name__)
        a, b, out = self.operand(call.args[0]), self.operand(call.args[1]), self.target(call)
        if a.overlaps(out) or b.overlaps(out) or not a.dtype == b.dtype == out.dtype or a.dtype.kind != "f":
            raise NoLoop("a product of mixed types, or into its own factor")
        axes = len(a.shape), len(b.shape)
        if 0 in axes or (call.function is not np.matmul and max(axes) > 2):
            raise NoLoop("a product with a number, or dot of more than two axes")
        if set(call.kwargs) - {"out"}:
            raise NoLoop("a product with settings")
        if len(b.shape) == 1:  # a column
            b, out = with_axis(b, 1), with_axis(out, len(out.shape))
        if len(a.shape) == 1:  # a row
            a, out = with_axis(a, 0), with_axis(out, len(out.shape) - 1)
        batch = out.shape[:-2]
        self._made.append(Product(out, in_batch(a, batch), in_batch(b, batch)))

    def _dots(self, call: Call) -> None:
        """Products of rows with rows."""
        a, b, out = self.operand(call.args[0]), self.operand(call.args[1]), self.target(call)
        if set(call.kwargs) or a.overlaps(out) or b.overlaps(out) or not a.dtype == b.dtype == out.dtype:
            raise NoLoop("vecdot with settings")
        if a.dtype.kind != "f" or not a.shape or not b.shape:
            raise NoLoop("vecdot of numbers that are not floating")
        made = self.memories.temporary((*out.shape, a.shape[-1]), out.dtype)
        self.each("multiply", made, [a, b], out.dtype, out.dtype)
        self._made.append(Fold("add", out, made, tuple(range(len(out.shape)))))

    # ---- folds ---------------------------------------------------------------------------------------------

    def _fold(self, call: Call, op: str, names: tuple[str, ...], usual_axis: int | None = None) -> None:
        given = dict(zip(names, call.args[1:])) | call.kwargs
        axis = given.pop("axis", usual_axis)
        keepdims = bool(given.pop("keepdims", False))
        given.pop("out", None)
        usual = given.pop("dtype", None) is None and given.pop("where", True) is True
        initial = given.pop("initial", np._NoValue)
        if not usual or given or op not in FOLDS or isinstance(initial, Ref):
            raise NoLoop(f"{op} along an axis with {given} {call.kwargs}")
        source, out = self.operand(call.args[0]), self.target(call)
        axes = range(len(source.shape)) if axis is None else axis if type(axis) is tuple else (axis,)
        folded = {a % len(source.shape) for a in axes} if source.shape else set()
        kept = tuple(a for a in range(len(source.shape)) if a not in folded)
        if keepdims and len(out.shape) == len(source.shape):
            strides = [s for a, s in enumerate(out.strides) if a in kept]
            out = out._replace(shape=tuple(source.shape[a] for a in kept), strides=tuple(strides))
        if out.shape != tuple(source.shape[a] for a in kept) or source.overlaps(out):
            raise NoLoop(f"{op} along an axis, into its own argument")
        if op.startswith("logical") and source.dtype.kind != "b":
            made = self.memories.temporary(source.shape, bool)
            self.copy(made, source)
            source = made
        if source.dtype != out.dtype and (source.dtype.kind == "f" or op.startswith("logical")):
            raise NoLoop(f"{op} in another type")
        given_out = bool(call.writes)
        if given_out and turns_around():
            source = source.forward(folded)
        self._made.append(Fold(op, out, source, kept, given_out))
        if initial is not np._NoValue:
            if op not in ("maximum", "minimum"):
                raise NoLoop(f"{op} with initial")
            self.each(op, out, [out, Literal(initial)], out.dtype, out.dtype)

    def _mean(self, call: Call) -> None:
        """A sum, divided by how many."""
        source, out = self.operand(call.args[0]), self.target(call)
        if out.dtype.kind != "f" or call.writes:
            raise NoLoop("mean into an array, or of complex numbers")
        kwargs = {k: v for k, v in call.kwargs.items() if k != "out"}
        if source.dtype.kind != "f":
            source = self._doubles(source, out)
        self._fold(call._replace(args=(source, *call.args[1:]), kwargs=kwargs), "add", MEANT)
        count = prod(source.shape) // max(prod(out.shape), 1)
        self.each("divide", out, [out, Literal(count)], out.dtype, out.dtype)

    def _count(self, call: Call) -> None:
        if call.kwargs or len(call.args) > 1:
            raise NoLoop("count_nonzero along an axis")
        source, out = self.operand(call.args[0]), self.target(call)
        self.words.update(call.outputs)
        made = source
        if source.dtype.kind != "b":
            made = self.memories.temporary(source.shape, bool)
            self.each("not_equal", made, [source, Literal(0)], source.dtype, bool)
        self._made.append(Fold("add", out, made, ()))

    def _clip_norm(self, call: Call) -> None:
        """`clip_norm_of`, with squares of doubles; the step cannot be made if their sum is not finite."""
        arrays, _, most, p = call.args
        if p != 2 or isinstance(most, Ref):
            raise NoLoop("a norm that is not the second, or up to a number that is computed")
        if self.has_written:
            raise NoLoop("a norm that may not be finite, after a write")
        gradients, double = [self.operand(g) for g in arrays], np.dtype(float)
        total = self.memories.operand(call.outputs[0])
        squares = self.memories.temporary((len(gradients),), double)
        for k, g in enumerate(gradients):
            if g.dtype.char not in "fd":
                raise NoLoop(f"the norm of numbers of type {g.dtype}")
            made = self.memories.temporary(g.shape, double)
            self.each("multiply", made, [g, g], double, double)
            place = squares._replace(offset=8 * k, shape=(), strides=())
            self._made.append(Fold("add", place, made, ()))
        self._made.append(Fold("add", total, squares, ()))
        self.each("sqrt", total, [total], double, double)
        fits, exceeds = (self.memories.temporary((), bool) for _ in range(2))
        self.each("isfinite", fits, [total], double, bool)
        self._made.append(Test(fits, True))
        factor = self.memories.temporary((), double)
        self.each("greater", exceeds, [total, Literal(most)], double, bool)
        self.each("divide", factor, [total, Literal(most)], double, double)
        self.each("where", factor, [exceeds, factor, Literal(1.0)], double, double)
        for g in gradients:
            self.each("divide", g, [g, self.as_type(factor, g.dtype)], g.dtype, g.dtype)

    # ---- checks --------------------------------------------------------------------------------------------

    def _check(self, check: Check) -> None:
        if isinstance(check.truth, tuple):
            if check.ref not in self.counted:
                raise NoLoop("the shape of what a line of NumPy makes")
            return
        operand = self.memories.operand(check.ref)
        if prod(operand.shape) != 1:
            raise NoLoop("the truth of several values")
        self._made.append(Test(operand, check.truth))


METHODS: dict[Any, Callable[[Lowering, Call], None]] = {
    "__getitem__": Lowering._getitem, "__setitem__": Lowering._setitem, np.count_nonzero: Lowering._count,
    np.where: Lowering._where, np.clip: Lowering._clip, "clip": Lowering._clip, np.copyto: Lowering._copyto,
    "dot": Lowering._product, np.dot: Lowering._product, np.concatenate: Lowering._concatenate,
    "fill": Lowering._fill, np.zeros_like: Lowering._constant, np.ones_like: Lowering._constant,
    np.empty_like: Lowering._constant, np.full_like: Lowering._constant,
    np.broadcast_to: Lowering._broadcast, np.stack: Lowering._stack, np.mean: Lowering._mean,
    "mean": Lowering._mean, clip_norm_of: Lowering._clip_norm, "item": Lowering._item,
    **dict.fromkeys(COPIES | COPYING, Lowering._copy), **dict.fromkeys(PLACES, Lowering._place),
}  # fmt: skip


def kind_of(value: Given) -> Any:
    """What `resolve_dtypes` must know of an argument."""
    if isinstance(value, Operand):
        return value.dtype
    number = value.value
    return type(number) if type(number) in (int, float) else np.asarray(number).dtype


def with_axis(operand: Operand, axis: int) -> Operand:
    """The same with another axis of length 1."""
    shape, strides = list(operand.shape), list(operand.strides)
    length = shape[axis] * abs(strides[axis]) if axis < len(shape) else operand.dtype.itemsize
    shape.insert(axis, 1)
    strides.insert(axis, length)
    return operand._replace(shape=tuple(shape), strides=tuple(strides))


def in_batch(operand: Operand, batch: tuple[int, ...]) -> Operand:
    """Matrices, with the axes before them that others have."""
    rows = operand._replace(shape=operand.shape[:-2], strides=operand.strides[:-2]).broadcast(batch)
    return rows._replace(shape=(*batch, *operand.shape[-2:]), strides=(*rows.strides, *operand.strides[-2:]))
