"""The hunt itself: planted mutants die, harmless ones survive, the unmutated code passes."""

import gc
import subprocess
import sys

import pytest

from tests.helpers import ROOT
from tests.mutants.changes import changed, mutants
from tests.mutants.exchange import Stranger, code_of, exchange, living
from tests.mutants.report import EQUIVALENT, reasons

RULES = """
def double(x):
    return x + x

def same(x):
    return x * 1

def untried(x):
    return abs(x)

def end(xs):
    return xs[1:]

def checked(y):
    return refuse(y)

def refuse(y):
    raise ValueError(y)

def down(n):
    while n > 0:
        n -= 1
    return n

twice = [lambda x: (lambda y: y + x)(x), lambda x: 2 * x]
"""
TESTS = """
from hypothesis import given, strategies as st
import pytest, rules

@given(st.integers(1, 9))
def test_rules(x):
    assert rules.double(x) == rules.twice[0](x) == rules.twice[1](x) == x + x
    assert rules.same(x) == x
    assert rules.end([1, x]) == [x]

def test_refused():
    with pytest.raises(ValueError):
        rules.checked(1)

def test_down():
    assert rules.down(3) == 0

def test_broken():
    assert rules.same(1) == 2
"""


@pytest.mark.parametrize(
    ("expression", "others"),
    {
        "x + y": {"x - y", "x", "y"},
        "x - y": {"x + y", "x"},
        "a @ b": {"b @ a", "a", "b"},
        "-x": {"x"},
        "x < y": {"x <= y", "x >= y"},
        "x is y": {"x is not y"},
        "a.T": {"a"},
        "a and b": {"a or b", "a", "b"},
        "f(x, y)": {"x", "f(y, x)"},
        "f(x + y)": {"x + y", "f(x - y)", "f(x)", "f(y)"},
        "g(x)(f(y))": {"f(y)", "x(f(y))", "g(x)(y)"},
        "f(x, k=True)": {"x", "f(x)", "f(x, k=False)"},
        "np.where(c, x, y)": {"c", "np.where(x, c, y)", "np.where(c, y, x)"},
        "x if c else y": {"x if not c else y"},
        "a[1:n]": {"a[:n]", "a[1:]", "a[2:n]", "a[0:n]"},
        "x.conj()": {"x"},
        "k == 'c'": {"k != 'c'", "k == 'c?'"},
    }.items(),
)
def test_changes_of_an_expression(expression, others):
    found = {m.after for m in mutants(f"f = lambda: [{expression}]", "f.py") if m.operator != "zeros"}
    assert found == {f"f = lambda: [{other}]" for other in others}


def test_what_runs_at_import_and_what_is_said_stay_as_they_are():
    source = '''
"""Words."""
ONE = 0 + 1
def f(x: int = 1 + 1, *, y: int = abs(1 + 1)) -> int:
    """1 + 1"""
    if x:
        raise ValueError("a" + f"{x + 1}")
    return x
'''
    assert {m.operator for m in mutants(source, "f.py")} == {"condition", "zeros"}


def test_a_living_function_runs_the_other_code_wherever_it_is_held(tmp_path):
    path, space = tmp_path / "rules.py", {}
    exec(code_of(RULES, path), space)  # noqa: S102 a module of this test's own
    gc.freeze()  # as conftest.py does
    held, functions = space["twice"], living(path)
    (mutant,) = (m for m in mutants(RULES, "rules.py") if "3 * x" in m.after)
    assert exchange(code_of(RULES, path), code_of(changed(RULES, mutant), path), functions) == 1
    assert [f(5) for f in held] == [10, 15]
    dropped = next(m for m in mutants(RULES, "rules.py") if "(lambda y: y)" in m.after)
    inner = living(path)
    exchange(code_of(RULES, path), code_of(changed(RULES, dropped), path), inner)
    assert held[0](5) == 5


def test_a_function_that_closes_over_other_names_keeps_them_where_they_never_run(tmp_path):
    source = "def outer(k):\n    return lambda x: x + k\nf = outer(3)\n"
    path, space = tmp_path / "rules.py", {}
    exec(code_of(source, path), space)  # noqa: S102 a module of this test's own
    mutant = next(m for m in mutants(source, "rules.py") if m.after.endswith("lambda x: x"))
    with pytest.raises(Stranger):
        exchange(code_of(source, path), code_of(changed(source, mutant), path), living(path))
    exchange(code_of(source, path), code_of(changed(source, mutant, harmless=True), path), living(path))
    assert space["f"](5) == 5


def test_planted_mutants_die_and_harmless_ones_survive(tmp_path):
    (tmp_path / "rules.py").write_text(RULES)
    (tmp_path / "test_rules.py").write_text(TESTS)
    rules, survivors = tmp_path / "rules.py", tmp_path / "survivors.txt"
    command = [sys.executable, "-m", "tests.mutants", str(rules), "--tests", str(tmp_path)]
    command += ["--survivors", str(survivors), "--seconds", "1"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert "unmutated: 4 tests, 1 of them failed and were left out" in run.stdout
    lives = {after for _, before, after in reasons(survivors.read_text())}
    assert {"return x / 1", "return x", "return abs(x) * 0"} <= lives
    assert not lives & {
        "return x - x",
        "return x * 2",
        "return x * 0",
        "n -= 2",
        "n -= 0",
        "return xs[:]",
        "return xs[2:]",
        "return y",
    }
    assert not any("twice" in after for after in lives)
    counts = next(line.split() for line in run.stdout.splitlines() if line.startswith("rules.py"))
    assert int(counts[2]) == 1  # a loop that does not end
    assert run.returncode == 1  # some survived


def test_every_explained_mutant_can_be_made():
    """No explanation outlives the line that it explains."""
    paths = {path.name: path for path in (ROOT / "tinygrad_edu" / "ops").rglob("*.py")}
    known = reasons(EQUIVALENT.read_text())
    files = {file for file, _, _ in known}
    made = {(m.file, m.before, m.after) for f in files for m in mutants(paths[f].read_text(), f)}
    assert [change for change in known if change not in made] == []
    assert all(known.values())
