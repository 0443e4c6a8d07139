"""What importing the package brings, what it leaves until asked; and where its names are described."""

import importlib
import inspect
import re

import pytest

import tinygrad_edu as tg
from tests.helpers import ROOT, printed

PROGRAM = """
import sys
import tinygrad_edu as tg
parts = ["check", "data", "distributed", "drawing", "io", "onnx", "plot", "sklearn", "special", "stats"]
parts += ["handover", "jacobians", "mends", "nonfinite", "train", "tree_call"]
assert not [p for p in parts if "tinygrad_edu." + p in sys.modules]
slow = {"hypothesis", "json", "gzip", "ssl", "csv"}
optional = {"matplotlib", "sklearn", "scipy", "tqdm", "onnx"}
assert not (slow | optional) & set(sys.modules)
assert callable(tg.gradcheck) and callable(tg.check.gradcheck) and tg.gradcheck is tg.check.gradcheck
assert callable(tg.draw) and tg.explain is tg.drawing.explain
assert callable(tg.train.fit) and callable(tg.data.read_csv)
assert callable(tg.io.save_checkpoint) and callable(tg.plot.curves)
assert not optional & set(sys.modules)
"""


def test_parts_are_imported_when_they_are_asked_for():
    printed("-c", PROGRAM)


def test_other_names_are_none_of_its_attributes():
    with pytest.raises(AttributeError, match="module 'tinygrad_edu' has no attribute 'tensor_flow'"):
        tg.tensor_flow  # noqa: B018
    assert not hasattr(tg, "nonsense")
    assert set(tg.__all__) <= set(dir(tg))


def test_importing_changes_no_global_state():  # E34
    program = """
import locale, signal, sys, threading, warnings
import numpy as np
def state():
    _, key, place, *_ = np.random.get_state()
    return (np.geterr(), np.get_printoptions(), np.getbufsize(), key.tolist(), place, list(warnings.filters),
            threading.active_count(), sys.getrecursionlimit(), sys.excepthook, sys.displayhook,
            signal.getsignal(signal.SIGINT), locale.setlocale(locale.LC_ALL))
before = state()
import tinygrad_edu
assert state() == before
optional = {"matplotlib", "scipy", "sklearn", "hypothesis", "pytest", "numba", "torch", "jax", "pandas",
            "safetensors", "tqdm"}
assert not optional & set(sys.modules), optional & set(sys.modules)
"""
    printed("-c", program)


# ---- the reference -----------------------------------------------------------------------------------------

SOURCES = ROOT / "examples" / "site" / "api"
PARTS = "check compiler data distributed drawing io nn onnx optim plot sklearn special stats train"
PARTS += " check.strategies nn.init train.metrics"
LISTED = ("", *(f".{part}" for part in PARTS.split()))  # these have an __all__
DEFINED = (".errors", ".optim.schedule")  # what these define is public
NO_PARTS = {"names_itself", "told_as", "told_by", "Function"}  # helpers of the package in errors


def public(module):
    """The public names of a module, and those of them that are modules themselves."""
    loaded = importlib.import_module(f"tinygrad_edu{module}")
    if module in LISTED:
        names = set(loaded.__all__)
    else:
        own = {n for n, v in vars(loaded).items() if getattr(v, "__module__", "") == loaded.__name__}
        names = {n for n in own if not n.startswith("_")} - NO_PARTS
    return names, {name for name in names if inspect.ismodule(getattr(loaded, name))}


def described():
    """The names that the pages describe, with the pages, by module; and the modules that they describe."""
    names, modules = {}, set()
    for page in SOURCES.glob("*.rst"):
        text = page.read_text(encoding="utf-8")
        modules |= set(re.findall(r"^\.\. (?:auto|py:)module:: (\S+)$", text, re.MULTILINE))
        for module, block in re.findall(r"^\.\. names:: (\S+)\n\n((?: +.+\n?)+)", text, re.MULTILINE):
            for name in block.split():
                names.setdefault(module.removeprefix("tinygrad_edu"), []).append(name)
    return names, modules


NAMES, MODULES = described()


@pytest.mark.parametrize("module", LISTED + DEFINED)
def test_each_public_name_is_described_once(module):
    if module == ".check.strategies":
        pytest.importorskip("hypothesis")
    if module in (".special", ".stats", ".sklearn"):
        pytest.importorskip("sklearn")
    names, inner = public(module)
    pages = "a name is put on a page of examples/site/api, once, and a part has a page of its own"
    assert sorted(NAMES.get(module, [])) == sorted(names - inner), pages
    assert {f"tinygrad_edu{module}.{name}" for name in inner} <= MODULES, pages


def test_no_other_module_is_described():
    assert NAMES.keys() == {*LISTED, *DEFINED}
    assert len(NAMES[""]) > 100
