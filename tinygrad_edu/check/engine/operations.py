"""The operations that programs for a stranger's engine are made of: how each is written, called and computed.

`value` computes on complex arrays, since the derivatives that an engine is compared with are taken by the
complex step; relu looks at the real part.  An operation with a constant on its left is another method of
Python's, and goes by another name (`key`).
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

Value = Callable[..., Any]

FAR_FROM_A_KINK = 1 / 16
LARGEST = 1e3


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes
    ----------
    name : str
    text : str
        As Python writes it, with places for arguments and settings.
    call : callable
        On values of the engine.
    value : callable
        On complex arrays.
    admits : callable
        Whether real arrays are arguments at which it is smooth and of sensible size.
    arity : int
    kind : {"operator", "power", "function", "array"}
        A power has a constant exponent, a function is a method by default, and what is of arrays changes
        shapes.
    settings : dict
        Keyword arguments of `call`, `value` and `text`.
    """

    name: str
    text: str
    call: Value
    value: Value
    arity: int = 2
    kind: str = "operator"
    admits: Callable[..., Any] = lambda *args: True
    settings: dict[str, Any] = field(default_factory=dict)


def power(x: Any, n: Any) -> Any:
    """x to a constant power; whole powers by products, since a logarithm would lose the step of a negative
    x.
    """
    n = float(np.real(n))
    if not n.is_integer():
        return np.exp(n * np.log(x))
    product = reduce(operator.mul, [x] * int(abs(n)), np.ones_like(x))
    return product if n >= 0 else 1 / product


def _away(x: Any) -> Any:
    return np.min(np.absolute(x)) >= FAR_FROM_A_KINK


def _method(name: str) -> Value:
    return lambda x, **settings: getattr(x, name)(**settings)


def _products_fit(x: Any, y: Any) -> bool:
    return np.ndim(x) == 2 == np.ndim(y) and np.shape(x)[1] == np.shape(y)[0]


def _stepped(s: Any, x: Any) -> Any:
    s += x
    return s


def _functions(*rows: tuple[str, Value, Callable[..., Any]]) -> list[Operation]:
    return [Operation(name, f"{{0}}.{name}()", _method(name), f, 1, "function", ok) for name, f, ok in rows]


# fmt: off
TABLE = [
    Operation("add",  "{0} + {1}",  operator.add,     operator.add),
    Operation("mul",  "{0} * {1}",  operator.mul,     operator.mul),
    Operation("neg",  "-{0}",       operator.neg,     operator.neg, 1),
    Operation("pow",  "{0} ** {1}", operator.pow,     power, kind="power",
              admits=lambda x, n: np.min(x) > 0.2 if not float(n).is_integer() else n > 0 or np.min(np.absolute(x)) > 0.2),
    Operation("sub",  "{0} - {1}",  operator.sub,     operator.sub),
    Operation("div",  "{0} / {1}",  operator.truediv, operator.truediv, admits=lambda x, y: np.min(np.absolute(y)) > 0.2),
    *_functions(("relu",    lambda x: np.where(x.real > 0, x, 0), _away),
                ("tanh",    np.tanh,                              lambda x: np.max(np.absolute(x)) < 4),
                ("exp",     np.exp,                               lambda x: np.max(x) < 4),
                ("log",     np.log,                               lambda x: np.min(x) > 0.2),
                ("sigmoid", lambda x: 1 / (1 + np.exp(-x)),       lambda x: np.max(np.absolute(x)) < 8),
                ("sin",     np.sin,                               lambda x: True),
                ("cos",     np.cos,                               lambda x: True),
                ("sqrt",    np.sqrt,                              lambda x: np.min(x) > 0.2)),
    Operation("iadd", "{0} += {1}", _stepped, operator.add),
    Operation("sum",  "{0}.sum()",  _method("sum"),  np.sum,  1, "array"),
    Operation("sum_axis", "{0}.sum(axis={axis})", _method("sum"), np.sum, 1, "array",
              lambda x: np.ndim(x) == 2, {"axis": 0}),
    Operation("sum_keep", "{0}.sum(axis={axis}, keepdims=True)", _method("sum"), np.sum, 1, "array",
              lambda x: np.ndim(x) == 2, {"axis": 1, "keepdims": True}),
    Operation("mean", "{0}.mean()", _method("mean"), np.mean, 1, "array"),
    Operation("transpose", "{0}.T", lambda x: x.T,   np.transpose, 1, "array", lambda x: np.ndim(x) == 2),
    Operation("reshape", "{0}.reshape({shape})", lambda x, shape: x.reshape(shape), lambda x, shape: np.reshape(x, shape),
              1, "array", lambda x: np.ndim(x) == 2, {"shape": (-1,)}),
    Operation("matmul", "{0} @ {1}", operator.matmul, operator.matmul, 2, "array", _products_fit),
]
# fmt: on
OPERATIONS = {operation.name: operation for operation in TABLE}

SPECIAL = {"add": "__add__", "mul": "__mul__", "neg": "__neg__", "sub": "__sub__", "div": "__truediv__"}
SPECIAL |= {"pow": "__pow__", "iadd": "__iadd__", "matmul": "__matmul__"}
SPECIAL |= {"radd": "__radd__", "rmul": "__rmul__", "rsub": "__rsub__", "rdiv": "__rtruediv__"}


def method_of(key: str) -> str:
    """The method of Python's, or of the engine's, that an operation calls."""
    return SPECIAL.get(key, {"sum_axis": "sum", "sum_keep": "sum", "transpose": "T"}.get(key, key))
