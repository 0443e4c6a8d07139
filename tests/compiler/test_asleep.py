"""What a compiled step keeps when it has been traced: little, and all that somebody may ask for."""

import gc
import linecache
import tracemalloc

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.asleep import Asleep, Text
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.compiler.compiled import LIMIT
from tinygrad_edu.compiler.program import Ref
from tinygrad_edu.compiler.specialization import Specialization
from tinygrad_edu.compiler.state.watch import Watch
from tinygrad_edu.compiler.trace.log import Log
from tinygrad_edu.compiler.trace.traced import Traced

pytestmark = pytest.mark.usefixtures("quick_c")
WITH_C = pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")


def compiled(backend="numpy"):
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1))
    optimizer = optim.Adam(model.parameters(), lr=0.1)

    @tg.compile(backend=backend)
    def step(x, y):
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def run(step, count=3):
    x, y = np.eye(2, dtype=np.float32), np.array([0, 1])
    return [step(x, y).item() for _ in range(count)]


def test_what_sleeps_is_equal_when_it_wakes_and_other_objects_are_the_same():
    array, function = np.ones(2), np.exp
    value = {"a": [Ref(1), (array, Ref(1)), slice(0, 3), ...], "b": {Ref(2): function}, "c": np.float32(2)}
    again = Asleep(value, Ref).awake()
    assert again["a"][0] == Ref(1)
    assert type(again["a"][0]) is Ref
    assert again["a"][1][0] is array
    assert again["b"][Ref(2)] is function
    assert again["c"] is value["c"]
    assert again["a"][2:] == [slice(0, 3), ...]
    assert again["a"] is not value["a"]


def test_lines_of_a_text():
    text = "a\nb = 'é'\n\nc\n"
    lines = text.splitlines(True)
    assert [*Text(text)] == lines
    assert len(Text(text)) == 4
    assert Text(text)[1:] == lines[1:]
    assert str(Text(text)) == text


def test_nothing_of_the_trace_is_left():
    step = compiled()
    run(step)
    gc.collect()
    alive = [o for o in gc.get_objects() if type(o) in (Log, Watch) or (type(o) is Traced and o.log)]
    assert not alive
    assert step.specializations[0].run.program._asleep


def memory_of(work):
    """The bytes that are held after some work and were not before: the less of two times, as Python's table
    of names may grow in one of them.
    """
    found = []
    for _ in range(2):
        gc.collect()
        tracemalloc.start()
        try:
            held = work()
            gc.collect()
            found.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        del held
    return min(found)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("c", marks=WITH_C)])
def test_a_small_step_takes_little_memory(backend):
    def work():
        step = compiled(backend)
        run(step)
        return step

    work()  # what is imported and made once is not counted
    assert memory_of(work) < 70_000
    assert "def step" in work().source


def test_calls_and_traces_leave_nothing_behind():
    step, x = compiled(), np.ones((4, 2), np.float32)

    def calls():
        for _ in range(300):
            step(x, [0, 1, 1, 0])

    def traces():
        for n in range(3, 5 + LIMIT):
            run(step, 1)  # of another shape
            step(np.ones((n, 2), np.float32), np.zeros(n, int))

    calls()
    traces()
    assert memory_of(calls) < 3_000
    gc.collect()
    traced = [
        o for o in gc.get_objects() if type(o) is Specialization and o.call.__globals__["compiled"] is step
    ]
    assert len(traced) <= LIMIT + 1


def test_texts_are_there_where_they_are_asked_for():
    step = compiled()
    run(step)
    source, title = step.source, step.specializations[0].source.title
    number = source[: source.index("def step")].count("\n") + 1
    assert linecache.getline(title, number).startswith("def step(x, y):")
    lesson, report = step.lesson(), step.report()
    run(step)
    assert (step.lesson(), step.source) == (lesson, source)
    assert step.report() == report
    assert "  <compiled step" in report


def test_no_text_outlives_what_it_is_the_text_of():
    def titles():
        gc.collect()
        return {title for title in linecache.cache if title.startswith("<compiled forgotten")}

    def forgotten(x):
        return np.tanh(x) * 2

    step = tg.compile(forgotten)
    for n in range(1, 2 * LIMIT + 1):
        step(np.ones(n))
    assert len(titles()) == len(step.specializations) == LIMIT
    del step
    assert not titles()
