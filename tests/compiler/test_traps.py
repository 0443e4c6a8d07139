"""What a trace could get wrong: each case gives what the function itself gives, or is refused by name."""

import copy
import threading

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import ArgumentError, TraceError


def plain(function):
    """The function itself, in the place of `tinygrad_edu.compile`."""
    return function


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


X, Y = normal(8, 6), np.random.default_rng(1).integers(0, 3, 8)
X2, Y2 = normal(5, 6, seed=2), np.random.default_rng(3).integers(0, 3, 5)
ONES = np.ones(3, np.float32)


def check_same(script):
    """A script that is given `compile` returns the same arrays as with the function itself."""
    for a, b in zip(script(tg.compile), script(plain), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def network():
    return nn.Sequential(
        nn.Linear(6, 5, rng=0), nn.Dropout(0.5, rng=1), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3, rng=2)
    )


def training(between=lambda i, model, optimizer: None, calls=((X, Y),) * 6):
    """A training, with something done between its steps."""

    def script(wrap):
        model = network()
        optimizer = optim.Adam(model.parameters(), lr=0.01)

        @wrap
        def step(x, y):
            optimizer.zero_grad()
            loss = tg.softmax_cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        found = []
        for i, (x, y) in enumerate(calls):
            between(i, model, optimizer)
            found.append(step(x, y).data.copy())
        return [*found, *(np.array(v) for v in model.state_dict().values())]

    return script


# ---- what changes between the steps of a training ----------------------------------------------------------


@pytest.mark.parametrize(
    "calls",
    [
        [(X, Y), (X2, Y2)] * 4, [(X, Y), (X.astype(float), Y), (X, Y.astype(np.int8)), (X, Y)],
        [(X, Y), (np.asfortranarray(X), Y), (X[::-1], Y), (X, Y)], [(X.tolist(), Y.tolist()), (X, Y)],
        [(X, Y), (X, Y), (X, np.where(np.arange(8) < 2, -100, Y)), (X, Y)], [(tg.Tensor(X), Y)] * 3,
    ],
    ids=["shapes", "dtypes", "layouts", "lists", "ignored labels", "tensors"],
)  # fmt: skip
def test_arguments(calls):
    check_same(training(calls=calls))


def set_rate(i, model, optimizer):
    optimizer.groups[0].lr = 0.01 / (i + 1)


def set_betas(i, model, optimizer):
    optimizer.groups[0].betas = (0.9, 0.999) if i < 3 else (0.5, 0.9)


def decay(i, model, optimizer):
    optimizer.groups[0].weight_decay = 0.1 * (i > 2)


def set_mode(i, model, optimizer):
    model.train(i % 3 != 1)


def freeze(i, model, optimizer):
    if i > 1:
        model[0].weight.requires_grad_(i % 2 == 0)


def assign(i, model, optimizer):
    if i == 3:
        model[0].weight.data = np.ones((5, 6), np.float32)


def write(i, model, optimizer):
    with tg.no_grad():
        model[0].weight *= 0.9


def load(i, model, optimizer):
    if i == 3:
        halves = {k: (np.asarray(v) * 0.5).astype(np.asarray(v).dtype) for k, v in model.state_dict().items()}
        model.load_state_dict(halves)
        optimizer.load_state_dict(optimizer.state_dict())


def load_state_of_before(i, model, optimizer, kept={}):  # noqa: B006  # between the calls of a training
    if i == 1:
        kept["state"] = copy.deepcopy(optimizer.state_dict())
    if i in (3, 5):
        optimizer.load_state_dict(kept["state"])


def step_by_hand(i, model, optimizer):
    if i in (2, 4):
        optimizer.zero_grad()
        tg.softmax_cross_entropy(model(X), Y).backward()
        optimizer.step()


def replace_layer(i, model, optimizer):
    if i == 3:
        model.insert(1, nn.ReLU()) if hasattr(model, "insert") else None


def set_dropout(i, model, optimizer):
    if i == 2:
        model[1].p = 0.1


def leave_gradients(i, model, optimizer):
    if i % 2:
        for p in model.parameters():
            p.grad = None


@pytest.mark.parametrize(
    "between",
    [set_rate, set_betas, decay, set_mode, freeze, assign, write, load, load_state_of_before,
    step_by_hand, replace_layer, set_dropout,
     leave_gradients],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_between_steps(between):
    check_same(training(between))


def test_wrong_labels_raise_and_change_nothing():
    model = network()
    optimizer = optim.Adam(model.parameters())

    @tg.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    step(X, Y)
    step(X, Y)
    before = [p.data.copy() for p in model.parameters()]
    with pytest.raises(ArgumentError, match=r"class label \d is outside"):
        step(X, Y + 5)
    for a, p in zip(before, model.parameters(), strict=True):
        np.testing.assert_array_equal(a, p.data)


# ---- Python values -----------------------------------------------------------------------------------------

SCALE = 1.0


def test_globals_and_settings_are_compared():
    def script(wrap):
        global SCALE
        settings, numbers = {"k": 1}, [1.0, 2.0]
        weight = nn.Parameter(ONES)

        @wrap
        def step(x):
            return (weight * x * SCALE * settings["k"] * numbers[1]).detach()

        found = []
        for i in range(5):
            SCALE, settings["k"], numbers[1] = float(i), i + 1, i + 2
            found.append(step(ONES).data)
        return found

    check_same(script)


@pytest.mark.parametrize("what", ["log", "module"])
def test_what_the_step_changes_in_python_is_refused_by_name(what):
    weight, log, module = nn.Parameter(ONES), [], nn.Linear(3, 1)

    @tg.compile
    def step(x):
        y = (weight * x).detach()
        if what == "log":
            log.insert(0, y)
        else:
            module.last = y
        return y

    with pytest.raises(TraceError, match=f"changes '{what}'"):
        step(ONES)


def test_branches_on_values_are_checked_before_anything_is_written():
    def script(wrap):
        weight = nn.Parameter(ONES)
        optimizer = optim.SGD([weight], lr=0.1)

        @wrap
        def step(x):
            optimizer.zero_grad()
            y = np.sum(weight * weight * x)
            if y > 0:
                y = y * 2
            y.backward()
            optimizer.step()
            return y

        return [*(step(np.full(3, v, np.float32)).data.copy() for v in (1, -1, 2, -3, 0, 1)), weight.data]

    check_same(script)


def test_a_branch_on_what_was_written_is_refused():
    weight = nn.Parameter(ONES)
    optimizer = optim.SGD([weight], lr=0.1)

    @tg.compile
    def step(x):
        optimizer.zero_grad()
        np.sum(weight * weight * x).backward()
        optimizer.step()
        return np.sum(weight) if np.sum(weight) > 2 else None

    with pytest.raises(TraceError, match="depends on what the step has written"):
        step(ONES)
    np.testing.assert_array_equal(weight.data, ONES)


@pytest.mark.parametrize(
    "leave",
    [lambda y: int(y), lambda y: f"{y:.3f}", lambda y: f"{y.item()}", lambda y: y.tolist()],
    ids=["int", "format", "format of an item", "tolist"],
)
def test_what_leaves_numpy_is_refused(leave):
    weight = nn.Parameter(ONES)
    step = tg.compile(lambda x: leave(np.sum(weight * x).detach()))
    with pytest.raises(TraceError, match=r"test_traps\.py, line"):
        step(ONES)


# ---- random draws ------------------------------------------------------------------------------------------


def test_draws_of_a_generator_stay_draws():
    def script(wrap):
        rng, weight = np.random.default_rng(3), nn.Parameter(ONES)
        step = wrap(lambda x: (weight * x + rng.standard_normal(3) + tg.dropout(weight * x, 0.5)).detach())
        with tg.seed(5):
            return [step(ONES).data for _ in range(4)]

    check_same(script)


def test_draws_are_not_lost_where_a_check_fails():
    def script(wrap):
        rng, weight = np.random.default_rng(3), nn.Parameter(ONES)

        @wrap
        def step(x):
            y = np.sum(weight * x * rng.random(3))
            return (y * 2 if y > 0 else y).detach()

        return [step(np.full(3, v, np.float32)).data for v in (1, -1, 1, -1)]

    check_same(script)


def test_draws_of_the_global_generator_are_refused():
    weight = nn.Parameter(ONES)
    step = tg.compile(lambda x: (weight * x + np.random.rand(3)).detach())  # noqa: NPY002
    with pytest.raises(TraceError, match="global generator"):
        step(ONES)


# ---- gradients, hooks, graphs ------------------------------------------------------------------------------


def test_gradients_accumulate_where_nobody_clears_them():
    def script(wrap):
        weight = nn.Parameter(ONES)
        optimizer = optim.SGD([weight], lr=0.1)

        @wrap
        def step(x):
            y = np.sum(weight * weight * x)
            y.backward()
            return y.detach()

        found = []
        for i in range(6):
            found.append(step(ONES).data.copy())
            if i % 2:
                optimizer.step()
                optimizer.zero_grad()
        return [*found, weight.data]

    check_same(script)


def test_hooks_are_refused_also_those_that_come_later():
    model = nn.Linear(6, 3, rng=0)

    @tg.compile
    def step(x):
        model.zero_grad()
        np.sum(model(x)).backward()

    step(X)
    step(X)
    remove = model.weight.register_hook(lambda g: g * 2)
    with pytest.raises(TraceError, match="has a hook"):
        step(X)
    remove()
    step(X)


def test_an_argument_that_needs_a_gradient_is_refused():
    step = tg.compile(lambda x: x * 2)
    with pytest.raises(TraceError, match="needs a gradient"):
        step(tg.Tensor(ONES, requires_grad=True))


def test_no_grad_around_the_call():
    def script(wrap):
        model = nn.Linear(6, 3, rng=0)
        step = wrap(lambda x: model(x))
        first = step(X).detach().data
        with tg.no_grad():
            return [first, step(X).data, step(X).data]

    check_same(script)


# ---- who shares memory -------------------------------------------------------------------------------------


def test_results_are_arrays_of_their_own():
    def script(wrap):
        weight = nn.Parameter(ONES)
        step = wrap(lambda x: ((weight * x).detach(), weight.detach()))
        first = step(ONES)
        second = step(ONES * 2)
        with tg.no_grad():
            weight *= 5
        return [first[0].data, second[0].data]

    check_same(script)


def test_arguments_that_are_one_array_in_the_first_call():
    def script(wrap):
        step = wrap(lambda x, y: x * 2 + y)
        a, b = np.ones(3), np.full(3, 5.0)
        return [step(a, a), step(a, b), step(b, a)]

    check_same(script)


def test_data_that_the_function_closes_over_are_read_anew():
    def script(wrap):
        data, model = normal(20, 6), nn.Linear(6, 3, rng=0)
        step = wrap(lambda i: model(data[i] * 2).detach())
        found = [step(np.array([0, 1])).data, step(np.array([5, 7])).data]
        data[...] = 7
        return [*found, step(np.array([5, 7])).data]

    check_same(script)


def test_shared_weights_and_models_as_arguments():
    def script(wrap):
        first, second = nn.Linear(6, 6, rng=0), nn.Linear(6, 6, rng=1)
        second.weight = first.weight
        step = wrap(lambda model, x: model(first(x)).detach())
        return [step(first, X).data, step(second, X).data, step(first, X2).data]

    check_same(script)


def test_methods_of_several_objects():
    def script(wrap):
        class Trainer:
            def __init__(self):
                self.model, self.scale = nn.Linear(6, 3, rng=0), 1.0
                self.optimizer = optim.SGD(self.model.parameters(), lr=0.1)

            @wrap
            def step(self, x, y):
                self.optimizer.zero_grad()
                loss = tg.softmax_cross_entropy(self.model(x), y) * self.scale
                loss.backward()
                self.optimizer.step()
                return loss

        one, other, found = Trainer(), Trainer(), []
        for i in range(4):
            one.scale = float(i + 1)
            found += [one.step(X, Y).data.copy(), other.step(X, Y).data.copy()]
        return found

    check_same(script)


def test_boolean_masks_of_several_counts():
    def script(wrap):
        step = wrap(lambda x: np.sum(x[x > 0] * 2))
        return [step(X), step(-X), step(X * 0), step(X)]

    check_same(script)


def test_keywords():
    def script(wrap):
        step = wrap(lambda x, *, a=1.0, b=0.0: x * a + b)
        return [step(X, a=2.0), step(X, b=X), step(X, b=X * 2, a=3.0), step(X, a=3.0, b=X)]

    check_same(script)


# ---- errors, threads ---------------------------------------------------------------------------------------


def test_errors_of_floating_point_are_those_of_the_caller():
    step = tg.compile(lambda x: np.log(x))
    step(np.ones(2))
    step(np.ones(2))
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        step(np.zeros(2))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        step(np.zeros(2))


def test_an_exception_of_the_function_leaves_what_the_function_has_done():
    def script(wrap):
        model, bad = nn.Linear(6, 3, rng=0), [True]
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        @wrap
        def step(x, y):
            optimizer.zero_grad()
            loss = tg.softmax_cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            if bad[0]:
                raise KeyError("the function's own")
            return loss

        with pytest.raises(KeyError):
            step(X, Y)
        bad[0] = False
        return [step(X, Y).data, model.weight.grad.data]

    check_same(script)


def test_threads_take_turns():
    model = nn.Linear(6, 3, rng=0)
    step = tg.compile(lambda x: np.tanh(model(x)).detach())
    found = {}

    def run(k):
        found[k] = [step(X * k).data for _ in range(30)]

    threads = [threading.Thread(target=run, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, results in found.items():
        for result in results:
            np.testing.assert_array_equal(result, np.tanh(model(X * k)).data)


def test_a_step_that_is_refused_leaves_what_python_holds():
    kept, best, names = [1.0], {"loss": 2.0}, {"a"}

    @tg.compile
    def step(x):
        kept.append(x.sum().item())
        kept[0] = best.pop("loss")
        best["other"] = x
        names.clear()
        return x * 2

    for _ in range(2):
        with pytest.raises(TraceError, match="changes"):
            step(ONES)
        assert (kept, best, names) == ([1.0], {"loss": 2.0}, {"a"})
