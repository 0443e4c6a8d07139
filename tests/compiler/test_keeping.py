"""Gradients that stay in their places: what somebody holds of those of an earlier step does not change."""

import threading

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.c.cache import compiler

from .test_traps import X2, Y2, X, Y, check_same, plain

pytestmark = pytest.mark.usefixtures("quick_c")


def trained(
    hold, steps=6, network=lambda: nn.Sequential(nn.Linear(6, 5, rng=0), nn.ReLU(), nn.Linear(5, 3, rng=1))
):
    """A training in which something is held of the gradients after each step, and looked at in the end."""

    def script(wrap):
        model = network()
        optimizer = optim.Adam(model.parameters(), lr=0.1)

        @wrap
        def step(x, y):
            optimizer.zero_grad()
            loss = tg.softmax_cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        held = []
        for i in range(steps):
            step(*((X, Y) if i != 2 else (X2, Y2)))
            held.append(hold(model, i))
        gradients = [p.grad for p in model.parameters()]
        return [np.array(h) for h in held if h is not None] + [g if g is None else g.data for g in gradients]

    return script


def forgotten_outside(model, i):
    gradient = model[0].weight.grad
    model.zero_grad()
    return gradient.data


def taken(model, i):
    gradient, model[0].weight.grad = model[0].weight.grad, None
    return gradient


def one_forgotten(model, i):
    if i == 3:
        model[0].bias.grad = None


def assigned(model, i):
    model[2].bias.grad = tg.Tensor(np.full(3, i, np.float32))


def added_to(model, i):
    tg.softmax_cross_entropy(model(X), Y).backward()
    return model[0].bias.grad


def made_a_variable(model, i):
    if i == 3:
        model[0].bias.grad.requires_grad_()
    return model[0].bias.grad.detach()


HOLDS = {
    "nothing": lambda model, i: None,
    "tensors": lambda model, i: model[0].weight.grad,
    "arrays": lambda model, i: model[0].bias.grad.data,
    "views": lambda model, i: model[0].weight.grad.data[1:3, ::2],
    "once": lambda model, i: model[2].bias.grad if i == 4 else None,
    "transposed": lambda model, i: np.asarray(model[2].weight.grad.data.T),
    "detached": lambda model, i: model[2].weight.grad.detach(),
    "forgotten outside": forgotten_outside,
    "taken": taken,
    "one forgotten": one_forgotten,
    "assigned": assigned,
    "added to": added_to,
    "made a variable": made_a_variable,
}


@pytest.mark.parametrize("hold", HOLDS.values(), ids=HOLDS)
def test_what_is_held_of_gradients(hold):
    check_same(trained(hold))


@pytest.mark.skipif(compiler() is None, reason="there is no C compiler")
@pytest.mark.parametrize("hold", HOLDS.values(), ids=HOLDS)
def test_what_is_held_of_gradients_in_c(hold):
    script = trained(hold, steps=4)
    for a, b in zip(script(tg.compile(backend="c")), script(plain), strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-4, atol=1e-6)


def test_gradients_as_arguments():
    def script(wrap):
        model = nn.Linear(3, 3, rng=0)

        @wrap
        def step(x):
            model.zero_grad()
            loss = (model(x) ** 2).sum()
            loss.backward()
            return loss

        step(np.ones((3, 3), np.float32))
        found = [step(np.ones((3, 3), np.float32)).data]
        for _ in range(3):
            found.append(step(model.weight.grad.data).data)
        return [*found, model.weight.grad.data]

    check_same(script)


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_the_array_of_a_gradient_that_got_another_one(backend):
    model = nn.Linear(3, 2, rng=0)

    @tg.compile(backend=backend)
    def step(x):
        model.zero_grad()
        (model(x) ** 2).sum().backward()

    x = np.ones((4, 3), np.float32)
    for _ in range(3):
        step(x)
    array = model.weight.grad.data
    before = array.copy()
    model.weight.grad.data = np.ones_like(array)
    step(x * 2)
    np.testing.assert_array_equal(array, before)
    assert model.weight.grad.data is not array


def test_nothing_is_made_anew_while_nobody_holds_gradients():
    model = nn.Linear(3, 2, rng=0)

    @tg.compile
    def step(x):
        model.zero_grad()
        loss = (model(x) ** 2).sum()
        loss.backward()
        return loss

    x = np.ones((4, 3), np.float32)
    step(x)
    step(x)
    first = id(model.weight.grad), id(model.weight.grad.data)
    assert step.traces == 1
    step(x)
    assert (id(model.weight.grad), id(model.weight.grad.data)) == first
    assert not step.specializations[0].kept.are_lent
    held = model.weight.grad
    before = held.data.copy()
    step(x * 2)
    np.testing.assert_array_equal(held.data, before)
    assert model.weight.grad is not held


@pytest.mark.parametrize("label", [-1, -3, -4, -100, 3, 5, 6, 7, 1 << 40])
def test_labels_that_are_no_classes(label):
    """Two of them are left out or are an error, as the function itself has it."""

    def script(wrap):
        model = nn.Linear(6, 3, rng=0)
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        @wrap
        def step(x, y):
            optimizer.zero_grad()
            loss = tg.softmax_cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        found = []
        for i in range(4):
            y = Y.copy()
            y[5 : 5 + i // 2] = label
            try:
                found.append(step(X, y).data.copy())
            except tg.errors.ArgumentError as error:
                found.append(np.array(len(str(error))))
        return [*found, model.weight.data]

    check_same(script)


def test_full_and_short_batches_find_their_traces():
    model = nn.Linear(6, 3, rng=0)
    step = tg.compile(lambda x: model(x).sum())
    for _ in range(3):
        for x in (X, X, X2):
            np.testing.assert_array_equal(step(x).data, model(x).sum().data)
    assert step.traces == 2
    assert step.__call__ is step.specializations[0].call


def test_several_threads_take_turns():
    model = nn.Linear(6, 3, rng=0)
    step = tg.compile(lambda x: np.tanh(model(x)))
    expected = {i: np.tanh(model(X + i)).data for i in range(4)}
    wrong = []

    def run(i):
        for _ in range(200):
            if not np.array_equal(step(X + np.float32(i)).data, expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong
    assert step.idle == [None]


def test_a_call_after_one_that_was_interrupted_at_the_worst_place():
    step = tg.compile(lambda x: np.sin(x) * 2)
    step(X)
    step.idle.clear()  # as if an interrupt had come right after it was taken
    np.testing.assert_array_equal(step(X), np.sin(X) * 2)


def test_a_function_that_calls_itself():
    def count(x):
        return x if x.shape[0] == 1 else compiled(x[:-1]) * 2

    compiled = tg.compile(count)
    for _ in range(3):
        np.testing.assert_array_equal(compiled(X), X[:1] * 128)


def calls(text):
    """How many calls of NumPy's a step makes."""
    body = text.partition("def step(")[2].splitlines()[1:]
    return sum("(" in line and not line.strip().startswith(("try", "return", "except")) for line in body)


def test_the_source_of_a_small_step_is_short():
    """A step by hand of the same perceptron makes 39 calls; see tests/benchmarks/handwritten.py."""
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
    optimizer = optim.Adam(model.parameters())

    @tg.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    step(np.ones((4, 2), np.float32), np.array([0, 1, 1, 0]))
    assert calls(step.source) <= 46, step.source  # with those that count the step
    assert not {"matmul", "ones_like", "asarray"} & set(step.source.replace("(", " ").split())


def test_globals_of_the_name_of_an_attribute_do_not_matter():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.counter = nn.Linear(6, 3, rng=0)

        def forward(self, x):
            return self.counter(x)

    model = Scaled()
    step = tg.compile(lambda x: model(x))
    for i in range(4):
        globals()["counter"] = i
        step(X)
    assert step.traces == 1


@pytest.mark.parametrize("shared", [slice(None), slice(1, None)])
def test_parameters_of_two_optimizers(shared):
    """Each collects the gradients in a vector of its own, and they can lie in one."""

    def script(wrap):
        model = nn.Sequential(nn.Linear(6, 5, rng=0), nn.ReLU(), nn.Linear(5, 3, rng=1))
        first = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        second = optim.Adam([*model.parameters()][shared])

        @wrap
        def step(x, y):
            first.zero_grad()
            loss = tg.softmax_cross_entropy(model(x), y)
            loss.backward()
            first.step()
            second.step()
            return loss

        losses = [step(X, Y).data for _ in range(4)]
        return [*losses, *(a for p in model.parameters() for a in (p.data, p.grad.data))]

    check_same(script)


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_a_step_returns_the_gradients_that_were_there(backend):
    """They are those of the call before, and not of the one that was traced."""
    w = tg.Tensor(np.ones(3), requires_grad=True)

    @tg.compile(backend=backend)
    def step(x):
        before, array = w.grad, w.grad.data
        w.grad = None
        (w * x).sum().backward()
        return before, array

    w.grad, kept = tg.Tensor(np.zeros(3)), []
    for k in range(5):
        kept += step(np.full(3, k + 1.0))
    assert [a.sum() for a in kept] == [0, 0, 3, 3, 6, 6, 9, 9, 12, 12]


@pytest.mark.parametrize("change", ["data", "another trace"])
def test_a_gradient_that_is_added_to_stays_the_tensor_that_it_is(change):
    """Whoever holds it sees what becomes of it, also of what is set as its ``data``."""

    def script(wrap):
        w, b = (tg.Tensor(np.ones(3), requires_grad=True) for _ in range(2))
        step = wrap(lambda x: ((w * x) ** 2 + b).sum().backward())
        step(np.arange(3.0))
        held = w.grad
        b.grad = None if change == "another trace" else b.grad
        step(np.arange(3.0))
        w.grad.data = w.grad.data * 2
        step(np.arange(3.0))
        return [held.data.copy(), w.grad.data, w.grad is held]

    check_same(script)
