"""The order of the house: who may import whom, what importing brings along, how wide a line and how long a
file is.

A *room* is a module or a folder that lies directly in the package.  `HOUSE` names them all: each imports only
rooms of earlier rows, or of its own row to its left.  That holds for every import that Python text can make,
inside functions and for types too, since a reader follows those as well.
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "tinygrad_edu"
WIDTH = 110
LENGTH = 300
FUNCTION = 40  # lines, without a docstring
HOT = {f"{PACKAGE}.graph.record", f"{PACKAGE}.backward.run"}  # a call in them would slow every operation down

# fmt: off
HOUSE = [
    ("errors", "aliases", "hints", "settings", "markup"),                            # words that everyone uses
    ("modes", "random", "versions", "foreign", "frames", "arrays", "trees", "files", "coercion", "sparse", "memory", "half"),
    ("broadcast", "signature", "plan", "entry", "table"),                  # which function has which derivative
    ("ops", "reasons"),                                                    # the derivatives themselves
    ("refusals", "graph", "writing", "dispatch", "gradients", "backward"),              # a call is recorded, and taken back
    ("methods", "differentiable", "copying", "conversion", "in_place", "tensor", "functions"),       # class Tensor
    ("mends", "nonfinite", "debug", "interchange"),
    ("tree_call", "primitive", "handover", "filing", "storage"),                 # users' ops
    ("argnums", "evaluation", "forms", "holomorphic", "patience", "transforms", "jacobians", "recompute", "implicit", "flat", "optimize"),
    ("special", "stats", "io", "check", "nn", "optim"),
    ("compiler", "distributed"),                                           # a step as NumPy's calls; several processes
    ("coverage", "plot", "drawing", "data", "train", "sklearn", "onnx"),
    ("__init__", "__main__"),                                              # the door
]
WITHIN_COMPILER = [
    "asleep", "program", "memory", "trace", "state", "texts", "guards", "undoing", "passes", "loops", "source", "lesson", "c", "numba",
    "tracing", "saved", "backend", "specialization", "over", "turns", "ways", "report", "free", "compiled", "step", "command",
]
# fmt: on
PLACE = {room: place for place, room in enumerate(room for row in HOUSE for room in row)}
DRAWING = ("check.strategies", "check.domains", "check.engine")  # they draw arguments, by hypothesis
ON_SCIPY = (
    "ops.scipy_special",
    "special",
    "stats",
    "check.domains.scipy_special",
)  # loaded where SciPy is, on demand
ON_SKLEARN = ("sklearn",)  # likewise, where scikit-learn is


class Import(NamedTuple):
    """One import of a module, by its full name, and whether it takes place when the file is imported."""

    target: str
    line: int
    at_once: bool


@cache
def imports(text: str, package: str) -> list[Import]:
    """All imports in the text of a module that lies in ``package``; ``from a import b`` gives ``a.b``."""

    def walk(node: ast.AST, at_once: bool) -> Iterator[Import]:
        match node:
            case ast.Import():
                yield from (Import(alias.name, node.lineno, at_once) for alias in node.names)
            case ast.ImportFrom():
                above = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
                origin = ".".join([*above, *filter(None, [node.module])])
                yield from (Import(f"{origin}.{alias.name}", node.lineno, at_once) for alias in node.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                at_once = False
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                return  # such an import never takes place
            case ast.expr():
                return  # nor is there one in it
        for child in ast.iter_child_nodes(node):
            yield from walk(child, at_once)

    return list(walk(ast.parse(text), True))


def modules() -> dict[str, Path]:
    """The files of the package by the full names of their modules."""
    files = {".".join(f.relative_to(ROOT).with_suffix("").parts): f for f in (ROOT / PACKAGE).rglob("*.py")}
    return {name.removesuffix(".__init__"): file for name, file in sorted(files.items())}


MODULES = modules()


def within(text: str, name: str) -> Iterator[tuple[str, int]]:
    """The modules of this package that the text of the module called ``name`` imports, each with the line."""
    for target, line, _ in imports(text, package_of(name)):
        module = target if target in MODULES else target.rpartition(".")[0]  # or a name in a module
        if module.partition(".")[0] == PACKAGE and module != name:
            yield module, line


def package_of(name: str) -> str:
    return name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]


def room(module: str) -> str:
    _, *inside = module.split(".")
    return inside[0] if inside else "__init__"


def upward(text: str, name: str) -> list[str]:
    """Imports that go from a room to another that does not stand before it, in words."""
    here = room(name)
    return [
        f"{name}, line {line}: {here} imports {room(module)}"
        for module, line in within(text, name)
        if room(module) != here and PLACE[room(module)] > PLACE[here]
    ]


def too_wide(text: str) -> list[int]:
    """The lines of more than 110 columns outside tables, which stand between ``fmt: off`` and ``fmt: on``."""
    found, in_table = [], False
    for number, line in enumerate(text.splitlines(), 1):
        in_table = "# fmt: off" in line or (in_table and "# fmt: on" not in line)
        if not in_table and len(line) > WIDTH:
            found.append(number)
    return found


# ---- layers ------------------------------------------------------------------------------------------------


def test_every_room_has_a_place():
    rooms = {room(name) for name in MODULES}
    assert rooms == PLACE.keys(), "a new room gets its place in HOUSE"


def test_imports_go_down():
    found = [line for name, file in MODULES.items() for line in upward(file.read_text(), name)]
    assert found == []


def test_imports_go_down_among_the_rooms_of_the_compiler():
    start = f"{PACKAGE}.compiler."
    place = {room: place for place, room in enumerate(WITHIN_COMPILER)}
    found = []
    for name, file in MODULES.items():
        if name.startswith(start):
            here = place[name.removeprefix(start).split(".")[0]]
            used = [
                module.removeprefix(start)
                for module, _ in within(file.read_text(), name)
                if module.startswith(start)
            ]
            found += [f"{name} imports {module}" for module in used if place[module.split(".")[0]] > here]
    assert found == []


def test_the_rooms_of_the_compiler_name_their_modules():
    rooms = {file.parent: ast.get_docstring(ast.parse(file.read_text())) for file in MODULES.values()
             if file.name == "__init__.py" and file.is_relative_to(ROOT / PACKAGE / "compiler")}  # fmt: skip
    files = [file for file in MODULES.values() if file.parent in rooms and file.name != "__init__.py"]
    assert [f for f in files if not re.search(rf"`{f.stem}`", rooms[f.parent])] == []


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: {module for module, _ in within(file.read_text(), name)} for name, file in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tinygrad_edu.plot.region", "def draw():\n    from ..train.predict import predict"),
        ("tinygrad_edu.graph", "from . import nn, modes"),
        ("tinygrad_edu.errors", "import tinygrad_edu.io.npz"),
        ("tinygrad_edu.ops.shape", "from .. import Tensor"),
    ],
)
def test_an_import_that_goes_up_is_found(name, text):
    assert len(upward(text, name)) == 1


# ---- what importing brings along ---------------------------------------------------------------------------


def test_importing_needs_numpy_alone():
    found = []
    for name, file in MODULES.items():
        inside = name.removeprefix(f"{PACKAGE}.")
        extra = ["hypothesis"] * inside.startswith(DRAWING) + ["scipy"] * inside.startswith(ON_SCIPY)
        extra += ["sklearn"] * inside.startswith(ON_SKLEARN)
        allowed = {PACKAGE, "numpy", *sys.stdlib_module_names, *extra}
        needed = [i for i in imports(file.read_text(), package_of(name)) if i.at_once]
        found += [
            f"{name}, line {i.line}: {i.target}" for i in needed if i.target.split(".")[0] not in allowed
        ]
    assert found == []


def test_an_import_of_another_library_is_found():
    text = "import scipy.io\ndef f():\n    import pandas"
    assert [(i.target, i.at_once) for i in imports(text, PACKAGE)] == [
        ("scipy.io", True), ("pandas", False)
    ]  # fmt: skip


# ---- width -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [PACKAGE, "tests", "examples"])
def test_lines_are_at_most_110_columns_wide(folder):
    files = [
        file for file in (ROOT / folder).rglob("*.py") if "made" not in file.parts
    ]  # by the site's build
    found = [f"{file}:{n}" for file in files for n in too_wide(file.read_text())]
    assert found == []


def test_a_line_that_is_too_wide_is_found():
    long = "x" * 111
    assert too_wide(f"{long}\n# fmt: off\n{long}\n# fmt: on\n{long}\n{long[1:]}") == [1, 5]


# ---- length ------------------------------------------------------------------------------------------------


def test_files_of_the_package_have_at_most_300_lines():
    lengths = {name: len(file.read_text().splitlines()) for name, file in MODULES.items()}
    assert {name: n for name, n in lengths.items() if n > LENGTH} == {}, "a file is about one concept"


def test_functions_of_the_package_have_at_most_40_lines():
    lengths = {
        f"{name}.{node.name}": node.body[-1].end_lineno - first_line(node) + 1
        for name, file in MODULES.items()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    long = {name for name, lines in lengths.items() if lines > FUNCTION}
    assert long <= HOT, "a function does one thing"


def first_line(function: ast.FunctionDef) -> int:
    """The first line of a function behind its docstring."""
    return function.body[ast.get_docstring(function) is not None and len(function.body) > 1].lineno


def test_the_length_of_a_function_leaves_out_its_docstring():
    (function,) = ast.parse('def f(x):\n    """One.\n\n    Two.\n    """\n    return x').body
    assert first_line(function) == 6
