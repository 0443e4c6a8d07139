"""Numbers in C: the formulas of an optimizer's step, which Python computes with floats."""

import ast

from ..errors import TraceError

OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def in_c(formula: str, powers: dict[str, str]) -> str:
    """A formula of ``t`` and ``lr`` in the syntax of Python, as C computes it with doubles, to the same bits.

    Powers are named, and noted under their own text, to be computed once and before.

    Raises
    ------
    TraceError
        If it has another operation than arithmetic, powers, roots, and a comparison of t with 1.
    """
    return _expression(ast.parse(formula, mode="eval").body, powers)


def _expression(node: ast.expr, powers: dict[str, str]) -> str:
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
