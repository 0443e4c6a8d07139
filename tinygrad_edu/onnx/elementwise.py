"""Element for element: NumPy's ufuncs and this package's activations, as ONNX's operators."""

import math
import operator
from typing import Any

import numpy as np

from ..ops import activation, elementwise, erf, exponential, shrinkage, smooth
from .graph import Graph
from .sizes import Size
from .table import converts

# ---- the same operator in both -----------------------------------------------------------------------------

SAME = {
    np.add: "Add", np.subtract: "Sub", np.multiply: "Mul", np.divide: "Div", np.power: "Pow",
    operator.pow: "Pow", np.float_power: "Pow", np.maximum: "Max", np.minimum: "Min", np.fmax: "Max",
    np.fmin: "Min", np.negative: "Neg", np.absolute: "Abs", np.fabs: "Abs", np.exp: "Exp", np.log: "Log",
    np.sqrt: "Sqrt", np.reciprocal: "Reciprocal", np.sin: "Sin", np.cos: "Cos", np.tan: "Tan",
    np.arcsin: "Asin", np.arccos: "Acos", np.arctan: "Atan", np.sinh: "Sinh", np.cosh: "Cosh",
    np.tanh: "Tanh", np.arcsinh: "Asinh", np.arccosh: "Acosh", np.arctanh: "Atanh", np.floor: "Floor",
    np.ceil: "Ceil", np.rint: "Round", np.sign: "Sign",
    activation.relu: "Relu", smooth.sigmoid: "Sigmoid", smooth.softsign: "Softsign", erf.erf: "Erf",
}  # fmt: skip
COMPARISONS = {
    np.greater: "Greater", np.greater_equal: "GreaterOrEqual", np.less: "Less",
    np.less_equal: "LessOrEqual", np.equal: "Equal", np.not_equal: "Equal",
}  # fmt: skip
LOGIC = {np.logical_and: "And", np.logical_or: "Or", np.logical_xor: "Xor", np.logical_not: "Not",
         np.bitwise_and: "And", np.bitwise_or: "Or", np.bitwise_xor: "Xor", np.invert: "Not"}  # fmt: skip


def file_same(function: Any, kind: str) -> None:
    @converts(function, sized=True)
    def same(g: Graph, *args: Any) -> str:
        return g.emit(kind, *(g.name(a, g.dtype) for a in args))


def file_comparison(function: Any, kind: str) -> None:
    @converts(function, sized=True)
    def compared(g: Graph, a: Any, b: Any) -> str:
        dtype = common(a, b)
        found = g.emit(kind, g.name(a, dtype), g.name(b, dtype))
        return g.emit("Not", found) if function is np.not_equal else found


def file_logic(function: Any, kind: str) -> None:
    bitwise = function in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert)

    @converts(function)
    def combined(g: Graph, *args: Any) -> str:
        if bitwise and g.dtype != bool:
            bits = "BitwiseNot" if kind == "Not" else f"Bitwise{kind}"
            return g.emit(bits, *(g.name(a, g.dtype) for a in args))
        return g.emit(kind, *(g.name(a, bool) for a in args))


for _function, _kind in SAME.items():
    file_same(_function, _kind)
for _function, _kind in COMPARISONS.items():
    file_comparison(_function, _kind)
for _function, _kind in LOGIC.items():
    file_logic(_function, _kind)


def common(*args: Any) -> Any:
    """The dtype in which arrays and numbers meet."""
    return np.result_type(*(0 if isinstance(a, Size) else getattr(a, "dtype", a) for a in args))


def number(g: Graph, value: float) -> str:
    """A number in the dtype of the result."""
    return g.name(value, g.dtype)


# ---- NumPy's, with others ----------------------------------------------------------------------------------


@converts(np.square)
def square(g: Graph, x: Any) -> str:
    name = g.name(x, g.dtype)
    return g.emit("Mul", name, name)


@converts(np.positive, np.copy, "copy", np.ascontiguousarray, np.asarray, np.asanyarray, np.array)
def itself(g: Graph, x: Any, *args: Any, **kwargs: Any) -> str:
    return g.emit("Identity", g.name(x, g.dtype))


@converts(np.log1p)
def log1p(g: Graph, x: Any) -> str:
    return g.emit("Log", g.emit("Add", g.name(x, g.dtype), number(g, 1)))


@converts(np.expm1)
def expm1(g: Graph, x: Any) -> str:
    return g.emit("Sub", g.emit("Exp", g.name(x, g.dtype)), number(g, 1))


def scaled_log(base: float) -> Any:
    return lambda g, x: g.emit("Mul", g.emit("Log", g.name(x, g.dtype)), number(g, 1 / math.log(base)))


converts(np.log2)(scaled_log(2))
converts(np.log10)(scaled_log(10))


@converts(np.exp2)
def exp2(g: Graph, x: Any) -> str:
    return g.emit("Pow", number(g, 2), g.name(x, g.dtype))


@converts(np.hypot)
def hypot(g: Graph, a: Any, b: Any) -> str:
    squares = (g.emit("Mul", name, name) for name in (g.name(a, g.dtype), g.name(b, g.dtype)))
    return g.emit("Sqrt", g.emit("Add", *squares))


@converts(np.logaddexp)
def logaddexp(g: Graph, a: Any, b: Any) -> str:
    a, b = g.name(a, g.dtype), g.name(b, g.dtype)
    apart = g.emit("Exp", g.emit("Neg", g.emit("Abs", g.emit("Sub", a, b))))
    return g.emit("Add", g.emit("Max", a, b), g.emit("Log", g.emit("Add", apart, number(g, 1))))


@converts(np.floor_divide)
def floor_divide(g: Graph, a: Any, b: Any) -> str:
    if g.dtype.kind == "f":
        return g.emit("Floor", g.emit("Div", g.name(a, g.dtype), g.name(b, g.dtype)))
    a, b = g.name(a, g.dtype), g.name(b, g.dtype)  # ONNX's remainder is Python's
    return g.emit("Div", g.emit("Sub", a, g.emit("Mod", a, b)), b)


@converts(np.remainder)
def remainder(g: Graph, a: Any, b: Any) -> str:
    a, b = g.name(a, g.dtype), g.name(b, g.dtype)
    if g.dtype.kind != "f":
        return g.emit("Mod", a, b)
    return g.emit("Sub", a, g.emit("Mul", g.emit("Floor", g.emit("Div", a, b)), b))


@converts(np.isnan)
def isnan(g: Graph, x: Any) -> str:
    return g.emit("IsNaN", x)


@converts(np.isinf)
def isinf(g: Graph, x: Any) -> str:
    return g.emit("IsInf", x)


@converts(np.isfinite)
def isfinite(g: Graph, x: Any) -> str:
    return g.emit("Not", g.emit("Or", g.emit("IsNaN", x), g.emit("IsInf", x)))


@converts(np.where)
def where(g: Graph, condition: Any, x: Any, y: Any) -> str:
    return g.emit("Where", g.name(condition, bool), g.name(x, g.dtype), g.name(y, g.dtype))


@converts(np.clip, "clip")
def clip(
    g: Graph, a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
) -> str:  # NumPy's names
    name = g.emit("Identity", g.name(a, g.dtype))
    for kind, limit in (("Max", a_min if min is None else min), ("Min", a_max if max is None else max)):
        name = name if limit is None else g.emit(kind, name, g.name(limit, g.dtype))
    return name


@converts(elementwise.clip_above)
def clip_above(g: Graph, a: Any, upper: Any) -> str:
    return clip(g, a, None, upper)


@converts(elementwise.clip_below)
def clip_below(g: Graph, a: Any, lower: Any) -> str:
    return clip(g, a, lower)


@converts(elementwise.clip_between)
def clip_between(g: Graph, a: Any, lower: Any, upper: Any) -> str:
    return clip(g, a, lower, upper)


@converts("astype", np.astype)
def astype(g: Graph, x: Any, dtype: Any, *args: Any, **kwargs: Any) -> str:
    return g.cast(g.name(x), dtype)


# ---- activations -------------------------------------------------------------------------------------------


@converts(activation.leaky_relu)
def leaky_relu(g: Graph, x: Any, negative_slope: Any = 0.01) -> str:
    return g.emit("PRelu", g.name(x, g.dtype), g.name(negative_slope, g.dtype))


@converts(activation.elu)
def elu(g: Graph, x: Any, alpha: float = 1.0) -> str:
    return g.emit("Elu", g.name(x, g.dtype), alpha=float(alpha))


@converts(activation.selu)
def selu(g: Graph, x: Any) -> str:
    return g.emit("Selu", g.name(x, g.dtype), alpha=exponential.SELU_ALPHA, gamma=exponential.SELU_SCALE)


@converts(activation.celu)
def celu(g: Graph, x: Any, alpha: float = 1.0) -> str:
    return g.emit("Celu", g.name(x, g.dtype), alpha=float(alpha))


@converts(activation.hardsigmoid)
def hardsigmoid(g: Graph, x: Any) -> str:
    return g.emit("HardSigmoid", g.name(x, g.dtype), alpha=1 / 6, beta=0.5)


@converts(activation.hardswish)
def hardswish(g: Graph, x: Any) -> str:
    return g.emit("HardSwish", g.name(x, g.dtype))


@converts(smooth.silu)
def silu(g: Graph, x: Any) -> str:
    name = g.name(x, g.dtype)
    return g.emit("Mul", name, g.emit("Sigmoid", name))


@converts(smooth.mish)
def mish(g: Graph, x: Any) -> str:
    name = g.name(x, g.dtype)
    return g.emit("Mul", name, g.emit("Tanh", g.emit("Softplus", name)))


@converts(smooth.gelu_exact)
def gelu_exact(g: Graph, x: Any) -> str:
    return g.emit("Gelu", g.name(x, g.dtype))


@converts(smooth.gelu_tanh)
def gelu_tanh(g: Graph, x: Any) -> str:
    return g.emit("Gelu", g.name(x, g.dtype), approximate="tanh")


@converts(smooth.softplus)
def softplus(g: Graph, x: Any, beta: float = 1.0, threshold: float | None = None) -> str:
    name = g.name(x, g.dtype)
    scaled = name if beta == 1 else g.emit("Mul", name, number(g, beta))
    soft = g.emit("Softplus", scaled)
    soft = soft if beta == 1 else g.emit("Div", soft, number(g, beta))
    if threshold is None:
        return soft
    return g.emit("Where", g.emit("Greater", scaled, number(g, threshold)), name, soft)


@converts(erf.normal_cdf)
def normal_cdf(g: Graph, x: Any) -> str:
    scaled = g.emit("Mul", g.name(x, g.dtype), number(g, math.sqrt(0.5)))
    return g.emit("Mul", g.emit("Add", g.emit("Erf", scaled), number(g, 1)), number(g, 0.5))


@converts(erf.erfc)
def erfc(g: Graph, x: Any) -> str:
    return g.emit("Sub", number(g, 1), g.emit("Erf", g.name(x, g.dtype)))


@converts(shrinkage.threshold)
def threshold(g: Graph, x: Any, threshold: float, value: float) -> str:
    name = g.name(x, g.dtype)
    return g.emit("Where", g.emit("LessOrEqual", name, number(g, threshold)), number(g, value), name)


@converts(shrinkage.hardshrink)
def hardshrink(g: Graph, x: Any, lambd: float = 0.5) -> str:
    name = g.name(x, g.dtype)
    near = g.emit("LessOrEqual", g.emit("Abs", name), number(g, lambd))
    return g.emit("Where", near, number(g, 0), name)
