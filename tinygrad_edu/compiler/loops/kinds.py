"""Loops: a program's calls as loops over memory, each of a few kinds, which a printer writes as C.

What has no loop form stays a line of NumPy, between which the loops are cut.
"""

import operator
from typing import Any, NamedTuple

import numpy as np

from .memories import Literal, Operand

Given = Operand | Literal


class Each(NamedTuple):
    """out[i] = op(args[i]) for every element i of out: computed in numbers of type ``loop``.

    What it gives has the type ``gives``, which becomes that of out.
    """

    op: str
    out: Operand
    args: tuple[Given, ...]
    loop: Any
    gives: Any


class Inner(NamedTuple):
    """The same by an inner loop of NumPy's."""

    ufunc: np.ufunc
    types: str
    out: Operand
    args: tuple[Operand, ...]


class Fold(NamedTuple):
    """out = source folded by ``op`` along its axes, of which ``kept`` says which out still has, in order.

    The layout of an out that was ``given`` counts for the order in which NumPy goes through the elements.
    """

    op: str
    out: Operand
    source: Operand
    kept: tuple[int, ...]
    given: bool = False


class Product(NamedTuple):
    """out = a @ b, of matrices."""

    out: Operand
    a: Operand
    b: Operand


class Select(NamedTuple):
    """The elements of source where mask holds, one after another: as many as out takes, or the step fails.

    There is room behind out for another row of source.
    """

    out: Operand
    source: Operand
    mask: Operand


class Gather(NamedTuple):
    """out[i] = source[indices[0][i], indices[1][i], …], rows or numbers; beyond the ends the step fails."""

    out: Operand
    source: Operand
    indices: tuple[Operand, ...]


class Scatter(NamedTuple):
    """out[indices[0][i], indices[1][i], …] = source[i], or += if it ``adds``."""

    out: Operand
    source: Operand
    indices: tuple[Operand, ...]
    adds: bool


class Draw(NamedTuple):
    """out = numbers of a generator, by a function of NumPy's that fills an array, or gives one."""

    out: Operand
    generator: Any
    function: str
    numbers: tuple[float, ...] = ()


class Test(NamedTuple):
    """The step cannot be made if an array of one element is not as expected."""

    of: Operand
    truth: bool


Statement = Each | Inner | Fold | Product | Select | Gather | Scatter | Draw | Test

# fmt: off
# What C computes as NumPy does, to the bit.
ANY = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "negative": "-{0}",
    "positive": "{0}", "square": "{0} * {0}", "copy": "{0}", "conjugate": "{0}",
    "maximum": "MAX({0}, {1})", "minimum": "MIN({0}, {1})",
    "equal": "{0} == {1}", "not_equal": "{0} != {1}", "less": "{0} < {1}", "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}", "greater_equal": "{0} >= {1}",
    "logical_and": "{0} && {1}", "logical_or": "{0} || {1}", "logical_not": "!{0}",
    "where": "{0} ? {1} : {2}", "at_least": "{0} < {1} || {1} != {1} ? {1} : {0}",
    "at_most": "{0} > {1} || {1} != {1} ? {1} : {0}",
}
FLOAT = {
    "divide": "{0} / {1}", "sqrt": "SQRT({0})", "absolute": "ABS({0})", "fabs": "ABS({0})",
    "reciprocal": "1 / {0}", "isnan": "{0} != {0}", "isfinite": "{0} - {0} == 0",
    "sign": "{0} > 0 ? 1 : {0} < 0 ? -1 : {0} + 0", "floor": "FLOOR({0})", "ceil": "CEIL({0})",
    "trunc": "TRUNC({0})",
}
INT = {"bitwise_and": "{0} & {1}", "bitwise_or": "{0} | {1}", "bitwise_xor": "{0} ^ {1}"}
BOOL = {
    "logical_and": "{0} & {1}", "logical_or": "{0} | {1}", "logical_not": "!{0}", "invert": "!{0}",
    "bitwise_and": "{0} & {1}", "bitwise_or": "{0} | {1}", "bitwise_xor": "{0} ^ {1}", "copy": "{0}",
    "equal": "{0} == {1}", "not_equal": "{0} != {1}", "add": "{0} | {1}", "multiply": "{0} & {1}",
    "maximum": "{0} | {1}", "minimum": "{0} & {1}", "where": "{0} ? {1} : {2}",
}
TEMPLATES = {
    "f": ANY | FLOAT, "i": ANY | INT, "u": ANY | INT, "b": BOOL,
}
FOLDS = {"add": "{0} + {1}", "multiply": "{0} * {1}", "maximum": "MAX({0}, {1})", "minimum": "MIN({0}, {1})",
         "logical_and": "{0} & {1}", "logical_or": "{0} | {1}"}
COMPARISONS = {  # of numbers of Python's
    operator.lt: np.less, operator.le: np.less_equal, operator.eq: np.equal,
    operator.gt: np.greater, operator.ge: np.greater_equal, operator.ne: np.not_equal,
}
# fmt: on


def reads(statement: Statement) -> list[Operand]:
    """What a statement looks at."""
    match statement:
        case Each() | Inner():
            return [a for a in statement.args if isinstance(a, Operand)]
        case Fold():
            return [statement.source]
        case Product():
            return [statement.a, statement.b]
        case Gather() | Scatter():
            return [statement.source, *statement.indices]
        case Select():
            return [statement.source, statement.mask]
        case Draw():
            return []
    return [statement.of]


def writes(statement: Statement) -> list[Operand]:
    """What a statement writes to."""
    return [] if isinstance(statement, Test) else [statement.out]
