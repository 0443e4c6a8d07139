"""The types that users see, to mypy and to pyright; stubs that agree with what runs; names that complete."""

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu as tg
from tests.helpers import ROOT
from tinygrad_edu import functions

SCRIPT = Path(__file__).parent / "users_script.txt"
EXPECTED = re.findall(r"^reveal_type\(.*\) +# (.+)$", SCRIPT.read_text(), re.MULTILINE)
STUB = ast.parse((ROOT / "tinygrad_edu" / "functions.pyi").read_text())


def short(revealed):
    """A type without the modules of its parts, nor what an array is made of."""
    names = re.sub(r"[\w.]*\.(?=\w)", "", revealed)
    return re.sub(r"ndarray\[(?:[^\[\]]|\[(?:[^\[\]]|\[[^\[\]]*\])*\])*\]", "ndarray", names)


@pytest.fixture
def checked(tmp_path):
    """What a checker says of the script, which lies in a folder of its own, as a user's does."""
    (tmp_path / "script.py").write_text(SCRIPT.read_text())

    def run(*command):
        environment = os.environ | {"PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}
        command = [sys.executable, "-m", *command, "script.py"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    return run


def test_mypy_reveals_what_the_script_says(checked):
    pytest.importorskip(
        "mypy", reason="types are checked with the extra types: pip install 'tinygrad_edu[types]'"
    )
    config = "--config-file=", "--no-incremental", "--strict", "--cache-dir=/dev/null"
    told = checked("mypy", *config)
    assert [short(revealed) for revealed in re.findall(r'Revealed type is "(.*)"', told)] == EXPECTED, told
    assert "Success" in told, told


def test_pyright_reveals_what_the_script_says(checked):
    pytest.importorskip(
        "pyright", reason="pyright runs with the extra types: pip install 'tinygrad_edu[types]'"
    )
    told = checked("pyright", "--pythonpath", sys.executable)
    if "informations" not in told:
        pytest.skip(f"pyright, which fetches a Node.js of its own, does not run here: {told[-200:]}")
    assert [short(revealed) for revealed in re.findall(r'Type of ".*" is "(.*)"', told)] == EXPECTED, told
    assert "0 errors, 0 warnings" in told, told


# ---- stubs -------------------------------------------------------------------------------------------------


def stubbed():
    """The signatures in the stub: for each function the names, defaults and kinds of its parameters."""
    for node in STUB.body:
        if isinstance(node, ast.FunctionDef):
            a = node.args
            missing = len(a.args) - len(a.defaults)
            listed = [(arg.arg, i >= missing, False) for i, arg in enumerate(a.args)]
            listed += [(arg.arg, value is not None, True) for arg, value in zip(a.kwonlyargs, a.kw_defaults)]
            yield node.name, listed


def test_a_stub_has_the_signature_of_its_function():
    for name, listed in stubbed():  # the next test counts them
        own = inspect.signature(getattr(functions, name)).parameters.values()
        called = [(p.name, p.default is not p.empty, p.kind is p.KEYWORD_ONLY) for p in own]
        if listed[-1] == ("return_indices", False, True):  # the form that gives a pair, where it is asked for
            listed = [*listed[:-1], ("return_indices", True, True)]
        assert listed == called, name


def test_every_function_has_a_stub():
    imported = {
        a.name for node in STUB.body if isinstance(node, ast.ImportFrom) for a in node.names if a.asname
    }
    assert {name for name, _ in stubbed()} | imported == set(functions.__all__)
    assert set(functions.__all__) <= set(tg.__all__)
    assert all(getattr(tg, name) is getattr(functions, name) for name in functions.__all__)


# ---- completion and help -----------------------------------------------------------------------------------

PARTS = ["check", "data", "io", "nn", "optim", "plot", "special", "stats", "train"]


@pytest.mark.parametrize("part", PARTS)
def test_names_complete(part):
    module = importlib.import_module(f"tinygrad_edu.{part}")
    assert part in dir(tg)
    assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("part", [None, *PARTS])
def test_help_unrolls_no_unions(part):
    module = tg if part is None else importlib.import_module(f"tinygrad_edu.{part}")
    public = [getattr(module, name) for name in module.__all__]
    methods = [getattr(c, n) for c in public if inspect.isclass(c) for n in dir(c) if not n.startswith("_")]
    for function in [*public, *filter(callable, methods)]:
        try:
            signature = str(inspect.signature(function))
        except (TypeError, ValueError):  # a type of another library, or a module
            continue
        assert "_Supports" not in signature, function
        assert len(signature) < 800, function
