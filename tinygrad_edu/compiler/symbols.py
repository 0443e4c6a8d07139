"""Numbers of an optimizer's step as formulas: what `coefficients` computes, in words instead of in floats."""

import types
from typing import Any

from ..errors import TraceError

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)  # how strongly the outermost operator binds


class Symbol:
    """A formula; arithmetic with it gives longer ones, and whoever compares it is told that it has no value."""

    def __init__(self, text: str, binds: int = ATOM) -> None:
        self.text, self.binds = text, binds

    def within(self, binds: int) -> str:
        """The formula as an operand of what binds so strongly."""
        return self.text if self.binds >= binds else f"({self.text})"

    def __add__(self, other: Any) -> "Symbol":
        return Symbol(f"{self.within(SUM)} + {as_symbol(other).within(PRODUCT)}", SUM)

    def __radd__(self, other: Any) -> "Symbol":
        return as_symbol(other) + self

    def __sub__(self, other: Any) -> "Symbol":
        return Symbol(f"{self.within(SUM)} - {as_symbol(other).within(PRODUCT)}", SUM)

    def __rsub__(self, other: Any) -> "Symbol":
        return as_symbol(other) - self

    def __mul__(self, other: Any) -> "Symbol":
        return Symbol(f"{self.within(PRODUCT)} * {as_symbol(other).within(SIGN)}", PRODUCT)

    def __rmul__(self, other: Any) -> "Symbol":
        return as_symbol(other) * self

    def __truediv__(self, other: Any) -> "Symbol":
        return Symbol(f"{self.within(PRODUCT)} / {as_symbol(other).within(SIGN)}", PRODUCT)

    def __rtruediv__(self, other: Any) -> "Symbol":
        return as_symbol(other) / self

    def __pow__(self, other: Any) -> "Symbol":
        return Symbol(f"{self.within(ATOM)}**{as_symbol(other).within(POWER)}", POWER)

    def __rpow__(self, other: Any) -> "Symbol":
        return as_symbol(other) ** self

    def __bool__(self) -> bool:
        raise TypeError("a formula has no truth")

    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


def as_symbol(value: Any) -> Symbol:
    """A number as a formula."""
    if isinstance(value, Symbol):
        return value
    return Symbol(repr(value), ATOM if value >= 0 else SIGN)


class Mathematics:
    """`math`, of formulas."""

    @staticmethod
    def sqrt(value: Any) -> Symbol:
        return Symbol(f"math.sqrt({as_symbol(value).text})")


def formulas(optimizer: Any, group: Any) -> list[tuple[str, int]]:
    """The numbers of a step as formulas of ``lr`` and ``t``, each with how strongly it binds.

    Raises
    ------
    TraceError
        If they are no formulas: which they are depends on t.
    """
    settings = {k: symbolic(v) for k, v in group.settings().items()} | {"lr": Symbol("lr")}
    function = type(optimizer).coefficients
    known = {**function.__globals__, "math": Mathematics}
    again = types.FunctionType(function.__code__, known, closure=function.__closure__)
    try:
        found = again(optimizer, types.SimpleNamespace(**settings), Symbol("t"))
    except (TypeError, AttributeError) as error:
        raise TraceError(
            f"{type(optimizer).__name__} has no lesson: the numbers of its step are no formulas of t and lr."
        ) from error
    return [(formula.text, formula.binds + 1) for formula in map(as_symbol, found)]


def symbolic(value: Any) -> Any:
    """A setting as a formula, which keeps its digits; what is no number stays."""
    if type(value) is tuple:
        return tuple(map(symbolic, value))
    return Symbol(repr(value)) if type(value) is float and value > 0 else value
