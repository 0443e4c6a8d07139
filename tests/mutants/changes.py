"""The changes that can be made to the expressions of a file: signs, orders, constants, conditions, terms."""

import ast
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

SIGNS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
ORDERS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
FILING = {"elementwise", "derivative", "composite", "constant", "primitive", "fused"}  # they run at import
EITHER_ORDER = {
    "add", "multiply", "maximum", "minimum", "fmax", "fmin", "hypot", "logaddexp", "max", "min", "equal",
    "not_equal", "broadcast_shapes", "result_type",
}  # fmt: skip
LOAD = ast.Load()
PARTS = {"T", "mT", "real", "imag"}  # attributes without which an array still is one


class Site(NamedTuple):
    """An expression, and where it hangs: a field of the node above it, or an element of that field."""

    node: ast.expr
    above: Any
    field: str
    index: int | None
    body: bool  # whether it is the whole result of a function

    def put(self, node: ast.expr) -> None:
        """Hang another expression in its place."""
        if self.index is None:
            setattr(self.above, self.field, node)
        else:
            getattr(self.above, self.field)[self.index] = node


class Mutant(NamedTuple):
    """One change: what it is called, the lines before and after it, and the expression that is put in."""

    file: str
    line: int
    operator: str
    before: str
    after: str
    site: int
    new: ast.expr

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.operator}\n- {self.before}\n+ {self.after}"


# ---- places ------------------------------------------------------------------------------------------------


def sites(tree: ast.Module) -> list[Site]:
    """The expressions that run when functions are called; not messages, nor what runs once, at import."""
    return list(_sites(tree, False))


def _sites(node: ast.AST, inside: bool) -> Iterator[Site]:
    function = isinstance(node, (ast.FunctionDef, ast.Lambda))
    for field, value in ast.iter_fields(node):
        within = (inside or function) and field != "annotation"
        if function:
            within = field == "body"
        result = (isinstance(node, ast.Lambda) and field == "body") or isinstance(node, ast.Return)
        for index, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(child, ast.AST) or _is_text(child):
                continue
            if within and isinstance(child, ast.expr):
                yield Site(child, node, field, index, result)
            yield from _sites(child, within)


def _is_text(node: ast.AST) -> bool:
    """Messages and docstrings."""
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, (ast.Raise, ast.Assert, ast.JoinedStr))


# ---- changes -----------------------------------------------------------------------------------------------


def changes(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """What an expression can be changed into, each with a name of the change."""
    node: Any = site.node
    if site.body and not (
        isinstance(node, (ast.Constant, ast.Tuple, ast.Lambda)) or "zeros" in ast.unparse(node)
    ):
        yield "zeros", ast.BinOp(node, ast.Mult(), ast.Constant(0))
    if site.field == "test":
        yield "condition", ast.UnaryOp(ast.Not(), node)
    match node:
        case ast.BinOp():
            yield from _of_two(node)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            yield "sign dropped", node.operand
        case ast.Compare(ops=[order]):
            for other in ORDERS[type(order)]:
                yield "comparison", ast.Compare(node.left, [other()], node.comparators)
        case ast.BoolOp():
            yield "and/or", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            yield from (("part dropped", v) for v in node.values)
        case ast.Call() if ast.unparse(node.func) not in FILING:
            yield from _of_call(node)
        case ast.Constant():
            yield from _of_constant(node, site)
        case ast.Attribute(attr=name, ctx=ast.Load()) if name in PARTS:
            yield "part", node.value
        case ast.Slice():
            yield from _of_slice(node)


def _of_two(node: ast.BinOp) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
        return  # a message
    if other := SIGNS.get(type(node.op)):
        yield "operator", ast.BinOp(node.left, other(), node.right)
    if isinstance(node.op, ast.MatMult):
        yield "order", ast.BinOp(node.right, node.op, node.left)
    yield "part dropped", node.left
    if not isinstance(node.op, (ast.Sub, ast.Div, ast.Pow)):
        yield "part dropped", node.right


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    args, keywords = node.args, node.keywords
    if args and not any(isinstance(a, ast.Starred) for a in args):
        if not isinstance(args[0], ast.GeneratorExp):
            yield "call dropped", args[0]
        if len(args) > 1 and ast.unparse(node.func).removeprefix("np.") not in EITHER_ORDER:
            yield "arguments swapped", ast.Call(node.func, [args[1], args[0], *args[2:]], keywords)
        if len(args) == 3 and ast.unparse(node.func) == "np.where":
            yield "branches swapped", ast.Call(node.func, [args[0], args[2], args[1]], keywords)
    elif isinstance(node.func, ast.Attribute) and not args and not keywords:
        yield "call dropped", node.func.value
    for k in keywords:
        if k.arg is not None:
            yield (
                "keyword dropped",
                ast.Call(node.func, args, [other for other in keywords if other is not k]),
            )


def _of_constant(node: ast.Constant, site: Site) -> Iterator[tuple[str, ast.expr]]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, (int, float, complex)):
        yield "constant", ast.Constant(value + 1)
        if value == 1:
            yield "constant", ast.Constant(0)
    elif isinstance(value, str) and isinstance(site.above, ast.Compare):
        yield "constant", ast.Constant(value + "?")


def _of_slice(node: ast.Slice) -> Iterator[tuple[str, ast.expr]]:
    if node.lower is not None:
        yield "bound dropped", ast.Slice(None, node.upper, node.step)
    if node.upper is not None:
        yield "bound dropped", ast.Slice(node.lower, None, node.step)


# ---- mutants -----------------------------------------------------------------------------------------------


def mutants(source: str, file: str) -> list[Mutant]:
    """All changes of one file, in the order of its text."""
    lines, found = source.split("\n"), []
    for number, site in enumerate(sites(ast.parse(source))):
        for operator, new in changes(site):
            before, after = _shown(lines, site.node, ast.unparse(new))
            if before != after:
                found.append(Mutant(file, site.node.lineno, operator, before, after, number, deepcopy(new)))
    return list({(m.site, m.after): m for m in found}.values())


def _shown(lines: list[str], node: ast.expr, new: str) -> tuple[str, str]:
    """The line or lines of an expression, as they are and with the change."""
    there = [line.encode() for line in lines[node.lineno - 1 : node.end_lineno]]
    first, last, before = there[0], there[-1], b" ".join(there)
    after = first[: node.col_offset] + new.encode() + last[node.end_col_offset :]
    return " ".join(before.decode().split()), " ".join(after.decode().split())


def changed(source: str, mutant: Mutant, harmless: bool = False) -> ast.Module:
    """The tree of a file with the change in it.

    With ``harmless``, the old expression stays beside the new one, where it never runs, so that a function
    closes over the same names as before.
    """
    tree = ast.parse(source)
    site = sites(tree)[mutant.site]
    new: ast.expr = deepcopy(mutant.new)
    if harmless:
        new = ast.IfExp(ast.Constant(True), new, site.node)
    site.put(ast.copy_location(new, site.node))
    return ast.fix_missing_locations(tree)


def noted(source: str, note: str) -> ast.Module:
    """The tree of a file in which every expression tells ``note(number, value)`` that it ran."""
    tree = ast.parse(source)
    found = sites(tree)
    for number, site in reversed(list(enumerate(found))):
        if isinstance(site.node, ast.Starred) or not isinstance(getattr(site.node, "ctx", LOAD), ast.Load):
            continue
        call = ast.Call(ast.Name(note, LOAD), [ast.Constant(number), site.node], [])
        site.put(ast.copy_location(call, site.node))
    return ast.fix_missing_locations(tree)


def around(source: str) -> list[int]:
    """For each expression the number of the one around it in the same function, -1 if it has none."""
    tree = ast.parse(source)
    found = sites(tree)
    numbers = {id(site.node): number for number, site in enumerate(found)}
    above = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    outer = []
    for site in found:
        node = above[id(site.node)]
        while id(node) not in numbers and not isinstance(node, (ast.stmt, ast.Lambda)):
            node = above[id(node)]
        outer.append(-1 if isinstance(node, (ast.stmt, ast.Lambda)) else numbers[id(node)])
    return outer
