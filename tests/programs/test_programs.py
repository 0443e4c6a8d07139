"""Random programs agree with numerical derivatives and with PyTorch; wrong rules, planted here, are found."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import settings

import tinygrad_edu as tg
from tests.programs import judge
from tests.programs.drawing import draw, replayed
from tests.programs.languages import ENDINGS, Program, Statement, source
from tests.programs.operations import DETACH, OPERATIONS
from tests.programs.plain import Plain
from tinygrad_edu import versions
from tinygrad_edu.ops import indexing
from tinygrad_edu.table import op_of

COUNT = 12 * settings.default.max_examples  # 300, and in the deep profile 12,000


def test_they_agree_with_differences():
    counts = judge.many(COUNT, 0, torch=False)
    assert counts["programs"] == COUNT
    assert counts["compared with differences"] > 2 * COUNT
    assert counts["cannot be judged by differences"] < COUNT / 50
    assert counts["refused: a saved value was written to"] < COUNT / 8


def test_they_agree_with_PyTorch():
    pytest.importorskip("torch")
    counts = judge.many(COUNT // 4, 1, torch=True)
    assert counts["compared with PyTorch"] > COUNT // 4
    assert counts["refused by PyTorch"] < COUNT / 50


def test_a_number_of_a_seed_is_a_program():
    program = draw(7, 3)
    assert source(draw(7, 3), "ours") == source(program, "ours") != source(draw(8, 3), "ours")
    assert replayed(program) is not None


def test_every_operation_and_ending_occurs():
    programs = [draw(i, 0) for i in range(600)]
    statements = [s for p in programs for s in p.statements]
    missing = {o.ours for o in OPERATIONS} - {s.operation.ours for s in statements if s.operation}
    assert not missing
    assert {p.ending for p in programs} == set(ENDINGS)
    kinds = Counter((s.kind, s.quiet) for s in statements)
    for kind in ("compute", "write", "update"):
        assert min(kinds[kind, True], kinds[kind, False]) > 9
    assert min(kinds["alias", False], kinds["data", False], kinds["backward", False]) > 9
    assert sum(".detach()" in s.value("ours") for s in statements if s.operation) > 9
    assert sum("np.array" in s.settings.get("key", "") for s in statements) > 9
    assert any(x.dtype == np.float32 for p in programs for x in p.leaves.values())


# ---- what is wrong is found --------------------------------------------------------------------------------


def planted(function, argument, rule):
    """Another rule for an argument of a function, for the time of a test."""

    def plant(monkeypatch):
        op = op_of(function)
        monkeypatch.setitem(
            op.rules, argument, (rule, {name: op.need(name) for name in rule.__code__.co_varnames[1:]})
        )
        monkeypatch.setattr(op, "plans", {})

    return plant


def replaced(owner, name, by):
    return lambda monkeypatch: monkeypatch.setattr(owner, name, by)


def written_in_place(x, key, value):
    x[key] = value
    return x


def constant(x):
    return x.detach() if isinstance(x, tg.Tensor) else x


WRONG = {
    "a factor": planted(np.multiply, "x2", lambda g, x1: g * x1 * 1.001),
    "a sign": planted(np.subtract, "x2", lambda g: g * 1),
    "transposed": planted(np.reshape, "a", lambda g, a_shape: np.reshape(np.transpose(g), a_shape)),
    "only the second derivative": planted(np.sin, "x", lambda g, x: g * np.cos(constant(x))),
    "the written item keeps its gradient": planted(indexing.setitem, "x", lambda g: g * 1),
    "an element read twice counts once": planted(
        indexing.getitem,
        "x",
        lambda g, x_shape, key: indexing.setitem(np.zeros_like(g, shape=x_shape), key, g),
    ),
    "writes are not noticed": replaced(versions.Writes, "mark", lambda self, array: None),
    "x[i] = v writes in place": replaced(op_of(indexing.setitem), "forward", written_in_place),
    "gradients are float64": replaced(np, "astype", lambda x, dtype, **kwargs: x),
}


@pytest.mark.parametrize("plant", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_found(plant, monkeypatch):
    plant(monkeypatch)
    with pytest.raises(judge.Difference, match=r"program \d+ of seed 0: ") as caught:
        judge.many(300, 0, torch=False)
    text = str(caught.value).split("\n\n", 1)[1]
    assert len([line for line in text.splitlines() if line.startswith(("v", "x", "t"))]) <= 8, (
        "it is not small"
    )
    exec(compile(text, "<printed>", "exec"), {})  # noqa: S102  # it can be run as it is printed


def test_without_PyTorch_nothing_imports_it():
    assert judge.many(3, 0, torch=False)["compared with PyTorch"] == 0


def test_the_plain_form_holds_constants_and_follows_views():
    """By hand: y = x · detach(x), then 1 is added to the memory of x[0], of which v is a view."""
    of = {o.ours: o for o in OPERATIONS}
    program = Program(
        {"x0": np.array([2.0, 3.0])},
        {"c9": np.array(1.0)},
        (
            Statement("compute", ("v0",), ("x0",), of["{0} ** 2"]),
            Statement("compute", ("v1",), ("v0",), of["{0}[{key}]"], {"key": "0:1"}),
            Statement("compute", ("v2",), ("x0",), DETACH),
            Statement("update", ("v1",), ("0.5",), None, {"sign": "+"}, quiet=True),
            Statement("compute", ("v3",), ("v0", "v2"), of["{0} * {1}"]),
        ),
        {"v3": "c9"},
        "backward",
    )
    plain = Plain(program, double=True)
    names = plain(program.leaves, first=True)
    assert names["v0"].tolist() == [4.5, 9.0]
    assert names["loss"] == 4.5 * 2 + 9 * 3
    moved = plain({"x0": np.array([2.0, 4.0])})
    assert moved["v2"].tolist() == [2.0, 3.0]
    assert moved["v0"].tolist() == [4.5, 16.0]
