"""Whose code it is that runs: a file of the user's beside the package may have a name that begins like it."""

import linecache
import time
import types
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compiler.trace.whose_code import is_of_the_user
from tinygrad_edu.errors import CoercionError, NonFiniteError, TraceError

NOTES = f"{Path(tg.__file__).parent}_notes.py"
TEXT = """
def timed(x): return x * time.time()
def nan(x): return np.log(x - 5)
def number(x): return float(x[0])
def first(x):
    scale = 1.0 if s.last is None else 2.0
    s.last = x.sum()
    return x * scale
"""


@pytest.fixture
def notes(monkeypatch):
    module = types.SimpleNamespace(time=time, np=np, s=types.SimpleNamespace(last=None))
    exec(compile(TEXT, NOTES, "exec"), vars(module))  # noqa: S102  # ours
    monkeypatch.setitem(linecache.cache, NOTES, (len(TEXT), None, TEXT.splitlines(keepends=True), NOTES))
    return module


def test_a_compiled_step_watches_it(notes):
    with pytest.raises(TraceError, match=r"tinygrad_edu_notes.py, line 2"):
        tg.compile(notes.timed)(np.ones(3))
    step = tg.compile(notes.first)
    assert [step(np.ones(3))[0] for _ in range(3)] == [1.0, 2.0, 2.0]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_errors_name_its_lines(notes):
    x = tg.Tensor(np.ones(3), requires_grad=True)
    with tg.debug(), pytest.raises(NonFiniteError, match=r"tinygrad_edu_notes.py.*3"):
        notes.nan(x)
    with pytest.raises(CoercionError, match=r"in float\(x\[0\]\)"):
        notes.number(x)


PYTHON = str(Path(types.__file__).parent)


FILES = [
    ("/home/me/a.py", True), ("<stdin>", True), ("<string>", True), ("<frozen os>", False),
    (types.__file__, False), (np.__file__, False), (tg.__file__, False), (NOTES, True),
    (f"{PYTHON}/site-packages/mine/a.py", True), (f"{PYTHON}/site-packages/mine.py", True),
    (f"{PYTHON}/site-packages/scipy/a.py", False), (f"{PYTHON}/site-packages/my-own/a.py", True),
    ("/usr/lib/python3/dist-packages/scipy/a.py", False), ("/usr/lib/python3/dist-packages/a.py", True),
    ("C:\\Python\\Lib\\site-packages\\scipy\\a.py", False),
    ("C:\\Python\\Lib\\site-packages\\scipy_of_mine.py", True),
    ("/x/site-packages/scipy/site-packages/mine/a.py", True),
]  # fmt: skip


@pytest.mark.parametrize(("file", "users"), FILES, ids=range(len(FILES)))
def test_files_of_all_systems(file, users):
    assert is_of_the_user(file) is users
