"""PyTorch 2.14 as an oracle: layers, losses, optimizers and schedules compute what it computes, in float64.

What PyTorch computed is stored in ``tests/oracle/data``, by ``tests/oracle/make.py``; nothing here needs
PyTorch.
"""

import inspect

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.oracle import frozen, optimizers
from tests.oracle.cases import Part, leaves
from tests.oracle.configurations import CASES
from tinygrad_edu import nn, optim
from tinygrad_edu.optim import schedule

# Settings that this package calls as NumPy does.
RENAMED = {"dim": "axis", "start_dim": "start_axis", "end_dim": "end_axis", "keepdim": "keepdims"}
MODULES = "layers", "sequences", "activations", "losses"  # the families of layers and losses
TORCH = frozen.about_torch()
EXPECTED = {family: frozen.read(family) for family in CASES}


def configurations(*families):
    """Run a test for each configuration of these families."""
    return pytest.mark.parametrize(
        ("case", "expected"),
        [pytest.param(c, EXPECTED[f].get(c.name), id=c.name) for f in families for c in CASES[f]],
    )


def compare(computed, expected):
    """Equal parts, of equal shapes and to 1e-9.

    Beside the largest number of a part, what rounding leaves of a zero is one.
    """
    assert computed.keys() == expected.keys()
    for part, e in expected.items():
        c = np.asarray(computed[part])
        assert c.shape == e.shape, f"{part}: shape {c.shape}, PyTorch's is {e.shape}"
        np.testing.assert_allclose(c, e, rtol=1e-9, atol=1e-13 * np.max(np.abs(e), initial=0), err_msg=part)


def made(kind, args, settings):
    """Our layer or loss, with float64 parameters if it has any."""
    cls = getattr(nn, kind)
    args = [made(a.kind, a.args, a.settings) if isinstance(a, Part) else a for a in args]
    settings = {
        RENAMED.get(k, k): made(v.kind, v.args, v.settings) if isinstance(v, Part) else v
        for k, v in settings.items()
    }
    if "dtype" in inspect.signature(cls).parameters:
        settings["dtype"] = np.float64
    return cls(*args, **settings)


def as_tensors(value):
    """Nested arrays, of which the floating ones become tensors that require gradients."""
    if isinstance(value, (tuple, list)):
        return tuple(as_tensors(v) for v in value)
    return tg.Tensor(value, requires_grad=True) if value.dtype.kind == "f" else value


def called(case, expected):
    """Outputs, gradients of inputs and of parameters, and buffers after the call,
    by the names of `oracle.make`.
    """
    module = made(case.kind, case.draw("args"), case.draw("settings") | case.ours).train(case.train)
    if not case.kind.endswith("Loss"):  # the state of a loss is its settings
        stored = {k.split()[1]: v.shape for k, v in expected.items() if k.startswith(("parameter", "buffer"))}
        module.load_state_dict({k: case.state(k, shape) for k, shape in stored.items()})
    inputs = [x if i in case.constant else as_tensors(x) for i, x in enumerate(case.draw("inputs"))]
    outputs = leaves(module(*inputs, **case.draw("call")))
    sum(np.sum(y * case.cotangent(i, y.shape)) for i, y in enumerate(outputs) if y.requires_grad).backward()
    tensors = [x for x in leaves(inputs) if isinstance(x, tg.Tensor)]
    parameters = dict(module.named_parameters())
    parts = {f"output {i}": y.data for i, y in enumerate(outputs)}
    parts |= {f"input {i}": x.grad.data for i, x in enumerate(tensors)}
    parts |= {f"parameter {k}": p.grad.data for k, p in parameters.items()}
    return parts | {f"buffer {k}": b for k, b in module.state_dict().items() if k not in parameters}


@configurations(*MODULES)
def test_layers_and_losses(case, expected, agreed):
    compare(called(case, expected), expected)
    agreed(case.name)


def trajectory(case):
    """The parameters after every step."""
    params = [tg.Tensor(p, requires_grad=True) for p in case.start()]
    optimizer = getattr(optim, case.kind)(case.groups(*params), **case.settings)
    after = {"matrix": [], "vector": []}
    for step in range(optimizers.STEPS):
        optimizer.zero_grad()
        if case.gradients == "of f":
            optimizers.f(np, *params).backward()
        else:
            for i, p in enumerate(params):
                p.grad = None if (g := case.gradient(step, i)) is None else tg.Tensor(g)
        optimizer.step()
        if case.halved and step == 9:
            for group in optimizer.groups:
                group.lr /= 2
        for p, values in zip(params, after.values(), strict=True):
            values.append(p.data.copy())
    return after


@configurations("optimizers")
def test_optimizers_take_pytorchs_steps(case, expected, agreed):
    compare(trajectory(case), expected)
    agreed(case.name)


def scheduled(kind, settings):
    """Our schedule for a scheduler of PyTorch that begins with the rate `optimizers.LR`."""
    lr, names = optimizers.LR, {"anneal_strategy": "anneal"}
    if kind == "LinearLR":
        settings = {"start_factor": 1 / 3, "total_iters": 5} | settings
        return schedule.warmup(
            settings["total_iters"], then=schedule.constant(lr), start=settings["start_factor"]
        )
    if kind == "SequentialLR":
        return schedule.join([scheduled(*inner) for inner in settings["schedulers"]], settings["milestones"])
    made = {
        "StepLR": schedule.step,
        "MultiStepLR": schedule.multi_step,
        "ExponentialLR": schedule.exponential,
        "PolynomialLR": schedule.polynomial,
        "CosineAnnealingLR": schedule.cosine,
        "CosineAnnealingWarmRestarts": schedule.cosine_restarts,
        "OneCycleLR": schedule.one_cycle,
        "ReduceLROnPlateau": schedule.ReduceOnPlateau,
    }[kind]
    return made(
        **({} if kind == "OneCycleLR" else {"lr": lr}), **{names.get(k, k): v for k, v in settings.items()}
    )


@configurations("schedules")
def test_schedules_have_pytorchs_rates(case, expected, agreed):
    rate = scheduled(case.kind, case.settings)
    if case.kind == "ReduceLROnPlateau":
        rates = [rate.lr, *(rate(case.metric(epoch)) for epoch in range(optimizers.EPOCHS - 1))]
    else:
        rates = rate(np.arange(optimizers.EPOCHS))
    compare({"rates": rates}, expected)
    agreed(case.name)


# ---- the oracle itself -------------------------------------------------------------------------------------


def test_it_was_torch_2_14():
    assert TORCH["version"].startswith("2.14.")


def test_every_stored_result_has_its_configuration():
    for family, cases in CASES.items():
        assert [case.name for case in cases] == list(EXPECTED[family]), (
            f"{family}: run python -m tests.oracle.make"
        )


SHARED = {
    # what both packages have: the classes of torch.nn, without those that only hold others, and of
    # torch.optim
    "nn": set(vars(nn)) & set(TORCH["nn"]) - {"Module", "ModuleDict", "ModuleList", "Sequential"},
    # torch's Muon computes in bfloat16, and a line search is chaotic: both are checked elsewhere
    "optim": set(vars(optim)) & set(TORCH["optim"]) - {"Optimizer", "Muon", "LBFGS"},
}


def test_everything_that_both_have_is_compared():
    assert SHARED["nn"] == {case.kind for family in MODULES for case in CASES[family]}
    assert SHARED["optim"] == {case.kind for case in CASES["optimizers"]}


def test_every_setting_that_both_have_is_compared():
    used = {}
    for case in (case for family in MODULES for case in CASES[family]):
        given = (
            inspect.signature(getattr(nn, case.kind)).bind_partial(*case.args).arguments
            | case.settings
            | case.ours
        )
        used.setdefault(case.kind, set()).update(RENAMED.get(k, k) for k in given)
    for case in CASES["optimizers"]:
        used.setdefault(case.kind, {"params"}).update(case.settings)
    for package, where in ((nn, "nn"), (optim, "optim")):
        for kind in SHARED[where]:
            both = set(inspect.signature(getattr(package, kind)).parameters) & {
                RENAMED.get(k, k) for k in TORCH[where][kind]
            }
            # It is float64 here, and the loaded state takes the place of what the init of a PReLU made.
            both -= {"dtype", "init"}
            assert both <= used[kind], f"{kind}: no configuration sets {', '.join(sorted(both - used[kind]))}"


@pytest.mark.parametrize("part", ["output 0", "input 0", "parameter weight", "buffer running_var"])
def test_a_difference_of_1e_8_is_noticed(part):
    case = next(c for c in CASES["layers"] if c.kind == "BatchNorm1d")
    expected = EXPECTED["layers"][case.name]
    compare(expected, expected)
    wrong = expected[part].copy()
    wrong.flat[1] *= 1 + 1e-8
    with pytest.raises(AssertionError, match=part):
        compare(expected | {part: wrong}, expected)
    with pytest.raises(AssertionError, match="shape"):
        compare(expected | {part: expected[part][None]}, expected)
    with pytest.raises(AssertionError):
        compare({k: v for k, v in expected.items() if k != part}, expected)
