"""What importing the package brings, and what it leaves until it is asked for."""

import pytest

import tinygrad_edu as tg
from tests.helpers import printed

PROGRAM = """
import sys
import tinygrad_edu as tg
parts = ["check", "data", "distributed", "drawing", "io", "plot", "sklearn", "special", "stats", "train"]
assert not [p for p in parts if "tinygrad_edu." + p in sys.modules]
slow = {"hypothesis", "json", "gzip", "ssl", "csv"}
optional = {"matplotlib", "sklearn", "scipy", "tqdm"}
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
