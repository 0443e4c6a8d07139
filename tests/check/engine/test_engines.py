"""check_engine: right engines pass, and one planted mistake is caught, shrunk and named."""

import json
import runpy
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given

import tinygrad_edu as tg
from tests.check.engine.micrograd import Value
from tests.check.engine.tensors import Tensor
from tinygrad_edu.check import Engine, check_engine, engine_tests
from tinygrad_edu.check.engine.drawing import SHAPES, Kind, programs
from tinygrad_edu.check.engine.judge import same
from tinygrad_edu.check.engine.model import RULES, run
from tinygrad_edu.check.engine.program import Program, Statement, Var
from tinygrad_edu.errors import ArgumentError, GradcheckError

HERE = Path(__file__).parent


class Planted(NamedTuple):
    """A mistake in a right engine: text that is replaced (each time that it occurs), and the cause to be
    named.
    """

    old: str
    new: str
    cause: str
    where: str = ""  # the method whose body has it


ADD, MUL, POW, RELU, TANH, EXP, BACK = (
    f"def {name}(self" for name in ("__add__", "__mul__", "__pow__", "relu", "tanh", "exp", "backward")
)
RECURSIVE = """seen = set()

        def visit(v):
            if v not in seen:
                seen.add(v)
                v._backward()
                for child in v._prev:
                    visit(child)

        self.grad = 1
        visit(self)
"""
# fmt: off
SCALAR = {
    "= everywhere":      Planted(".grad += ", ".grad = ", "`=` where `+=` belongs: b = a"),
    "= in add":          Planted("+= out.grad", "= out.grad", "`=` where `+=` belongs", ADD),
    "= in mul":          Planted("+= ", "= ", "`=` where `+=` belongs", MUL),
    "= in one place":    Planted("other.grad += out.grad", "other.grad = out.grad", "`=` where `+=` belongs", ADD),
    "= in tanh":         Planted("+= ", "= ", "`=` where `+=` belongs", TANH),
    "= in pow":          Planted("+= ", "= ", "`=` where `+=` belongs", POW),
    "depth first":       Planted("topo, visited = [], set()", RECURSIVE + "        return\n", "visited before all its users", BACK),
    "no visited set":    Planted("if v not in visited:", "if True:", "visited once for each use", BACK),
    "not reversed":      Planted("reversed(topo)", "topo", "only the last operation counts", BACK),
    "no seed":           Planted("self.grad = 1", "pass", "the root's gradient is not set to 1", BACK),
    "seed is its value": Planted("self.grad = 1", "self.grad = self.data", "the root's gradient is set to its own value", BACK),
    "seed is added":     Planted("self.grad = 1", "self.grad += 1", "gradient not reset: the root starts with `+= 1`", BACK),
    "only the root":     Planted("for v in reversed(topo):", "for v in [self]:", "only the last operation counts", BACK),
    "forgets":           Planted("self.grad = 1", "for v in topo: v.grad = 0\n        self.grad = 1", "accumulation over passes is missing", BACK),
    "visited is kept":   Planted("topo, visited = [], set()", "topo, visited = [], VISITED", "gradient not reset: what was visited", BACK),
    "tape is kept":      Planted("topo, visited = [], set()", "topo, visited = TAPE, set()", "a pass runs through the operations of earlier", BACK),
    "grad starts at 1":  Planted("self.grad = 0", "self.grad = 1", "a new value starts with 1"),
    "rsub reversed":     Planted("return other + (-self)", "return self - other", "__rsub__ is reversed"),
    "rsub missing":      Planted("def __rsub__(", "def rsub(", "__rsub__ missing: b = 3.0 - a"),
    "radd missing":      Planted("def __radd__(", "def radd(", "__radd__ missing"),
    "rmul missing":      Planted("def __rmul__(", "def rmul(", "__rmul__ missing"),
    "rtruediv missing":  Planted("def __rtruediv__(", "def rtruediv(", "__rtruediv__ missing"),
    "rtruediv reversed": Planted("return other * self**-1", "return self / other", "__rtruediv__ is reversed"),
    "exponent missing":  Planted("exponent * self.data ** (", "self.data ** (", "pow's exponent is missing as a factor", POW),
    "exponent kept":     Planted("(exponent - 1)", "exponent", "pow's exponent is not lowered by 1", POW),
    "own factor":        Planted("self.grad += other.data", "self.grad += self.data", "its own value in place of the other factor's", MUL),
    "no chain rule":     Planted(" * out.grad", "", "the gradient of the output (the chain rule's factor) is missing", EXP),
    "mul, no chain":     Planted("other.data * out.grad", "other.data", "__mul__, for its first operand: the gradient of the output", MUL),
    "tanh not squared":  Planted("t**2", "t", "tanh: the square is missing", TANH),
    "exp of x":          Planted("out.data * out.grad", "self.data * out.grad", "exp: the argument stands where the output belongs", EXP),
    "relu unmasked":     Planted("(out.data > 0) * ", "", "relu: the mask is missing", RELU),
    "relu by value":     Planted("(out.data > 0) * ", "out.data * ", "relu: the output stands where its sign", RELU),
    "relu of the wrong": Planted("self.data < 0", "self.data > 0", "relu keeps what is negative", RELU),
    "sub adds":          Planted("return self + (-other)", "return self + other", "__sub__ computes x + y"),
    "neg does nothing":  Planted("return self * -1", "return self", "__neg__ returns its argument"),
    "div multiplies":    Planted("return self * other**-1", "return self * other", "__truediv__ computes x * y"),
    "no return":         Planted("return out", "pass", "__mul__ returns None; `return out` is missing", MUL),
    "called":            Planted("= _backward\n", "= _backward()\n", "`out._backward = _backward()` calls", ADD),
    "number returned":   Planted("return out", "return out.data", "exp returns no Value, which cuts the graph", EXP),
    "no constants":      Planted("other if isinstance(other, Value) else Value(other)", "other", "__add__ takes no constant", ADD),
    "+= in place":       Planted("def __neg__(", "def __iadd__(self, other):\n        self.data += getattr(other, 'data', other)\n"
                                 "        return self\n\n    def __neg__(", "__iadd__"),
    "data changed":      Planted("self.grad += out.grad", "self.grad += out.grad; self.data += 1", "values are changed in place", ADD),
    "twice":             Planted("self.grad += out.data * out.grad", "self.grad += 2 * out.data * out.grad", "exp: it is twice what it should", EXP),
}
ARRAYS = {
    "not summed":        Planted("fit(g, self.data.shape)", "g", "broadcast not summed: the gradient has the shape"),
    "leading only":      Planted("return g.sum(axis=tuple(i", "return g; g.sum(axis=tuple(i", "broadcast not summed over axes of length 1"),
    "ones only":         Planted("g = g.sum(axis=tuple(range(g.ndim - len(shape))))", "pass",
                                 "broadcast not summed over axes that were added"),
    "mean":              Planted("g.sum(axis", "g.mean(axis", "broadcast averaged, and not summed"),
    "raises":            Planted("self.grad = self.grad + fit(g, self.data.shape)", "self.grad += g", "broadcast not summed"),
    "no transpose":      Planted("g @ other.data.T", "other.data.T * 0 + g @ other.data", "__matmul__, for its first operand"),
    "wrong order":       Planted("self.data.T @ g", "g @ self.data.T", "__matmul__, for its second operand: the factors are in the wrong order"),
    "mean undivided":    Planted(" / self.data.size", "", "mean: not divided by the number of elements"),
    "T forgotten":       Planted("lambda g: g.T", "lambda g: g", "T: the gradient is not transposed back"),
    "reshape forgotten": Planted("lambda g: g.reshape(self.data.shape)", "lambda g: g", "reshape: the gradient is not reshaped back"),
    "log multiplies":    Planted("g / self.data", "g * self.data", "log: multiplied where it is to be divided"),
}
# fmt: on


def engine_with(planted, source, tmp_path):
    """The class of an engine's source, with a mistake in it."""
    # A set of objects has another order in each process; whatever a mistake does then would be up to chance.
    text = (HERE / source).read_text().replace("set(children)", "tuple(dict.fromkeys(children))")
    head, body = "", text
    if planted.where:
        start = text.index(planted.where)
        head, body = text[:start], text[start:]
        rest = body[body.find("\n    def ", 1) :]
        body, tail = body[: len(body) - len(rest)], rest
    else:
        tail = ""
    assert planted.old in body
    file = tmp_path / "engine.py"
    file.write_text(f"TAPE, VISITED = [], set()\n{head}{body.replace(planted.old, planted.new)}{tail}")
    return runpy.run_path(str(file))[{"micrograd.py": "Value"}.get(source, "Tensor")]


def assert_found(report, cause):
    assert not report
    assert any(cause in found for found in report.causes), str(report)
    assert all(finding.operations <= 3 for finding in report.findings), str(report)
    first = report.findings[0]
    assert cause in first.cause, str(report)


@pytest.mark.parametrize("name", SCALAR)
def test_a_planted_mistake_is_named(name, tmp_path):
    engine = engine_with(SCALAR[name], "micrograd.py", tmp_path)
    assert_found(check_engine(engine, examples=20, stop=True), SCALAR[name].cause)


@pytest.mark.parametrize("name", ARRAYS)
def test_a_planted_mistake_of_arrays_is_named(name, tmp_path):
    engine = engine_with(ARRAYS[name], "tensors.py", tmp_path)
    assert_found(check_engine(engine, examples=20, stop=True), ARRAYS[name].cause)


@pytest.mark.parametrize("name", ["depth first", "no visited set", "= in tanh", "visited is kept"])
def test_programs_of_all_lessons_are_small(name, tmp_path):
    engine = engine_with(SCALAR[name], "micrograd.py", tmp_path)
    assert_found(check_engine(engine, examples=20), SCALAR[name].cause)


# ---- right engines -----------------------------------------------------------------------------------------


def test_a_mistake_is_told_once_and_its_other_programs_in_a_line_each(tmp_path):
    report = check_engine(engine_with(SCALAR["own factor"], "micrograd.py", tmp_path), examples=20)
    told, mistake = str(report), SCALAR["own factor"].cause
    assert sum(mistake in finding.cause for finding in report.findings) > 1
    assert told.count(mistake) == 1
    assert "  the same:\n    a = Value(2.0); b = -a; b.backward(): a.grad is 2, and should be -1" in told
    told = str(check_engine(engine_with(SCALAR["= in add"], "micrograd.py", tmp_path), examples=20))
    assert told.count("a.grad is 1, and should be 2") == 1
    assert "✗ topological order (1 program)" in told
    assert "  `=` where `+=` belongs, in __add__ (as in reuse)\n" in told


def test_micrograd_is_right():
    report = check_engine(Value)
    assert report, str(report)
    told = str(report)
    assert "a second backward() of the same result adds more than the first" in told
    assert "RecursionError" in told
    assert [outcome.name for outcome in report.outcomes if outcome.skipped] == ["broadcasting", "matrices"]


def test_an_engine_of_arrays_is_right():
    report = check_engine(Tensor, examples=30)
    assert report, str(report)
    assert all(outcome.passed and not outcome.notes for outcome in report.outcomes), str(report)


def test_our_own_tensor_is_right_through_an_adapter():
    names = ["tanh", "exp", "log", "sin", "cos", "sqrt"]
    functions = {name: getattr(np, name) for name in names} | {"relu": tg.relu, "sigmoid": tg.sigmoid}
    ours = Engine(lambda x: tg.Tensor(x, requires_grad=True), functions=functions, name="Tensor")
    report = check_engine(ours, examples=20)
    assert report, str(report)
    assert not any(outcome.skipped for outcome in report.outcomes)


def test_other_spellings(tmp_path):
    text = (HERE / "micrograd.py").read_text().replace(".data", ".number").replace(".grad", ".slope")
    file = tmp_path / "engine.py"
    file.write_text(text.replace("def backward", "def pull_back"))
    spelled = {"data": lambda v: v.number, "grad": lambda v: v.slope, "backward": lambda v: v.pull_back()}
    zero = lambda v: setattr(v, "slope", 0)
    assert check_engine(runpy.run_path(str(file))["Value"], examples=10, zero=zero, **spelled)


class Spelled:
    def __init__(self, value):
        self.value = value


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        (3, "expected a class, or a function that makes a leaf of a number; 3 raises TypeError"),
        (object, r"expected a class.*; object\(0\.5\) raises TypeError: object\(\) takes no arguments"),
        (Spelled, r"the number in Spelled\(0\.5\) cannot be read: .* it has value\. Say how: data=lambda v"),
    ],
)
def test_what_makes_no_leaf_is_refused(engine, message):
    with pytest.raises(ArgumentError, match=message):
        check_engine(engine)


def test_what_an_engine_lacks_on_purpose_is_not_asked_for(tmp_path):
    planted = Planted("def __rsub__(", "def rsub(", "")
    assert check_engine(engine_with(planted, "micrograd.py", tmp_path), examples=10, without=["rsub"])


# ---- what is told ------------------------------------------------------------------------------------------


def wrong(tmp_path):
    return engine_with(SCALAR["= in add"], "micrograd.py", tmp_path)


def test_a_finding_shows_the_smallest_program(tmp_path):
    finding = check_engine(wrong(tmp_path), examples=20, stop=True).findings[0]
    assert str(finding) == (
        "`=` where `+=` belongs, in __add__: b = a + a\n"
        "    a = Value(2.0)\n    b = a + a\n    b.backward()\n"
        "  a.grad is 1, and should be 2"
    )  # fmt: skip


def test_lessons_are_tests_of_pytest(tmp_path):
    tests = engine_tests(wrong(tmp_path), examples=20)
    named = {str(test): test for test in tests}
    named["forward"]()
    named["backward"]()
    with pytest.raises(GradcheckError, match=r"`=` where `\+=` belongs, in __add__: b = a \+ a"):
        named["reuse"]()


@pytest.mark.parametrize("lesson", engine_tests(Value, examples=8), ids=str)
def test_micrograd_by_lesson(lesson):
    lesson()


def test_results_for_gradescope(tmp_path):
    report = check_engine(wrong(tmp_path), examples=20)
    path = tmp_path / "results.json"
    report.gradescope(path, points={"reuse": 3})
    results = json.loads(path.read_text())
    tests = {test["name"].split(". ")[1].split(":")[0]: test for test in results["tests"]}
    assert tests["forward"]["status"] == "passed"
    assert (tests["forward"]["score"], tests["forward"]["max_score"]) == (1, 1)
    assert tests["reuse"]["status"] == "failed"
    assert (tests["reuse"]["score"], tests["reuse"]["max_score"]) == (0, 3)
    assert "b = a + a" in tests["reuse"]["output"]
    assert "broadcasting" not in tests
    assert set(results) <= {"score", "output", "output_format", "tests", "visibility"}
    assert [file.name for file in tmp_path.iterdir() if file.suffix in (".json", ".tmp")] == ["results.json"]
    with pytest.raises(ArgumentError, match="no lesson is called 'reues'"):
        report.gradescope(path, points={"reues": 3})


# ---- the parts ---------------------------------------------------------------------------------------------


def test_gradients_are_closed_forms():
    steps = (
        Statement("mul", (Var(0), Var(1)), 2),
        Statement("exp", (Var(2),), 3),
        Statement("backward", (Var(3),)),
    )
    program = Program(((0, 0.5), (1, -2.0)), steps)
    np.testing.assert_allclose(program.gradients(), [-2 * np.exp(-1), 0.5 * np.exp(-1)], rtol=1e-14)
    assert list(program.lines()) == [
        "a, b = Value(0.5), Value(-2.0)",
        "c = a * b",
        "d = c.exp()",
        "d.backward()",
    ]


ALL = Kind(
    [*RULES], (1, 6), (1, 3), "lr", SHAPES, expressions=2, scaled=True, left=("add", "sub", "mul", "div")
)


@given(programs(ALL))
def test_the_model_without_a_mistake_is_right(program):
    assert program.is_fair
    for spelled in (program, program.spelled_out()):
        computed = run(spelled)
        assert same(computed.gradients, program.gradients(), 1e-9)
        assert not computed.misfit
