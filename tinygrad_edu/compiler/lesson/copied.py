"""Copied functions: the text of functions of this package, and of all that they need but NumPy."""

import ast
import inspect
import sys
import textwrap
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import TraceError
from ..state.code import globals_in, names_in
from ..trace import plain
from ..trace.whose_code import OURS

LATER = 10**9  # steps


class Copied:
    """The text of functions, and of those that they call in turn.

    Parameters
    ----------
    free : callable
        Given the name that something has, it returns one that nothing else has in the text.

    Attributes
    ----------
    imports : dict of str to None
        Lines.
    definitions : dict of str to str
        The text of each function or class by its name, those that are needed first.
    names : dict to str
        What each function, class and constant is called: as it is written, unless another one has that name.
    """

    def __init__(self, free: Callable[[str], str]) -> None:
        self.free = free
        self.imports: dict[str, None] = {}
        self.definitions: dict[str, str] = {}
        self.names: dict[Any, str] = {}

    @property
    def text(self) -> str:
        """All of them; the imports are to stand before."""
        # A page is short.
        gap = {name: "\n\n" if name in vars(plain) else "\n\n\n" for name in self.definitions}
        return "".join(f"{definition}{gap[name]}" for name, definition in self.definitions.items())

    def function(self, function: Any) -> str:
        """Add a function, without what decorates it, or a class; returns its name."""
        function = inspect.unwrap(function)
        if (known := self.names.get(function)) is not None:
            return known
        name = self.names[function] = self.free(function.__name__)
        self.definitions[name] = ""  # it may call itself
        is_for_readers = function.__module__ == plain.__name__
        text = self._as_written(function) if is_for_readers else self._cleaned(function, name)
        del self.definitions[name]  # those that it needs have come before
        self.definitions[name] = text
        return name

    def methods(self, value: Any, name: str) -> str:
        """Add a class with a method of an object's and with those that it calls; returns its name."""
        kind, known, left = type(value), dict[str, str](), [name]
        while left:
            if (method := left.pop()) in known:
                continue
            function = getattr(kind, method, None)
            if isinstance(function, types.FunctionType):
                known[method] = textwrap.indent(self._cleaned(function), "    ")
                left += [n for n in names_in(function.__code__) if hasattr(value, n)]
            elif isinstance(there := getattr(value, method), dict):  # what it has computed before
                known[method] = f"    {method} = {{}}"
            elif isinstance(there, (bool, int, float, tuple)):
                known[method] = f"    {method} = {there!r}"
            else:
                raise TraceError(f"{kind.__name__}.{method} cannot be written without the framework.")
        self.definitions[kind.__name__] = "\n\n".join([f"class {kind.__name__}:", *known.values()])
        return kind.__name__

    def numbers(self, optimizer: Any, group: Any, count: int, rate: str, name: str) -> list[str]:
        """Lines that compute the numbers of the t-th step of an optimizer, where they are no formulas."""
        if optimizer.phase(group, count + 1) != optimizer.phase(group, LATER):
            raise TraceError(
                f"The first steps of {type(optimizer).__name__} are others than the later ones: ask for this "
                "after some more of them."
            )
        read = set(names_in(type(optimizer).coefficients.__code__)) - {"lr"}
        settings = [f"lr={rate}", *(f"{k}={v!r}" for k, v in group.settings().items() if k in read)]
        self.imports["from types import SimpleNamespace"] = None
        maker = self.methods(optimizer, "coefficients")
        return [
            f"group = SimpleNamespace({', '.join(settings)})",
            f"{name} = {maker}().coefficients(group, t)",
        ]

    def _cleaned(self, function: Any, name: str = "") -> str:
        """The text of a function or class, by a name if that is another, without what it does not need to
        run; its globals are added.
        """
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        except OSError as error:
            raise TraceError(f"The source of {function.__name__} is not to be found.") from error
        parts = vars(function).values() if isinstance(function, type) else [function]
        renamed = {
            found: known for part in parts if isinstance(part, types.FunctionType)
            for found in globals_in(part.__code__)
            if found in part.__globals__ and (known := self._global(found, part.__globals__[found]))
        }  # fmt: skip
        definition: Any = tree.body[0]
        definition.name = name or definition.name
        return ast.unparse(ast.fix_missing_locations(_Cleaning(renamed).visit(tree)))

    def _as_written(self, function: types.FunctionType) -> str:
        """The text of a function for readers, which needs nothing but NumPy and others of them."""
        for name in globals_in(function.__code__):
            self._global(name, function.__globals__.get(name))
        text = inspect.getsource(function).replace(": Any = ", "=").replace(": Any", "")
        return text.replace(" -> Any", "").rstrip()

    def _global(self, name: str, value: Any) -> str:
        """What a global is called in the text."""
        if isinstance(value, types.ModuleType):
            real = value.__name__
            self.imports[f"import {real}" if real == name else f"import {real} as {name}"] = None
            return name
        if isinstance(value, type) and issubclass(value, Exception):
            return next(c.__name__ for c in value.__mro__ if c.__module__ == "builtins")
        if isinstance(value, (types.FunctionType, type)) and value.__module__.startswith(f"{OURS}."):
            return self.function(value)
        if getattr(value, "__module__", "") in sys.stdlib_module_names:
            self.imports[f"from {value.__module__} import {value.__name__}"] = None
            return str(value.__name__)
        numpys = getattr(value, "__name__", None)  # what was imported by name, as in `from numpy import add`
        if numpys is not None and getattr(np, numpys, None) is value:
            self.imports["import numpy as np"] = None
            return f"np.{numpys}"
        if isinstance(value, (bool, int, float)):
            if (name, value) not in self.names:
                known = self.names[name, value] = self.free(name)
                self.definitions[known] = f"{known} = {value!r}"
            return self.names[name, value]
        return name


class _Cleaning(ast.NodeTransformer):
    """Leaves out annotations, decorators, docstrings, and that memory is marked as written to."""

    def __init__(self, renamed: dict[str, str]) -> None:
        self.renamed = renamed

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.decorator_list, node.returns = [], None
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        if node.value is None:
            return None
        return self.generic_visit(ast.Assign([node.target], node.value))

    def visit_arg(self, node: ast.arg) -> Any:
        node.annotation = None
        return node

    def visit_Expr(self, node: ast.Expr) -> Any:
        return None if ast.unparse(node).startswith("WRITES.") else self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> Any:
        return ast.Name(self.renamed.get(node.id, node.id), node.ctx)
