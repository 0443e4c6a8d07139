"""The calls, by family: one line of Python each, over inputs that it names.

A line may have statements before its value, set apart by semicolons.  All inputs that it names are
differentiated, but for integers, truth values and functions.
"""

from . import algebra, arrays, edges, elementary
from .call import Call, inputs_of

FAMILIES: dict[str, str] = elementary.FAMILIES | arrays.FAMILIES | algebra.FAMILIES | edges.FAMILIES

CALLS: tuple[Call, ...] = tuple(
    Call(family, line.strip())
    for family, lines in FAMILIES.items()
    for line in lines.splitlines()
    if line.strip()
)

__all__ = ["CALLS", "FAMILIES", "Call", "inputs_of"]
