"""Reductions: sums, means, extremes, norms; products of matrices, and softmax."""

from typing import Any

import numpy as np

from ..ops import attention, contraction, softmax
from .elementwise import number
from .graph import Graph, Value
from .table import converts

KINDS = {
    np.sum: "ReduceSum", np.add.reduce: "ReduceSum", "sum": "ReduceSum",
    np.mean: "ReduceMean", "mean": "ReduceMean",
    np.prod: "ReduceProd", np.multiply.reduce: "ReduceProd", "prod": "ReduceProd",
    np.max: "ReduceMax", np.maximum.reduce: "ReduceMax", "max": "ReduceMax",
    np.min: "ReduceMin", np.minimum.reduce: "ReduceMin", "min": "ReduceMin",
}  # fmt: skip
TRUTHS = {np.any: "ReduceMax", np.logical_or.reduce: "ReduceMax", "any": "ReduceMax",
          np.all: "ReduceMin", np.logical_and.reduce: "ReduceMin", "all": "ReduceMin"}  # fmt: skip


def file_reduction(function: Any, kind: str) -> None:
    first = 0 if getattr(function, "__name__", "") == "reduce" else None  # the axis of a ufunc's method

    @converts(function)
    def reduced(
        g: Graph, a: Value, axis: Any = first, dtype: Any = None, out: Any = None, keepdims: Any = False,
        initial: Any = None, where: Any = True,
    ) -> str:  # fmt: skip
        if where is not True or initial not in (None, np._NoValue):
            raise g.refuse(f"{kind} with where= or initial= has no operator in ONNX")
        keepdims = keepdims is not np._NoValue and bool(keepdims)
        return g.reduce(kind, g.name(a, g.dtype), g.axes(axis, a.ndim), keepdims)


def file_extreme(function: Any, kind: str) -> None:
    @converts(function)
    def extreme(
        g: Graph, a: Value, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
        where: Any = True,
    ) -> str:  # fmt: skip
        if where not in (True, np._NoValue) or initial not in (None, np._NoValue):
            raise g.refuse(f"{kind} with where= or initial= has no operator in ONNX")
        keepdims = keepdims is not np._NoValue and bool(keepdims)
        return g.reduce(kind, g.name(a, g.dtype), g.axes(axis, a.ndim), keepdims)


def file_truth(function: Any, kind: str) -> None:
    first = 0 if getattr(function, "__name__", "") == "reduce" else None

    @converts(function)
    def truth(g: Graph, a: Value, axis: Any = first, out: Any = None, keepdims: Any = False) -> str:
        keepdims = keepdims is not np._NoValue and bool(keepdims)
        counted = g.cast(g.name(a, bool), np.int32)
        return g.cast(g.reduce(kind, counted, g.axes(axis, a.ndim), keepdims), bool)


for _function, _kind in KINDS.items():
    (file_extreme if _function in (np.max, np.min, "max", "min") else file_reduction)(_function, _kind)
for _function, _kind in TRUTHS.items():
    file_truth(_function, _kind)


def moments(g: Graph, a: Value, axis: Any, ddof: float, keepdims: Any) -> str:
    """The variance over some axes."""
    axes = g.axes(axis, a.ndim)
    name = g.name(a, g.dtype)
    apart = g.emit("Sub", name, g.reduce("ReduceMean", name, axes, True))
    variance = g.reduce("ReduceMean", g.emit("Mul", apart, apart), axes, keepdims is True)
    if ddof:
        n = int(np.prod([g.fixed(a.shape[i]) for i in axes]))
        variance = g.emit("Mul", variance, number(g, n / (n - ddof)))
    return variance


@converts(np.var, "var")
def var(
    g: Graph, a: Value, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: Any = False, *, correction: Any = np._NoValue,
) -> str:  # fmt: skip
    return moments(g, a, axis, ddof if correction is np._NoValue else correction, keepdims)


@converts(np.std, "std")
def std(g: Graph, a: Value, *args: Any, **kwargs: Any) -> str:
    return g.emit("Sqrt", var(g, a, *args, **kwargs))


def file_place(function: Any, kind: str) -> None:
    @converts(function)
    def place(g: Graph, a: Value, axis: Any = None, out: Any = None, keepdims: Any = False) -> str:
        keep = int(keepdims is True)
        if axis is None:
            return g.reshape(g.emit(kind, g.reshape(a, [-1]), axis=0, keepdims=0), g.shape)
        return g.emit(kind, a, axis=int(axis), keepdims=keep)


for _function, _kind in (
    (np.argmax, "ArgMax"),
    ("argmax", "ArgMax"),
    (np.argmin, "ArgMin"),
    ("argmin", "ArgMin"),
):
    file_place(_function, _kind)


@converts(np.count_nonzero)
def count_nonzero(g: Graph, a: Value, axis: Any = None, *, keepdims: bool = False) -> str:
    ones = g.cast(g.cast(a.name, bool), np.int64)
    return g.reduce("ReduceSum", ones, g.axes(axis, a.ndim), keepdims)


@converts(np.cumsum, "cumsum")
def cumsum(g: Graph, a: Value, axis: Any = None, dtype: Any = None, out: Any = None) -> str:
    if axis is None:
        return g.emit("CumSum", g.reshape(g.name(a, g.dtype), [-1]), np.array(0))
    return g.emit("CumSum", g.name(a, g.dtype), np.array(int(axis)))


@converts(np.logical_and.accumulate)
def all_so_far(g: Graph, array: Value, axis: Any = 0, dtype: Any = None, out: Any = None) -> str:
    """Where none of those up to here is false."""
    wrong = g.emit("CumSum", g.cast(g.emit("Not", g.name(array, bool)), np.int64), np.array(int(axis)))
    return g.emit("Equal", wrong, np.array(0))


@converts(np.argsort, "argsort", sized=True)
def argsort(g: Graph, a: Value, axis: Any = -1, kind: Any = None, order: Any = None) -> str:
    """The order of the smallest first, in which equal ones stay as they are."""
    if axis is None:
        raise g.refuse("np.argsort without an axis has no operator in ONNX: give it one, and reshape before")
    axis = int(axis) % a.ndim
    return g.emit("TopK", a, g.dims([a.shape[axis]]), outputs=2, axis=axis, largest=0, sorted=1)[1]


@converts(np.linalg.norm)
def norm(g: Graph, x: Value, ord: Any = None, axis: Any = None, keepdims: bool = False) -> str:
    if (isinstance(axis, tuple) and ord is not None) or (axis is None and x.ndim > 1 and ord is not None):
        raise g.refuse(f"np.linalg.norm of matrices, ord={ord!r}, has no operator in ONNX")
    axes, name = g.axes(axis, x.ndim), g.name(x, g.dtype)
    if ord in (None, 2, "fro"):
        return g.reduce("ReduceL2", name, axes, keepdims)
    if ord == 1:
        return g.reduce("ReduceL1", name, axes, keepdims)
    size = g.emit("Abs", name)
    if np.isinf(ord):
        return g.reduce("ReduceMax" if ord > 0 else "ReduceMin", size, axes, keepdims)
    total = g.reduce("ReduceSum", g.emit("Pow", size, number(g, ord)), axes, keepdims)
    return g.emit("Pow", total, number(g, 1 / ord))


# ---- products ----------------------------------------------------------------------------------------------


@converts(np.matmul, np.dot, "dot")
def matmul(g: Graph, a: Any, b: Any) -> str:
    ndims = [len(getattr(v, "shape", ())) for v in (a, b)]
    if 0 in ndims:
        return g.emit("Mul", g.name(a, g.dtype), g.name(b, g.dtype))
    return g.emit("MatMul", g.name(a, g.dtype), g.name(b, g.dtype))


@converts(np.vecdot)
def vecdot(g: Graph, a: Any, b: Any, axis: int = -1) -> str:
    product = g.emit("Mul", g.name(a, g.dtype), g.name(b, g.dtype))
    return g.reduce("ReduceSum", product, [axis], False)


@converts(np.outer)
def outer(g: Graph, a: Any, b: Any) -> str:
    column = g.emit("Reshape", g.name(a, g.dtype), np.array([-1, 1]))
    return g.emit("Mul", column, g.emit("Reshape", g.name(b, g.dtype), np.array([1, -1])))


@converts(np.einsum)
def einsum(g: Graph, subscripts: str, *operands: Any, **kwargs: Any) -> str:
    return g.emit("Einsum", *(g.name(o, g.dtype) for o in operands), equation=subscripts)


@converts(contraction.einsum)
def einsum_op(g: Graph, subscripts: str, *operands: Any) -> str:
    return einsum(g, subscripts, *operands)


@converts(contraction.linear)
def linear(g: Graph, x: Value, weight: Value, bias: Any = None) -> str:
    if x.ndim == 2 and g.dtype.kind == "f":
        inputs = [g.name(v, g.dtype) for v in (x, weight, bias) if v is not None]
        return g.emit("Gemm", *inputs, transB=1)
    turned = g.emit("Transpose", g.name(weight, g.dtype), perm=[1, 0])
    product = g.emit("MatMul", g.name(x, g.dtype), turned)
    return product if bias is None else g.emit("Add", product, g.name(bias, g.dtype))


# ---- softmax -----------------------------------------------------------------------------------------------


@converts(softmax.softmax)
def softmax_of(g: Graph, x: Value, axis: Any = -1) -> str:
    return shares(g, g.name(x, g.dtype), axis, x.ndim)


def shares(g: Graph, name: str, axis: Any, ndim: int) -> str:
    """Softmax over one axis or several."""
    axes = g.axes(axis, ndim)
    if len(axes) == 1:
        return g.emit("Softmax", name, axis=axes[0])
    e = g.emit("Exp", g.emit("Sub", name, g.reduce("ReduceMax", name, axes, True)))
    return g.emit("Div", e, g.reduce("ReduceSum", e, axes, True))


@converts(softmax.log_softmax)
def log_softmax(g: Graph, x: Value, axis: Any = -1) -> str:
    axes, name = g.axes(axis, x.ndim), g.name(x, g.dtype)
    if len(axes) == 1:
        return g.emit("LogSoftmax", name, axis=axes[0])
    return g.emit("Sub", name, g.reduce("ReduceLogSumExp", name, axes, True))


@converts(softmax._logsumexp)
def logsumexp(g: Graph, x: Value, axis: Any) -> str:
    return g.reduce("ReduceLogSumExp", g.name(x, g.dtype), g.axes(axis, x.ndim), True)


@converts(attention.softmax_where)
def softmax_where(g: Graph, x: Value, mask: Any, axis: Any) -> str:
    """Softmax of the allowed entries; 0 for the others, also where none is allowed."""
    allowed = g.name(mask, bool)
    hidden = g.emit("Where", allowed, g.name(x, g.dtype), number(g, np.finfo(g.dtype).min))
    return g.emit("Mul", shares(g, hidden, axis, x.ndim), g.cast(allowed, g.dtype))
