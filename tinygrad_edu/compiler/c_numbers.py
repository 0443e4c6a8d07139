"""Numbers in C: the formulas of an optimizer's step, which Python computes with floats."""

import ast

from ..errors import TraceError

OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def in_c(formula: str) -> str:
    """A formula of ``t`` and ``lr`` in the syntax of Python, as C computes it with doubles, to the same bits.

    Raises
    ------
    TraceError
        If it has another operation than arithmetic, powers, roots, and a comparison of t with 1.
    """
    return _expression(ast.parse(formula, mode="eval").body)


def _expression(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as value):
            return float(value).hex()
        case ast.Name(id="t" | "lr" as name):
            return name
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"(-{_expression(operand)})"
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"power({_expression(left)}, {_expression(right)})"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return f"({_expression(left)} {OPERATORS[type(op)]} {_expression(right)})"
        case ast.Call(func=ast.Attribute(value=ast.Name(id="math"), attr="sqrt"), args=[x], keywords=[]):
            return f"__builtin_sqrt({_expression(x)})"
        case ast.IfExp(test=ast.Compare(left=x, ops=[ast.Eq()], comparators=[y]), body=first, orelse=later):
            test = f"{_expression(x)} == {_expression(y)}"
            return f"({test} ? {_expression(first)} : {_expression(later)})"
    raise TraceError(f"{ast.unparse(node)} has no form in C.")
