"""Expressions: a call of NumPy's as a person writes it, with operators and methods."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import Call, Ref
from ..source.spelling import of_numpy

COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)  # how strongly the outermost operator binds
Text = tuple[str, int]

OPERATORS = {
    np.add: ("+", SUM), np.subtract: ("-", SUM), np.multiply: ("*", PRODUCT), np.divide: ("/", PRODUCT),
    np.matmul: ("@", PRODUCT), np.equal: ("==", COMPARE), np.not_equal: ("!=", COMPARE),
    np.less: ("<", COMPARE), np.less_equal: ("<=", COMPARE), np.greater: (">", COMPARE),
    np.greater_equal: (">=", COMPARE), operator.add: ("+", SUM), operator.sub: ("-", SUM),
    operator.mul: ("*", PRODUCT), operator.truediv: ("/", PRODUCT), operator.floordiv: ("//", PRODUCT),
    operator.mod: ("%", PRODUCT), operator.eq: ("==", COMPARE), operator.ne: ("!=", COMPARE),
    operator.lt: ("<", COMPARE), operator.le: ("<=", COMPARE), operator.gt: (">", COMPARE),
    operator.ge: (">=", COMPARE),
}  # fmt: skip
OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
METHODS = {np.add: "sum", np.maximum: "max", np.minimum: "min", np.multiply: "prod"}  # of reductions


class Expressions:
    """Prints calls; ``of`` tells what an array is called, or how it is computed.

    ``of_array`` tells that of arrays that stand in a call themselves, and ``extra`` names other objects.
    """

    def __init__(
        self, values: list[Any], of: Callable[[Ref], Text], of_array: Callable[[Any], Text],
        extra: Callable[[Any, str], str],
    ) -> None:  # fmt: skip
        self.values, self.of, self.of_array, self.extra = values, of, of_array, extra

    def within(self, value: Any, binds: int) -> str:
        """A value as an operand of what binds so strongly."""
        text, own = self.value(value)
        return text if own >= binds else f"({text})"

    def call(self, call: Call) -> Text:
        """What a call computes, without where it writes it."""
        function, args, kwargs = (
            call.function,
            call.args,
            {k: v for k, v in call.kwargs.items() if k != "out"},
        )
        if isinstance(function, str):
            return self._method(function, args, kwargs)
        if function in OPERATORS and not kwargs:
            sign, binds = OPERATORS[function]
            left = SUM if binds == COMPARE else binds
            return f"{self.within(args[0], left)} {sign} {self.within(args[1], binds + 1)}", binds
        if function in (np.negative, operator.neg) and not kwargs:
            return f"-{self.within(args[0], SIGN)}", SIGN
        if function is abs:
            return f"abs({self.value(args[0])[0]})", ATOM
        if isinstance(function, np.ufunc) and not kwargs:
            args = args[: function.nin]
            if function is np.square and self._is_array(args[0]):
                return f"{self.within(args[0], ATOM)}**2", POWER
        if function is operator.pow:
            return f"{self.within(args[0], ATOM)}**{self.within(args[1], POWER)}", POWER
        owner = getattr(function, "__self__", None)
        if isinstance(owner, np.ufunc) and owner in METHODS and function.__name__ == "reduce":
            return self._reduction(METHODS[owner], args, dict(kwargs)), ATOM
        if function is np.transpose and len(args) == 1 and not kwargs:
            return f"{self.within(args[0], ATOM)}.T", ATOM
        if function is np.reshape and set(kwargs) <= {"order", "shape"} and kwargs.get("order", "C") == "C":
            shape = [kwargs["shape"]] if "shape" in kwargs else []
            return self._method("reshape", [*args, *shape], {})
        name = of_numpy(function) or self.extra(function, getattr(function, "__name__", "function"))
        return f"{name}({self._arguments(args, kwargs)})", ATOM

    def _is_array(self, value: Any) -> bool:
        return type(value) is Ref and isinstance(self.values[value.number], np.ndarray)

    def _method(self, name: str, args: Any, kwargs: Any) -> Text:
        target = self.within(args[0], ATOM)
        if name == "__getitem__":
            return f"{target}[{self.key(args[1])}]", ATOM
        if name == "reshape" and len(args) == 2 and type(args[1]) is tuple and args[1]:
            args = [args[0], *args[1]]
        if name == "transpose" and len(args) == 1:
            return f"{target}.T", ATOM
        return f"{target}.{name}({self._arguments(args[1:], kwargs)})", ATOM

    def _reduction(self, name: str, args: Any, kwargs: dict[str, Any]) -> str:
        """A reduction as a method, without what is so anyway."""
        given = dict(zip(("axis", "dtype", "out", "keepdims"), args[1:])) | kwargs
        axis = given.pop("axis", 0)
        kept = {
            k: v for k, v in given.items() if not (v is None or v is False or (k == "where" and v is True))
        }
        whole = axis is None or len(np.shape(self.values[args[0].number])) == 1
        if not whole:
            kept = {"axis": axis[0] if type(axis) is tuple and len(axis) == 1 else axis, **kept}
        return f"{self.within(args[0], ATOM)}.{name}({self._arguments((), kept)})"

    def _arguments(self, args: Any, kwargs: Any) -> str:
        given = [self.value(a)[0] for a in args] + [f"{k}={self.value(v)[0]}" for k, v in kwargs.items()]
        return ", ".join(given)

    def key(self, key: Any) -> str:
        """What stands in brackets."""
        if type(key) is tuple and key:
            return ", ".join(map(self.key, key)) + ("," if len(key) == 1 else "")
        if type(key) is slice:
            ends = ("" if end is None else self.value(end)[0] for end in (key.start, key.stop))
            return ":".join(ends) + ("" if key.step is None else f":{self.value(key.step)[0]}")
        return "..." if key is Ellipsis else self.value(key)[0]

    def value(self, value: Any) -> Text:
        """An argument."""
        if type(value) is Ref:
            return self.of(value)
        if type(value) is float and not np.isfinite(value):
            return ("-np.inf", SIGN) if value == -np.inf else (f"np.{value}", ATOM)
        if value is None or type(value) in (bool, int, str, float):
            return (repr(value), SIGN) if type(value) in (int, float) and value < 0 else (repr(value), ATOM)
        if type(value) in (tuple, list):
            inner = ", ".join(self.value(v)[0] for v in value)
            inner += "," if type(value) is tuple and len(value) == 1 else ""
            return (f"({inner})" if type(value) is tuple else f"[{inner}]"), ATOM
        if type(value) is slice:
            ends = (self.value(v)[0] for v in (value.start, value.stop, value.step))
            return f"slice({', '.join(ends)})", ATOM
        if value is Ellipsis:
            return "...", ATOM
        if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
            return f"np.{np.dtype(value).name}" + ("_" if np.dtype(value) == bool else ""), ATOM
        if isinstance(value, np.ndarray):
            return self.of_array(value)
        if isinstance(value, np.generic):
            kind = f"np.{value.dtype.name}{'_' if value.dtype == bool else ''}"
            return f"{kind}({self.value(value.item())[0]})", ATOM
        return self.extra(value, "constant"), ATOM


def literal(array: Any) -> Text | None:
    """A short array as it would be written; None for others."""
    if array.ndim == 1 and array.size and array.dtype.kind == "i" and (array == np.arange(array.size)).all():
        dtype = "" if array.dtype == np.arange(1).dtype else f", dtype=np.{array.dtype.name}"
        return f"np.arange({array.size}{dtype})", ATOM
    if array.size <= 4 and np.isfinite(array).all() and array.dtype.kind in "fiub":
        if array.ndim == 0:
            return f"np.{array.dtype.name}{'_' if array.dtype == bool else ''}({array.item()!r})", ATOM
        return (
            f"np.array({array.tolist()!r}, np.{array.dtype.name}{'_' if array.dtype == bool else ''})",
            ATOM,
        )
    return None


def weak(call: Call, values: list[Any], value: Any) -> bool:
    """Whether a number among the arguments of a ufunc may be written as Python's: another has its dtype."""
    if not isinstance(call.function, np.ufunc) or value.dtype.kind != "f" or call.kwargs.keys() - {"out"}:
        return False
    given = (values[a.number] if type(a) is Ref else a for a in call.args[: call.function.nin])
    return any(isinstance(a, np.ndarray) and a.ndim and a.dtype == value.dtype for a in given)
