"""A compiled step gives the bits that the function itself gives, step after step."""

import gc
import re
import traceback
import tracemalloc
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.errors import ArgumentError, TraceError
from tinygrad_edu.ops import blocks

pytestmark = pytest.mark.usefixtures("quick_c")
STEPS = 8
ACTIVATIONS = (
    "ReLU", "LeakyReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Sigmoid", "Tanh", "Softplus",
    "Softsign", "Hardswish", "Hardsigmoid", "Hardtanh", "ReLU6", "PReLU", "LogSoftmax",
)  # fmt: skip
OPTIMIZERS = {
    "SGD": {"lr": 0.1}, "momentum": {"lr": 0.1, "momentum": 0.9}, "Adam": {}, "AdamW": {}, "RMSprop": {},
    "nesterov": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}, "NAdam": {},
    "amsgrad": {"amsgrad": True}, "centered": {"centered": True, "momentum": 0.9}, "RAdam": {}, "Adagrad": {},
    "Adadelta": {}, "Adamax": {}, "Lion": {}, "l1": {"l1": 0.01},
}  # fmt: skip
CLASSES = {"momentum": "SGD", "nesterov": "SGD", "amsgrad": "Adam", "centered": "RMSprop", "l1": "Adam"}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


WITH_C = pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
X, Y = normal(8, 6), np.random.default_rng(1).integers(0, 3, 8)


def perceptron(*between):
    return lambda: nn.Sequential(nn.Linear(6, 5), *(make() for make in between), nn.Linear(5, 3))


def made(network, optimizer, loss, clip):
    """A model and the function that trains it, the same in every call."""
    with tg.seed(0):
        model = network()
    chosen = optimizer(model.parameters())

    def step(x, y):
        chosen.zero_grad()
        value = loss(model(x), y)
        value.backward()
        if clip:
            clip(model.parameters())
        chosen.step()
        return value

    return model, step


def check_training(
    network, x=X, y=Y, loss=tg.softmax_cross_entropy, optimizer=lambda p: optim.SGD(p, lr=0.01), clip=None
):
    """The same losses, parameters, buffers and gradients, to the bit, in every step."""
    model, step = made(network, optimizer, loss, clip)
    other, function = made(network, optimizer, loss, clip)
    compiled = tg.compile(function)
    for _ in range(STEPS):
        np.testing.assert_array_equal(compiled(x, y).data, step(x, y).data)
        for (name, a), b in zip(other.state_dict().items(), model.state_dict().values(), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)
        for a, b in zip(other.parameters(), model.parameters(), strict=True):
            np.testing.assert_array_equal(a.grad.data, b.grad.data)
    assert len(compiled.specializations) <= 3


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    check_training(perceptron(getattr(nn, name)))


@pytest.mark.parametrize("name", ["ReLU", "Tanh", "Sigmoid"])
def test_large_products_with_temporaries_lie_as_numpy_puts_them(name):
    """NumPy writes g * f(x) into f(x) if that is large: what comes after sums in its order."""
    images = [lambda: nn.Conv2d(2, 17, (3, 2)), getattr(nn, name), nn.Flatten, lambda: nn.Linear(3757, 3)]
    check_training(
        lambda: nn.Sequential(*(make() for make in images)), normal(33, 2, 19, 14), np.arange(33) % 3
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    make = getattr(optim, CLASSES.get(name, name))
    check_training(perceptron(nn.Tanh), optimizer=lambda p: make(p, **OPTIMIZERS[name]))


def test_a_large_parameter_is_not_written_into_itself():
    wide, x = lambda: nn.Sequential(nn.Linear(260, 260), nn.ReLU(), nn.Linear(260, 3)), normal(8, 260)
    check_training(wide, x)
    _, step = made(wide, lambda p: optim.SGD(p, lr=0.01), tg.softmax_cross_entropy, None)
    compiled = tg.compile(step)
    compiled(x, Y)
    assert "weight[...] =" not in compiled.source


@pytest.mark.parametrize(
    "layers",
    [
        [lambda: nn.BatchNorm1d(5), nn.ReLU], [lambda: nn.LayerNorm(5)], [lambda: nn.RMSNorm(5)],
        [lambda: nn.Dropout(0.5), nn.ReLU], [lambda: nn.Dropout(0.5, rng=0)],
        [lambda: nn.BatchNorm1d(5, momentum=None)],
    ],
)  # fmt: skip
def test_layers_with_a_state_or_draws(layers):
    check_training(perceptron(*layers))


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (tg.mse_loss, normal(8, 3)), (tg.l1_loss, normal(8, 3)), (tg.smooth_l1_loss, normal(8, 3)),
        (tg.binary_cross_entropy_with_logits, (normal(8, 3) > 0).astype(np.float32)),
        (lambda a, b: tg.softmax_cross_entropy(a, b, label_smoothing=0.1), Y),
        (lambda a, b: tg.softmax_cross_entropy(a, b, weight=[1, 2, 3.0]), Y),
        (lambda a, b: tg.nll_loss(tg.log_softmax(a), b, weight=[1, 2, 3.0]), Y),
    ],
)  # fmt: skip
def test_losses(loss, y):
    check_training(perceptron(nn.Tanh), y=y, loss=loss)


@pytest.mark.parametrize(
    "clip", [lambda p: optim.clip_grad_norm(p, 0.1), lambda p: optim.clip_grad_value(p, 0.01)]
)
def test_clipping(clip):
    check_training(perceptron(nn.Tanh), clip=clip)


class Reader(nn.Module):
    """The last state of a recurrent layer, and scores of it."""

    def __init__(self, kind):
        self.rnn, self.out = getattr(nn, kind)(6, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.out(self.rnn(x)[0][-1])


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_recurrent_layers(kind):
    check_training(lambda: Reader(kind), x=normal(7, 8, 6))


class ReaderOfSeveralLengths(nn.Module):
    """Recurrent layers of several kinds, that read up to where x is 0."""

    def __init__(self):
        self.rnn = nn.RNN(6, 5, 2, dropout=0.5, rng=0)
        self.gru = nn.GRU(6, 5, bidirectional=True, batch_first=True)
        self.lstm, self.out = nn.LSTM(15, 5, proj_size=4), nn.Linear(13, 3)

    def forward(self, x, lengths=None):
        if lengths is None:
            lengths = np.count_nonzero(np.any(x != 0, axis=2), axis=0)
        first, _ = self.rnn(x, lengths=lengths)
        second, ends = self.gru(np.swapaxes(x, 0, 1), lengths=lengths)
        third, (h, _) = self.lstm(np.concatenate([first, np.swapaxes(second, 0, 1)], 2), lengths=lengths)
        return self.out(np.concatenate([np.sum(third, axis=0), h[0], ends[1]], 1))


def sequences(lengths, steps=7):
    """Sequences of these lengths, of at most seven steps, as one array."""
    x = normal(steps, len(lengths), 6, seed=sum(lengths))
    for i, length in enumerate(lengths):
        x[length:, i] = 0
    return x


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_sequences_of_several_lengths_which_differ_from_call_to_call(backend):
    """The lengths are an argument, and live: there is one trace for all."""
    models, steps = [], []
    for _ in range(2):
        with tg.seed(0):
            models.append(ReaderOfSeveralLengths())
        optimizer = optim.Adam(models[-1].parameters())

        def step(x, y, lengths, model=models[-1], optimizer=optimizer):
            optimizer.zero_grad()
            loss = tg.softmax_cross_entropy(model(x, lengths), y)
            loss.backward()
            optimizer.step()
            return loss

        steps.append(step)
    function, compiled = steps[0], tg.compile(steps[1], backend=backend)
    exact = backend == "numpy"
    for lengths in ([7, 3, 5, 1], [2, 7, 7, 0], [1, 1, 1, 1], [7, 7, 7, 7], [0, 0, 0, 4]):
        x, y = normal(7, 4, 6), Y[:4]
        mine, theirs = compiled(x, y, np.array(lengths)), function(x, y, np.array(lengths))
        np.testing.assert_allclose(mine.data, theirs.data, rtol=0 if exact else 1e-5)
        for a, b in zip(models[1].parameters(), models[0].parameters(), strict=True):
            np.testing.assert_allclose(a.data, b.data, rtol=0 if exact else 1e-4, atol=0 if exact else 1e-5)
    assert (compiled.traces, compiled.eager) == (1, 0)
    with pytest.raises(ArgumentError, match="lengths are from 0 to 7"):
        compiled(x, y, np.array([7, 8, 1, 1]))
    assert np.isfinite(compiled(x, y, [7, 3, 5, 1]).item())  # numbers of Python's, of which there is a trace


def test_second_derivatives_where_lengths_are_live():
    lstm = nn.LSTM(6, 5, rng=0).freeze()

    def penalty(x, lengths):
        (g,) = tg.grad(lambda x: np.sum(lstm(x, lengths=lengths)[0] ** 2), argnums=(0,))(x)
        return np.sum(g**2)

    function, compiled = tg.grad(penalty), tg.compile(tg.grad(penalty))
    for lengths in ([7, 3, 5, 1], [7, 3, 5, 1], [2, 7, 7, 0]):
        x = normal(7, 4, 6)
        np.testing.assert_array_equal(compiled(x, np.array(lengths)), function(x, np.array(lengths)))


@pytest.mark.parametrize("backend", ["numpy", "auto"])
@pytest.mark.parametrize(
    "loss",
    [
        tg.softmax_cross_entropy,
        lambda a, b: tg.softmax_cross_entropy(a, b, label_smoothing=0.1, reduction="none").sum(),
        lambda a, b: tg.softmax_cross_entropy(a, b, weight=[1, 2, 3.0]),
        tg.multi_margin_loss,
    ],
)
def test_scores_that_depend_on_what_the_step_has_written_have_a_loss_of_labels(loss, backend):
    """How many labels there are is no matter of the scores."""
    models, steps = [], []
    for compiled in (False, True):
        model = nn.Linear(6, 3, rng=0)
        model.mean = nn.Buffer(np.zeros(3, np.float32))
        optimizer = optim.Adam(model.parameters())

        def step(x, y, model=model, optimizer=optimizer):
            optimizer.zero_grad()
            z = model(x)
            with tg.no_grad():
                model.mean *= 0.9
                model.mean += 0.1 * np.mean(z.detach(), axis=0)
            value = loss(z - model.mean.detach(), y)
            value.backward()
            optimizer.step()
            return value

        models.append(model)
        steps.append(tg.compile(step, backend=backend) if compiled else step)
    labels = [Y, Y[::-1].copy(), *([np.where(Y == 0, -100, Y)] if loss is not tg.multi_margin_loss else [])]
    exact = backend == "numpy"
    for y in [*labels, Y]:
        mine, theirs = steps[1](X, y), steps[0](X, y)
        np.testing.assert_allclose(mine.data, theirs.data, rtol=0 if exact else 1e-6)
        for a, b in zip(models[1].state_dict().values(), models[0].state_dict().values(), strict=True):
            np.testing.assert_allclose(a, b, rtol=0 if exact else 1e-4, atol=0 if exact else 1e-6)
    assert steps[1].traces == 1
    for wrong in steps:
        with pytest.raises(ArgumentError, match="class label 3 is outside"):
            wrong(X, np.where(Y == 0, 3, Y))
    np.testing.assert_array_equal(models[1].mean.data, models[0].mean.data)


RETURNED = {
    "weight.data": lambda m, x: m.weight.data,
    "weight.data[0]": lambda m, x: m.weight.data[0],
    "weight.data.T": lambda m, x: m.weight.data.T,
    "weight.data.reshape(-1)": lambda m, x: m.weight.data.reshape(-1),
    "np.split(weight.data)": lambda m, x: np.split(m.weight.data, 2)[1],
    "weight.data.copy()": lambda m, x: m.weight.data.copy(),
    "weight.detach()": lambda m, x: m.weight.detach(),
    "weight.grad.data": lambda m, x: m.weight.grad.data,
    "weight": lambda m, x: m.weight,
    "buffer.data": lambda m, x: m.total.data,
    "x": lambda m, x: x,
    "x[0]": lambda m, x: x[0],
    "x.T": lambda m, x: x.T,
    "x * 1": lambda m, x: x * 1,
    "np.zeros": lambda m, x: np.zeros(3),
    "in a list": lambda m, x: [m.weight.data[0], {"total": m.total.data}],
}


@pytest.mark.parametrize("kind", [np.asarray, tg.Tensor], ids=["array", "tensor"])
@pytest.mark.parametrize("backend", ["numpy", "auto"])
@pytest.mark.parametrize("name", RETURNED)
def test_what_is_returned_is_the_live_array_where_the_function_gives_that(name, backend, kind):
    found = []
    for compiled in (False, True):
        model = nn.Linear(3, 2, rng=0)
        model.total, optimizer = nn.Buffer(np.zeros(3)), optim.SGD(model.parameters(), lr=0.1)

        def step(x, model=model, optimizer=optimizer):
            optimizer.zero_grad()
            loss = np.mean(model(x) ** 2)
            loss.backward()
            optimizer.step()
            with tg.no_grad():
                model.total += 1
            return loss, RETURNED[name](model, x)

        step, x = tg.compile(step, backend=backend) if compiled else step, np.ones((4, 3), np.float32)
        calls = [flattened(step(kind(x))[1]) for _ in range(3)]
        there = [x, model.weight.data, model.total.data]
        shared = [[np.shares_memory(a, b) for b in (*there, *calls[0])] for a in calls[2]]
        found.append((shared, [array.tolist() for array in (*calls[0], *calls[2])]))
    assert found[0][0] == found[1][0]
    for mine, theirs in zip(found[1][1], found[0][1], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0 if backend == "numpy" else 1e-6)


def flattened(tree):
    """The arrays in what a step returns."""
    if isinstance(tree, (list, dict)):
        return [a for part in (tree.values() if isinstance(tree, dict) else tree) for a in flattened(part)]
    return [tree.data if isinstance(tree, tg.Tensor) else tree]


def test_convolutions():
    def network():
        images = [
            nn.Conv2d(1, 4, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 3),
            nn.BatchNorm2d(4),
        ]
        return nn.Sequential(*images, nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 3))

    check_training(network, x=normal(4, 1, 8, 8), y=Y[:4], optimizer=optim.Adam)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_transformer(dropout):
    def network():
        return nn.Sequential(nn.TransformerEncoderLayer(6, 2, 8, dropout=dropout), nn.Linear(6, 3))

    check_training(network, x=normal(4, 8, 6), y=np.random.default_rng(2).integers(0, 3, (4, 8)))


def test_embedding():
    indices = np.random.default_rng(3).integers(0, 10, 8)
    check_training(lambda: nn.Sequential(nn.Embedding(10, 6), nn.Linear(6, 3)), x=indices)


def f(x):
    return np.sum(np.sin(x) ** 2 * np.exp(-x))


@pytest.mark.parametrize(
    "function",
    [
        tg.grad(f), tg.hessian(f), tg.value_and_grad(f), lambda x: tg.jvp(f, (x,), (x,)),
        lambda x: tg.grad(f)(x) * 2,
    ],
)  # fmt: skip
def test_derivatives_of_functions(function):
    compiled = tg.compile(function)
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal(4)
        for a, b in zip(
            *(y if isinstance(y, tuple) else (y,) for y in (compiled(x), function(x))), strict=True
        ):
            np.testing.assert_array_equal(a, b)


def test_inference():
    model = nn.Sequential(nn.Linear(6, 5, rng=0), nn.Tanh(), nn.Linear(5, 3, rng=1))
    predict = tg.compile(lambda x: model(x).detach())
    for seed in range(3):
        x = normal(4, 6, seed=seed)
        np.testing.assert_array_equal(predict(x).data, model(x).data)


def test_the_source_is_what_runs_and_needs_numpy_alone():
    step = tg.compile(lambda x: np.tanh(x) * 2)
    with pytest.raises(TraceError, match="no source yet"):
        _ = step.source
    step(np.ones(3))
    assert "\ndef step(x):\n" in step.source
    assert "tanh(x" in step.source
    assert "tinygrad" not in step.source


def test_both_forms_of_the_decorator_and_a_backend_that_there_is_not():
    @tg.compile(backend="numpy")
    def doubled(x):
        return x * 2

    np.testing.assert_array_equal(doubled(np.ones(3)), np.full(3, 2.0))
    with pytest.raises(ArgumentError, match="'numpy', 'c', 'numba', 'auto'; got 'fortran'"):
        tg.compile(lambda x: x, backend="fortran")
    with pytest.raises(ArgumentError, match="expected a function; got int"):
        tg.compile(3)
    with pytest.raises(ArgumentError, match="generator"):

        @tg.compile
        def batches():
            yield 1


def test_the_report_tells_why_there_are_traces():
    model = nn.Linear(6, 3, rng=0)
    step = tg.compile(lambda x: model(x).detach())
    for x in (X, X, X[:4]):
        step(x)
    model.eval()
    step(X)
    report = step.report()
    assert "3 traces" in report
    assert "the first call" in report
    assert "other shapes, dtypes or values of arguments" in report
    assert "other settings of modules" in report
    assert "bytes of buffers" in report
    assert len(re.findall(r"traced in \d+ ms, a call among them, and made ready in \d+ ms", report)) == 3


def test_a_function_of_too_many_kinds_runs_as_it_is():
    step = tg.compile(lambda x, k: x * int(k))
    for k in range(40):
        np.testing.assert_array_equal(step(np.ones(3), str(k)), np.full(3, float(k)))
    assert "after 32 traces" in step.report()


def test_a_traceback_shows_the_users_line_that_failed():
    step = tg.compile(lambda x: np.log(x) * 2)
    step(np.ones(2))
    with np.errstate(all="raise"), pytest.raises(FloatingPointError) as caught:
        step(np.zeros(2))
    line = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert line.filename == __file__
    assert line.name == "<lambda>"


NETWORKS = {
    "a perceptron": (
        lambda: nn.Sequential(nn.Linear(6, 50), nn.Tanh(), nn.Linear(50, 50), nn.GELU(), nn.Linear(50, 3)),
        (2000, 6),
    ),
    "large matrices": (
        lambda: nn.Sequential(nn.Linear(300, 900), nn.ReLU(), nn.Linear(900, 900), nn.Linear(900, 3)),
        (64, 300),
    ),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2), nn.ReLU(),
            nn.Flatten(), nn.Linear(8 * 11 * 11, 3),
        ),
        (64, 1, 24, 24),
    ),
}  # fmt: skip


@pytest.mark.parametrize("backend", ["numpy", pytest.param("c", marks=WITH_C)])
@pytest.mark.parametrize(("network", "shape"), NETWORKS.values(), ids=NETWORKS)
def test_arrays_of_a_step_are_no_more_than_those_of_the_function(
    network, shape, backend, tmp_path, monkeypatch
):
    """What is alive after it, gradients among them, and what more there is at its peak.

    Formulas are computed whole in both: by blocks, as the function does, they need less memory yet.
    """
    monkeypatch.setattr(blocks, "LEAST", np.inf)
    x, y = normal(*shape), np.random.default_rng(1).integers(0, 3, shape[0])
    arrays = [tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)]

    def measured(wrap):
        tracemalloc.start()
        _, function = made(network, optim.Adam, tg.softmax_cross_entropy, None)
        step = wrap(function)
        for _ in range(3):
            step(x, y)
        tracemalloc.reset_peak()
        step(x, y)
        now, peak = tracemalloc.get_traced_memory()
        alive = sum(t.size for t in tracemalloc.take_snapshot().filter_traces(arrays).traces)
        tracemalloc.stop()
        return alive + peak - now

    eager = measured(lambda f: f)
    assert measured(lambda f: tg.compile(f, backend=backend, cache=tmp_path / "new")) <= 1.05 * eager


def test_a_trace_forgets_the_batch_that_it_was_made_of():
    model = nn.Sequential(nn.Linear(6, 50), nn.Tanh(), nn.Linear(50, 3))
    for function in (
        model,
        lambda x: [model(x), {"again": x}],
        lambda x: tg.softmax_cross_entropy(model(x), Y),
    ):
        step, x = tg.compile(function), normal(len(Y), 6)
        seen = weakref.ref(x)
        returned = weakref.ref(np.asarray(step(x))) if function is model else None
        gc.collect()
        del x
        assert seen() is None
        assert returned is None or returned() is None
        step(normal(len(Y), 6, seed=1))
        assert step.traces == 1


@pytest.mark.parametrize(("make", "said"), [(optim.LBFGS, "LBFGS"), (optim.Muon, "Muon")])
def test_optimizers_that_are_no_fixed_list_of_calls_are_refused_by_name(make, said):
    weight = nn.Parameter(np.ones((3, 3), np.float32))
    optimizer = make([weight])

    @tg.compile
    def step(x):
        optimizer.zero_grad()
        np.sum(weight * x).backward()
        optimizer.step()

    with pytest.raises(TraceError, match=said):
        step(np.ones(3, np.float32))
    assert (weight.data == 1).all()


@pytest.mark.parametrize("optimizer", ["RAdam", "NAdam"])
@pytest.mark.parametrize("late", [0, 3])
def test_each_step_of_a_call_has_a_phase_of_its_own(optimizer, late):
    """So has each parameter, where one learns later than others."""

    def trained(wrap):
        w, v = (tg.Tensor(np.ones(3), requires_grad=True) for _ in range(2))
        chosen = getattr(optim, optimizer)([w, v], lr=0.1)

        def step(x, both=True):
            chosen.zero_grad()
            ((w * x) ** 2 + ((v * x) ** 3 if both else 0)).sum().backward()
            chosen.step()
            chosen.step()

        compiled = wrap(step)
        for _ in range(late):
            step(np.ones(3), both=False)
        for k in range(9):
            compiled(np.full(3, 1 + k / 10))
            yield w.data.copy(), v.data.copy()

    for found, expected in zip(trained(tg.compile), trained(lambda step: step), strict=True):
        np.testing.assert_array_equal(found, expected)
