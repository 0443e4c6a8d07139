"""Every public name has its place in the reference, and the reference names nothing else."""

import importlib
import inspect
import re

import pytest

from tests.helpers import ROOT

SOURCES = ROOT / "examples" / "site" / "api"
LISTED = ("", ".check", ".compiler", ".data", ".drawing", ".io", ".nn", ".optim", ".plot", ".sklearn")
LISTED += (".special", ".stats", ".train", ".train.metrics")  # these have an __all__
DEFINED = (".check.strategies", ".errors", ".nn.init", ".optim.schedule")  # what these define is public
NO_PARTS = {"names_itself", "told_by", "Function"}  # helpers of the package in errors
ADDED = {".nn.init": {"gain", "fans"}}  # public there, defined elsewhere


def public(module):
    """The public names of a module, and those of them that are modules themselves."""
    loaded = importlib.import_module(f"tinygrad_edu{module}")
    if module in LISTED:
        names = set(loaded.__all__)
    else:
        own = {n for n, v in vars(loaded).items() if getattr(v, "__module__", "") == loaded.__name__}
        names = {n for n in own if not n.startswith("_")} - NO_PARTS | ADDED.get(module, set())
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
    assert sorted(NAMES[module]) == sorted(names - inner)
    assert {f"tinygrad_edu{module}.{name}" for name in inner} <= MODULES


def test_no_other_module_is_described():
    assert NAMES.keys() == {*LISTED, *DEFINED}
    assert len(NAMES[""]) > 100
