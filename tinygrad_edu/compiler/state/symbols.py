"""Numbers of an optimizer's step as formulas: what `coefficients` computes, in words instead of in floats."""

import operator
import types
from typing import Any

from ...errors import TraceError

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)  # how strongly the outermost operator binds


class Symbol:
    """A formula; arithmetic with it gives longer ones.

    Only t can be compared, which is 1 or large; whoever asks others for their truth is told that they have
    none.
    """

    def __init__(self, text: str, binds: int = ATOM, number: int | None = None) -> None:
        self.text, self.binds, self.number = text, binds, number

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

    def _compared(self, compare: Any, other: Any) -> bool:
        if self.number is None or isinstance(other, Symbol):
            raise TypeError("a formula has no value")
        return bool(compare(self.number, other))

    def __eq__(self, other: object) -> bool:
        return self._compared(operator.eq, other)

    def __lt__(self, other: Any) -> bool:
        return self._compared(operator.lt, other)

    def __gt__(self, other: Any) -> bool:
        return self._compared(operator.gt, other)

    def __le__(self, other: Any) -> bool:
        return self._compared(operator.le, other)

    def __ge__(self, other: Any) -> bool:
        return self._compared(operator.ge, other)

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


def formulas(optimizer: Any, group: Any, rate: str) -> list[tuple[str, int]]:
    """The numbers of a step as formulas of the rate and ``t``, each with how strongly it binds.

    Raises
    ------
    TraceError
        If they are no formulas: which they are depends on t.
    """
    settings = {k: symbolic(v) for k, v in group.settings().items()} | {"lr": Symbol(rate)}
    function = type(optimizer).coefficients
    known = {**function.__globals__, "math": Mathematics}
    again = types.FunctionType(function.__code__, known, closure=function.__closure__)
    made = types.SimpleNamespace(**settings)
    try:
        first, later = (map(as_symbol, again(optimizer, made, Symbol("t", number=n))) for n in (1, 10**9))
        both = list(zip(first, later, strict=True))
    except (TypeError, AttributeError) as error:
        raise TraceError(
            f"{type(optimizer).__name__} has no lesson: the numbers of its step are no formulas of t and lr."
        ) from error
    return [
        (b.text, b.binds + 1) if a.text == b.text else (f"({a.text} if t == 1 else {b.text})", ATOM + 1)
        for a, b in both
    ]


def symbolic(value: Any) -> Any:
    """A setting as a formula, which keeps its digits; what is no number stays."""
    if type(value) is tuple:
        return tuple(map(symbolic, value))
    return Symbol(repr(value)) if type(value) is float and value > 0 else value
