"""The line that says how far a slow Jacobian is."""

import io
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import patience


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by a second whenever it is looked at."""
    now = iter(range(1000))
    monkeypatch.setattr(patience.time, "monotonic", lambda: float(next(now)))


def test_a_slow_jacobian_tells_its_row_and_takes_the_line_away(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    tg.jacobian(np.sin)(np.ones(8))
    *lines, last = sys.stderr.getvalue().strip("\r").split("\r")
    assert lines[0].startswith("jacobian: row 1/8, ")
    assert lines[0].endswith(" s left")
    assert any("8/8, 0 s left" in line for line in lines)
    assert last.strip() == ""


def test_it_is_silent_where_nobody_looks_and_where_it_is_fast(clock, monkeypatch, capsys):
    tg.jacobian(np.sin)(np.ones(8))
    monkeypatch.undo()
    monkeypatch.setattr(sys, "stderr", Terminal())
    tg.jacobian(np.sin)(np.ones(8))
    assert sys.stderr.getvalue() == ""
    assert capsys.readouterr().err == ""


def test_the_line_goes_when_an_error_comes(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())

    @tg.primitive(x=lambda g: g if g[0] or g[1] or g[2] else 1 / 0)
    def f(x):
        return np.copy(x)

    with pytest.raises(ZeroDivisionError):
        tg.jacobian(f)(np.ones(8))
    assert sys.stderr.getvalue().endswith("\r")
