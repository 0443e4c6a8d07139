"""The doctor: each malady is found where it is, with its number and cure, and not where it is not.

Whether a case is sick is known by how it was made (`tests.train.sick`); numbers that can be computed by hand
are.
"""

import copy
import math
import random
import re
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.train import examples
from tests.train.sick import CASES
from tests.train.sick.base import net, table, training
from tests.train.sick.steps import by_hand
from tinygrad_edu import data, nn, optim, train
from tinygrad_edu.errors import ArgumentError
from tinygrad_edu.train.clinic import of_steps
from tinygrad_edu.train.clinic.doctor import OF_RUNS, OF_STEPS

ALL = [(name, i, make) for name, makes in CASES.items() for i, make in enumerate(makes)]
IDS = [f"{name} {i}" for name, i, _ in ALL]


# ---- every malady, present and absent ----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "i", "make"), ALL, ids=IDS)
def test_a_malady_is_found_where_it_is(name, i, make):
    report = train.doctor(**make(True))
    finding = report[name]
    assert finding.where
    assert re.search(r"\d", finding.evidence) or name == "refused"
    assert finding.cure.endswith((".", "?"))
    assert math.isfinite(finding.number) or name in ("not finite", "rate too high")
    assert name in str(report)
    failed = {what: why for what, why in report.left_out.items() if "give " not in why}
    assert not failed or name.endswith("s not finite")


@pytest.mark.parametrize(("name", "i", "make"), ALL, ids=IDS)
def test_nothing_is_found_where_it_is_not(name, i, make):
    report = train.doctor(**make(False))
    assert not report.findings, str(report)
    assert name in report.looked_for
    assert all("give " in why for why in report.left_out.values())


def test_there_are_many_maladies_and_the_docstring_names_each():
    assert len(CASES) >= 40
    text = " ".join(train.doctor.__doc__.split())
    assert [name for name in CASES if name not in text] == []


def test_every_malady_that_a_check_names_has_a_case():
    named = {name for check in OF_RUNS for name in " ".join(check.__doc__.split()).split(", ")} | {*OF_STEPS}
    assert named - CASES.keys() == set()


# ---- numbers that are known --------------------------------------------------------------------------------


def number(name, i=0):
    return train.doctor(**CASES[name][i](True))[name].number


def test_the_numbers_are_those_computed_by_hand():
    x, y = table()
    assert number("inputs not finite") == 1
    column = table()[0][:, 3] * 300 + 1000
    assert number("inputs not scaled") == pytest.approx(np.sqrt(np.mean(column**2)))
    assert number("constant features") == 1
    assert number("class imbalance") == np.mean(x[:, 0] <= 2.0)
    assert number("column against row") == 32 * 32
    assert number("softmax before cross-entropy") == pytest.approx(1)
    assert number("dropout before the output") == 0.3
    assert number("sorted data") == 2
    assert number("dead ReLU") == 12 / 16
    assert number("identical units") == 16
    assert number("targets out of reach") == np.mean(np.sin(x[:, 0]) + 0.5 * x[:, 1] < -0.01)
    assert number("outside the optimizer") == 2
    assert number("weight decay too strong") == 0.5
    assert number("parameters without gradient") == 2
    assert number("no zero_grad") == pytest.approx(1, abs=0.1)
    assert number("classes as numbers") == len(np.unique(y))


def test_a_finding_names_the_place():
    def where(name, i=0):
        return train.doctor(**CASES[name][i](True))[name].where

    assert where("softmax before cross-entropy") == "layer 3 (Softmax)"
    assert where("dead ReLU") == "layer 1"
    assert re.search(r"units\.py:\d+ in forward", where("dead ReLU", 1))
    assert re.search(r"np\.subtract at .*model\.py:\d+ in <lambda>", where("column against row"))
    assert re.search(r"model\.py:\d+ in loss", where("refused", 1))
    assert re.search(r"descent\.py:\d+ in forward", where("not finite"))
    assert re.search(r"steps\.py:\d+ in step", where("no zero_grad"))
    assert where("parameters without gradient") == "forgotten.weight, forgotten.bias"
    assert where("inputs not finite") == "inputs, example 7, column 2"


def test_a_layer_that_holds_a_nan_is_named():
    model = net(4, 16, 3)
    model[2].bias.data[1] = np.nan
    report = train.doctor(model, nn.CrossEntropyLoss(), table())
    assert report.names == ["not finite"]
    assert report["not finite"].where.startswith("layer 2, at ")
    assert "bias[1] is nan already (1 of 3 elements are not finite)" in report["not finite"].evidence


def test_an_infinite_loss_of_a_step_of_ones_own_is_no_rate():
    model, (x, y) = nn.Sequential(net(4, 16, 3), nn.Softmax()), table()
    x = x * 1e4

    def step():
        model.zero_grad()
        loss = -np.mean(np.log(model(x)[np.arange(len(y)), y]))
        loss.backward()
        return loss

    with np.errstate(all="ignore"):
        finding = train.doctor(model, step=step, optimizer=optim.SGD(model.parameters(), lr=0.0))[
            "not finite"
        ]
    assert "np.log returned -inf" in finding.evidence


def test_a_nan_is_told_by_the_debug_mode():
    finding = train.doctor(**CASES["not finite"][0](True))["not finite"]
    assert "np.log returned -inf" in finding.evidence
    assert "tg.log_softmax(logits)" in finding.cure


# ---- nothing is changed ------------------------------------------------------------------------------------


def bits(model, optimizer=None):
    """All that a training depends on, as bytes and texts."""
    parameters = [
        (n, p.data.tobytes(), None if p.grad is None else p.grad.data.tobytes())
        for n, p in model.named_parameters()
    ]
    buffers = [(n, b.data.tobytes()) for n, b in model.named_buffers()]
    modules = [(path, m.training, sorted(vars(m))) for path, m in model.named_modules()]
    generators = [
        str(v.bit_generator.state)
        for m in model.modules()
        for v in vars(m).values()
        if isinstance(v, np.random.Generator)
    ]
    return parameters, buffers, modules, generators, str(optimizer and optimizer.state_dict())


@pytest.fixture
def trained():
    """A model with everything that has a state, in the middle of a training."""
    drop = nn.Dropout(0.2, rng=3)
    model = nn.Sequential(
        nn.Linear(4, 16, rng=0), nn.BatchNorm1d(16), nn.ReLU(), drop, nn.Linear(16, 3, rng=1)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    x, y = table()
    for _ in range(3):
        optimizer.zero_grad()
        tg.softmax_cross_entropy(model(x), y).backward()
        optimizer.step()
    model[3].eval()
    return model, optimizer


def test_model_optimizer_and_generators_are_as_they_were(trained):
    model, optimizer = trained
    x, y = table()
    loader = data.DataLoader((x, y), 32, shuffle=True)
    next(iter(loader))
    arrays = [p.data.__array_interface__["data"][0] for p in model.parameters()]
    python, numpy = random.getstate(), np.random.get_state()[1].tobytes()  # noqa: NPY002
    with tg.seed(5):
        before = (
            bits(model, optimizer),
            loader.state_dict(),
            str(tg.random.DEFAULT.get().value.bit_generator.state),
        )
        train.doctor(model, nn.CrossEntropyLoss(), loader, optimizer)
        after = (
            bits(model, optimizer),
            loader.state_dict(),
            str(tg.random.DEFAULT.get().value.bit_generator.state),
        )
    assert before == after
    assert arrays == [p.data.__array_interface__["data"][0] for p in model.parameters()]
    assert (random.getstate(), np.random.get_state()[1].tobytes()) == (python, numpy)  # noqa: NPY002


def test_a_training_goes_on_as_if_nobody_had_looked(trained):
    def step(model, optimizer):
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    x, y = table()
    model, optimizer = trained
    other = copy.deepcopy(trained)
    train.doctor(model, nn.CrossEntropyLoss(), (x, y), optimizer)
    assert [step(*trained) for _ in range(3)] == [step(*other) for _ in range(3)]


def test_a_step_of_ones_own_is_taken_back(trained):
    model, optimizer = trained
    x, y = table()
    rng, loader = np.random.default_rng(1), data.DataLoader((x, y), 32, shuffle=True)

    def step():
        rows = rng.integers(0, 200, 32)
        next(iter(loader))
        random.random()
        np.random.rand()  # noqa: NPY002
        loss = tg.softmax_cross_entropy(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        return loss.item()

    def state():
        numpy = np.random.get_state()[1].tobytes()  # noqa: NPY002
        return (
            bits(model, optimizer),
            str(rng.bit_generator.state),
            loader.state_dict(),
            random.getstate(),
            numpy,
        )

    before = state()
    report = train.doctor(step=step)
    assert state() == before
    assert sorted(report.names) == ["no zero_grad", "trained in evaluation mode"]


def test_a_live_graph_can_still_be_differentiated(trained):
    model, optimizer = trained
    x, y = table()
    loss = tg.softmax_cross_entropy(model(x), y)
    train.doctor(model, nn.CrossEntropyLoss(), (x, y), optimizer)
    loss.backward()


def test_a_loss_that_reaches_the_users_own_model_leaves_it_alone():
    model = net(4, 16, 3)
    loss = lambda out, y: (
        tg.softmax_cross_entropy(out, y) + 1e-4 * sum(np.sum(p**2) for p in model.parameters())
    )
    before = bits(model)
    assert not train.doctor(model, loss, table(), optim.Adam(model.parameters(), lr=0.01)).findings
    assert bits(model) == before


def test_everything_is_taken_back_after_an_error_too(trained):
    model, optimizer = trained

    def step():
        for p in model.parameters():
            p.data[...] = 7
        raise KeyError("in the middle")

    before = bits(model, optimizer)
    report = train.doctor(step=step, model=model)
    assert "KeyError: 'in the middle'" in report["refused"].evidence
    assert bits(model, optimizer) == before


# ---- the report --------------------------------------------------------------------------------------------


def test_errors_come_first_and_each_once():
    model = net(4, 16, 3, end=[nn.Softmax()])
    x, y = table()
    x[:, 3] = 5.0
    report = train.doctor(model, nn.CrossEntropyLoss(), (x, y), optim.Adam(model.parameters(), lr=0.01))
    assert report.names == ["softmax before cross-entropy", "batch not learned", "constant features"]
    assert [finding.gravity for finding in report] == ["error", "error", "note"]
    assert len(report) == 3
    assert "constant features" in report
    assert str(report).splitlines()[0] == "doctor: 3 findings"
    assert all(len(line) <= 100 for line in str(report).splitlines())
    with pytest.raises(KeyError, match="'rate too high' was not found; found: softmax before"):
        report["rate too high"]


def test_the_html_is_escaped():
    def loss(out, y):
        raise ValueError("<script>alert(1)</script> & more")

    report = train.doctor(net(4, 16, 3), loss, table())
    html = report._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html
    assert html.count("<tr>") == 1 + len(report)
    assert "rates, weight decay" in html


def test_nothing_found_says_how_much_was_looked_for():
    report = train.doctor(**training())
    assert re.fullmatch(r"doctor: nothing found, of \d+ maladies looked for", str(report).splitlines()[0])
    assert len(report.looked_for) >= 40
    assert "<table>" not in report._repr_html_()


def test_what_is_not_looked_at_is_said():
    report = train.doctor(net(4, 16, 3), nn.CrossEntropyLoss(), table())
    assert set(report.left_out) == {"rates, weight decay, parameters outside the optimizer"}


def test_the_same_call_finds_the_same():
    first, second = (str(train.doctor(**CASES["rate too high"][0](True))) for _ in range(2))
    assert first == second


# ---- what it is given --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"doctor: give data, as fit takes them, or step="),
        ({"data": iter([])}, "doctor: data is an iterator, which would be used up"),
        ({"data": table(), "model": nn.Linear}, "doctor: the model is an instance; got the class Linear"),
        ({"data": table(), "model": 3}, "doctor: expected a Module as the model; got int"),
        ({"data": table(), "model": net(4, 3)}, r"doctor: expected a function of \(outputs, targets\)"),
        ({"data": table(), "steps": 0}, "doctor: steps is at least 1, a whole number; got 0"),
        ({"step": 3}, "doctor: step is a function without arguments; got int"),
        ({"step": lambda: None}, "doctor: give the model, too: .* lead to no Module; without one"),
        (
            {"data": table(), "model": net(4, 3), "loss": nn.MSELoss(), "optimizer": optim.SGD},
            "doctor: the optimizer is an instance; got the class SGD",
        ),
    ],
)
def test_what_cannot_be_examined_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        train.doctor(**arguments)


@pytest.mark.parametrize(
    "pair", [(np.zeros((0, 4)), np.zeros(0, int)), (np.zeros((3, 4)), np.zeros(2, int)), np.ones((8, 4))]
)
def test_data_of_no_use_are_a_finding(pair):
    report = train.doctor(net(4, 16, 3), nn.CrossEntropyLoss(), pair)
    assert report.names == ["refused"]
    assert "everything else" in report.left_out


def test_data_in_other_forms():
    x, y = table()
    samples = list(zip(x.astype(np.float32), y))
    for given in (
        samples,
        lambda: iter(samples),
        data.DataLoader((x, y), 16, shuffle=True),
        (tg.Tensor(x), y),
    ):
        args = training(pair=given)
        assert not train.doctor(**args).findings


def test_weights_of_examples():
    x, y = table()
    args = training(loss=nn.CrossEntropyLoss(reduction="none"), pair=(x, y, np.ones(len(x))))
    assert not train.doctor(**args).findings


def test_lbfgs_has_no_rate_to_judge():
    model = net(4, 16, 3)
    args = training(model, optimizer=lambda m: optim.LBFGS(m.parameters()))
    assert not train.doctor(**args).findings


def test_inside_of_other_modes():
    args = training()
    with tg.no_grad():
        assert not train.doctor(**args).findings
    with tg.debug():
        assert not train.doctor(**args).findings
    with np.errstate(all="raise"):
        assert train.doctor(**CASES["rate too high"][0](True)).names == ["rate too high"]


def test_no_warning_comes_through():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train.doctor(**CASES["exploding activations"][0](True))


def test_generators_and_loaders_of_a_closure_are_found():
    rng = np.random.default_rng(0)
    loader = data.DataLoader((np.ones((4, 2)),))
    found = of_steps.others_of(lambda: (rng, loader, 3))
    assert {*found} == {rng, loader}


def test_steps_in_other_styles_are_well():
    model, (x, y) = net(4, 16, 3), table(64)

    def loss(model):
        return tg.softmax_cross_entropy(model(x), y)

    def by_transform():
        for p, slope in zip(model.parameters(), tg.grad(loss)(model).parameters()):
            p.data -= 0.1 * slope.data

    def by_hand():
        model.zero_grad()
        loss(model).backward()
        with tg.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad

    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def in_parts():
        optimizer.zero_grad()
        for part in range(4):
            rows = slice(16 * part, 16 * part + 16)
            (tg.softmax_cross_entropy(model(x[rows]), y[rows]) / 4).backward()
        optim.clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()

    for step in (by_transform, by_hand, in_parts):
        assert not train.doctor(step=step, model=model).findings


def test_classes_and_forwards_are_the_users_own_again():
    class Strange(nn.Module):
        def __init_subclass__(cls, *, needed):
            raise TypeError("no subclass without it")

        def __init__(self):
            self.net = net(4, 16, 3)

        def forward(self, x):
            return self.net(x)

    model = Strange()
    kinds = [type(module) for module in model.modules()]
    report = train.doctor(model, nn.CrossEntropyLoss(), table(), step=lambda: model(table()[0]))
    assert report.names == ["no backward"]
    assert [type(module) for module in model.modules()] == kinds
    assert all("forward" not in vars(module) for module in model.modules())


def test_clipping_tames_a_rate():
    args = training(optimizer=lambda m: optim.SGD(m.parameters(), lr=20))
    assert "rate too high" in train.doctor(**args)
    assert "rate too high" not in train.doctor(**args, clip_norm=0.05)


def test_a_rate_of_0_is_no_missing_step():
    args = by_hand("zfbs")
    args["optimizer"].lr = 0.0
    assert not train.doctor(**args).findings


def test_a_step_that_forgets_at_its_end_is_well():
    assert not train.doctor(**by_hand("fbsz")).findings
    assert not train.doctor(**by_hand("zfbs", kind=optim.Adam, lr=0.01, returns=True)).findings


SETS = [data.bundled.iris, data.bundled.wine, data.bundled.breast_cancer, data.bundled.digits]


@pytest.mark.parametrize("load", SETS, ids=lambda load: load.__name__)
def test_real_data_are_well_once_they_are_scaled(load):
    pytest.importorskip("sklearn")
    x, y, *_ = load()
    model = net(x.shape[1], 32, int(y.max()) + 1)
    parts = model, nn.CrossEntropyLoss(), (data.StandardScaler().fit_transform(x), y)
    assert not train.doctor(*parts, optim.Adam(model.parameters(), lr=0.01)).findings
    report = train.doctor(*parts[:2], (x, y), optim.Adam(model.parameters(), lr=0.01))
    assert ("inputs not scaled" in report) == (load in SETS[1:3])


# ---- the repository's own examples -------------------------------------------------------------------------


SOME = [
    "xor",
    "spiral",
    "02_l_layer",
    "05_short_xor",
    "06_checkerboard",
    "11_moons",
    "12_spirals",
    "15_planar_flower",
    "18_one_step_by_hand",
    "29_mlp_theory",
]


@pytest.mark.parametrize("name", SOME)
def test_no_false_alarm_in_an_example(name):
    (script,) = (path for path in examples.SCRIPTS if path.stem == name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainings = examples.trainings_of(script)
    assert trainings
    for found in trainings:
        report = train.doctor(**found)
        assert not report.findings, str(report)
        assert all("give " in why for why in report.left_out.values())


def test_no_false_alarm_in_a_model_of_plain_numpy():
    class Swing(nn.Module):
        def __init__(self):
            self.size, self.damping = nn.Parameter(1.0), nn.Parameter(0.1)

        def forward(self, t):
            return self.size * np.exp(-self.damping * t) * np.cos(3 * t)

    t = np.linspace(0, 6, 200)
    model = Swing()
    pair = t, 2 * np.exp(-0.3 * t) * np.cos(3 * t)
    report = train.doctor(model, nn.MSELoss(), pair, optim.Adam(model.parameters(), lr=0.02))
    assert not report.findings, str(report)
