"""Numbers in C: the formulas of an optimizer's step, which Python computes with floats."""

import ast
from collections.abc import Callable
from typing import Any

from ...errors import TraceError
from ..loops.memories import C_TYPES
from ..program import Live
from ..state.counting import is_ours, moving_numbers
from ..state.symbols import formulas
from .powers import vanishing

Powers = dict[str | float, str]  # names, by what they stand for: the t-th power of a number, or a text in C
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class Counting:
    """The numbers of optimizers that another step, or another rate, changes.

    Parameters
    ----------
    lives : list of Live
        The counting of each optimizer.

    Attributes
    ----------
    scalars : list of array
        The numbers, where they lie.
    formulas : list of (int, str)
        For each the optimizer, and its formula, which is empty if the rates alone decide it; none at all if
        any other has no formula.
    bases : list of list of float
        For each optimizer the numbers whose t-th powers its function in C is given.
    """

    def __init__(self, lives: list[Live]) -> None:
        self.count, self.scalars, self.formulas = len(lives), [], []  # type: tuple[int, list[Any], list[Any]]
        known = True
        for k, live in enumerate(lives):
            pack, optimizer, _ = live.of
            moving = moving_numbers(optimizer.coefficients, pack.group, pack.counts[0] + 1)
            is_known = is_whole(live) and pack.dtype.str[1:] in C_TYPES  # NumPy's half precision is not
            texts = texts_of(optimizer, pack.group) if is_known else None
            known &= texts is not None
            self.scalars += [pack.numbers.scalars[i] for i in moving]
            self.formulas += [(k, texts[i]) for i in moving] if texts is not None else []
            if pack.group.weight_decay or pack.group.l1:
                self.scalars += pack.decays.scalars
                self.formulas += [(k, "")] * len(pack.decays.scalars)
        if not known:
            self.formulas = []
        self.bases: list[list[float]] = []

    @property
    def alone(self) -> bool:
        """Whether C computes all of them by itself."""
        return bool(self.formulas) and all(formula for _, formula in self.formulas)

    def functions(self, slot: Callable[[Any], int]) -> list[str]:
        """For each optimizer a function in C that computes its numbers of a step, given powers, and others
        only once.
        """
        found = []
        for k in range(self.count if self.formulas else 0):
            powers: Powers = {}
            own = [(i, formula) for i, (live, formula) in enumerate(self.formulas) if live == k and formula]
            sets = [f"{self.scalar(i, slot)} = {in_c(formula, powers)};" for i, formula in own]
            names = [f"const double {name} = {p};" for p, name in powers.items() if isinstance(p, str)]
            self.bases.append([base for base in powers if isinstance(base, float)])
            given = "".join(f", double {powers[base]}" for base in self.bases[k])
            body = "".join(f"    {line}\n" for line in (*names, *sets))
            found.append(f"static void count_{k}(void **p, double t, double lr{given}) {{\n{body}}}\n")
        return found

    def of_one(self, k: int, t: str, lr: str) -> str:
        """The line of C that computes an optimizer's numbers of one step."""
        given = [f"{t} < {vanishing(b)} ? power({b.hex()}, {t}) : 0" for b in self.bases[k]]
        return f"count_{k}({', '.join(['p', t, lr, *given])});"

    def of_many(self, k: int, made: str) -> tuple[list[str], str]:
        """Lines before many steps, so many of which were made before, and the line of the s-th of them."""
        begin, given, t = [], [], f"{made} + s + 1"
        for i, b in enumerate(self.bases[k]):
            begin.append(f"two power{k}_{i} = powers_until({b.hex()}, {made});")
            given.append(f"{t} < {vanishing(b)} ? next_power(&power{k}_{i}, {b.hex()}) : 0")
        return begin, f"count_{k}({', '.join(['p', t, f'rates[{k}]', *given])});"

    def scalar(self, number: int, slot: Callable[[Any], int]) -> str:
        """One of the numbers in C."""
        kind = C_TYPES[self.scalars[number].dtype.str[1:]]
        return f"*({kind} *)p[{slot(('scalar', number))}]"


def is_whole(live: Live) -> bool:
    """Whether it counts a step of all parameters of its pack."""
    return live.of[2] is None or len(live.of[0].counts) == 1


def texts_of(optimizer: Any, group: Any) -> list[str] | None:
    """The formulas of an optimizer's numbers; None if they are none that C has."""
    if not is_ours(optimizer):  # it may look at something else, too
        return None
    try:
        texts = [text for text, _ in formulas(optimizer, group, "lr")]
        for text in texts:
            in_c(text, {})
    except TraceError:
        return None
    return texts


def in_c(formula: str, powers: Powers) -> str:
    """A formula of ``t`` and ``lr`` in the syntax of Python, as C computes it with doubles.

    Powers are named, and noted, to be computed once and before: the t-th of numbers that soon vanish beside 1
    under these numbers, others under their own text.

    Raises
    ------
    TraceError
        If it has another operation than arithmetic, powers, roots, and a comparison of t with 1.
    """
    return _expression(ast.parse(formula, mode="eval").body, powers)


def _expression(node: ast.expr, powers: Powers) -> str:
    def inner(part: ast.expr) -> str:
        return _expression(part, powers)

    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as value):
            return float(value).hex()
        case ast.Name(id="t" | "lr" as name):
            return name
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"(-{inner(operand)})"
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=ast.BinOp(
            left=ast.Constant(value=float() as base), op=ast.Pow(), right=ast.Name(id="t")
        )) if 0 < base < 1:  # fmt: skip
            return f"({(1.0).hex()} - {powers.setdefault(base, f'q{len(powers)}')})"
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return powers.setdefault(f"power({inner(left)}, {inner(right)})", f"q{len(powers)}")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return f"({inner(left)} {OPERATORS[type(op)]} {inner(right)})"
        case ast.Call(func=ast.Attribute(value=ast.Name(id="math"), attr="sqrt"), args=[x], keywords=[]):
            return f"__builtin_sqrt({inner(x)})"
        case ast.IfExp(test=ast.Compare(left=x, ops=[ast.Eq()], comparators=[y]), body=first, orelse=later):
            test = f"{inner(x)} == {inner(y)}"
            return f"({test} ? {inner(first)} : {inner(later)})"
    raise TraceError(f"{ast.unparse(node)} has no form in C.")
