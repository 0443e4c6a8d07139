"""The page for people who leave autograd is true: each line here gives what autograd gave there."""

import contextlib
import importlib.util
import io
import json

import numpy as np
import pytest

from tests.peers import migration

RECORDED = json.loads(migration.RECORD.read_text())
ROWS = migration.rows()


@pytest.fixture(scope="module")
def here():
    return migration.here()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.theirs)
def test_a_line_gives_what_autograd_gave(row, here):
    if "special" in row.ours or "stats" in row.ours:
        pytest.importorskip("scipy")
    computed = migration.numbers(eval(row.ours, dict(here)))  # noqa: S307  # the page's own code
    if row.theirs in RECORDED:
        assert np.allclose(computed, RECORDED[row.theirs], rtol=1e-6, atol=1e-9)


@pytest.mark.skipif(not importlib.util.find_spec("autograd"), reason="needs autograd")
def test_the_record_is_what_autograd_gives():
    space = migration.there()
    for row in ROWS:
        if row.theirs in RECORDED:
            found = migration.numbers(eval(row.theirs, space))  # noqa: S307
            assert np.allclose(found, RECORDED[row.theirs], rtol=1e-9, atol=1e-9), row.theirs


def test_nearly_every_line_is_recorded():
    assert len(ROWS) > 80
    assert sum(row.theirs not in RECORDED for row in ROWS) < 8


@pytest.mark.parametrize(("program", "printed"), migration.programs())
def test_a_program_prints_what_the_page_says(program, printed):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(program, {})  # noqa: S102
    assert output.getvalue() == printed
