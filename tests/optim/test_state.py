"""States of optimizers: a resumed training gives the bits of one that was never interrupted."""

import copy
import json
import pickle

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import same_state
from tinygrad_edu import errors, optim

KINDS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.1),
    "classical": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, classical=True),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1, lr_decay=0.1, initial_accumulator_value=0.5),
    "adadelta": lambda p: optim.Adadelta(p),
    "rmsprop": lambda p: optim.RMSprop(p, momentum=0.9, centered=True),
    "adam": lambda p: optim.Adam(p, lr=0.1, l1=0.01),
    "amsgrad": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.1),
    "adamax": lambda p: optim.Adamax(p, lr=0.1),
    "nadam": lambda p: optim.NAdam(p, lr=0.1),
    "radam": lambda p: optim.RAdam(p, lr=0.1),
    "lion": lambda p: optim.Lion(p, lr=0.01),
    "muon": lambda p: optim.Muon(p, lr=0.1),
}
SHAPES = [
    ((3, 2), np.float32),
    ((4, 1), np.float64),
    ((300, 301), np.float64),
    ((2, 2), np.float32),
    ((1, 5), np.float32),
]


def model():
    rng = np.random.default_rng(0)
    return [
        tg.Tensor(rng.standard_normal(shape).astype(dtype), requires_grad=True) for shape, dtype in SHAPES
    ]


def train(params, optimizer, steps):
    """Steps with gradients that depend on the values; now and then some are missing."""
    for t in steps:
        for i, p in enumerate(params):
            p.grad = None if t % 4 == i else tg.Tensor(np.sin(3 * p.data) + p.dtype.type(t / 10))
        optimizer.step()


def through_text(state):
    """The state as it comes back from a file: numbers through JSON, arrays apart."""
    arrays = []

    def apart(value):
        if isinstance(value, np.ndarray):
            arrays.append(value)
            return {"array": len(arrays) - 1}
        if isinstance(value, dict):
            return {key: apart(item) for key, item in value.items()}
        return [apart(item) for item in value] if isinstance(value, list) else value

    def together(value):
        if isinstance(value, dict):
            return (
                arrays[value["array"]]
                if list(value) == ["array"]
                else {key: together(item) for key, item in value.items()}
            )
        return [together(item) for item in value] if isinstance(value, list) else value

    # JSON refuses anything but plain numbers, strings, None, lists and dicts.
    text = json.dumps(apart(state), allow_nan=False)
    return together(json.loads(text))


class Weights(tg.nn.Module):
    def __init__(self):
        for i, p in enumerate(model()):
            setattr(self, f"w{i}", tg.nn.Parameter(p.data))


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_pickle_of_a_model_and_its_optimizer_goes_on_by_itself(make):
    net = Weights()
    optimizer = make(net.parameters())
    train([*net.parameters()], optimizer, range(5))
    kept = pickle.dumps((net, optimizer))
    train([*net.parameters()], optimizer, range(5, 9))
    twin, its_optimizer = pickle.loads(kept)  # noqa: S301  # our own, of above
    assert [id(p) for p in its_optimizer.params] == [id(p) for p in twin.parameters()]
    train([*twin.parameters()], its_optimizer, range(5, 9))
    same_state(its_optimizer.state_dict(), optimizer.state_dict())
    same_state(twin.state_dict(), net.state_dict())


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_ten_steps_are_five_and_five(make):
    params = model()
    optimizer = make([{"params": params[:2]}, {"params": params[2:], "lr": 0.05}])
    train(params, optimizer, range(5))
    optimizer.groups[1].lr = 0.02
    state, values = through_text(optimizer.state_dict()), [p.data.copy() for p in params]
    train(params, optimizer, range(5, 10))

    fresh = [tg.Tensor(v, requires_grad=True) for v in values]
    resumed = make([{"params": fresh[:2]}, {"params": fresh[2:]}])
    arrays = [p.data for p in fresh]
    resumed.load_state_dict(state)
    assert [group.lr for group in resumed.groups] == [optimizer.groups[0].lr, 0.02]
    train(fresh, resumed, range(5, 10))
    for p, q, array in zip(params, fresh, arrays):
        np.testing.assert_array_equal(p.data, q.data)
        assert q.data is array

    again = [tg.Tensor(v, requires_grad=True) for v in values]  # the state was copied, out and in
    train(again, once_more := make([{"params": again[:2]}, {"params": again[2:]}]), range(3))
    for p, v in zip(again, values):
        p.data[...] = v
    once_more.load_state_dict(state)
    train(again, once_more, range(5, 10))
    for p, q in zip(params, again):
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize("search", ["strong_wolfe", None])
def test_ten_steps_of_lbfgs_are_five_and_five(search):
    def make(values):
        params = [tg.Tensor(v, requires_grad=True) for v in values]
        optimizer = optim.LBFGS(
            params, lr=0.5, max_iter=2, max_eval=20, history_size=3, line_search_fn=search
        )

        def closure():
            optimizer.zero_grad()
            loss = sum(np.sum(np.cosh(p - 1) + (p**4) / 4) for p in params)
            loss.backward()
            return loss

        return params, optimizer, closure

    rng = np.random.default_rng(0)
    params, optimizer, closure = make([rng.standard_normal(s) for s in [(3, 2), (), (4,)]])
    for _ in range(3):
        optimizer.step(closure)
    state, values = through_text(optimizer.state_dict()), [p.data.copy() for p in params]
    assert len(state["state"]["s"]) == 3
    for _ in range(3):
        optimizer.step(closure)
    fresh, resumed, its_closure = make(values)
    resumed.load_state_dict(state)
    for _ in range(3):
        resumed.step(its_closure)
    for p, q in zip(params, fresh):
        np.testing.assert_array_equal(p.data, q.data)
    assert not np.array_equal(values[0], params[0].data)


def spoil(state, *path, value):
    broken = copy.deepcopy(state)
    inner = broken
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return broken


def without(state, *path):
    broken = copy.deepcopy(state)
    inner = broken
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return broken


def test_a_state_is_loaded_whole_or_not_at_all():
    params = model()
    optimizer = optim.Adam([{"params": params[:2]}, {"params": params[2:]}], lr=0.1)
    train(params, optimizer, range(5))
    state = optimizer.state_dict()
    cases = {
        "it is of a SGD": spoil(state, "optimizer", value="SGD"),
        "groups: expected 2, got 1": spoil(state, "groups", value=state["groups"][:1]),
        "groups[1]: expected 3 parameters, got 2": spoil(state, "groups", 1, "params", value=2),
        "groups[0]: missing setting eps": without(state, "groups", 0, "eps"),
        "groups[0]: unexpected setting nu": spoil(state, "groups", 0, "nu", value=1.0),
        "groups[0]: Adam: lr is at least 0 and finite; got -1": spoil(state, "groups", 0, "lr", value=-1),
        "state: expected 5 parameters, got 4": without(state, "state", 4),
        "state[2]: missing v": without(state, "state", 2, "v"),
        "state[2]: missing steps": without(state, "state", 2, "steps"),
        "state[2]: unexpected largest": spoil(state, "state", 2, "largest", value=np.zeros((300, 301))),
        "state[0]: missing largest": spoil(state, "groups", 0, "amsgrad", value=True),
        "state[1].m: expected shape (4, 1), float64, got (4,), float64": spoil(
            state, "state", 1, "m", value=np.zeros(4)
        ),
        "state[0].m: expected shape (3, 2), float32, got (3, 2), float64": spoil(
            state, "state", 0, "m", value=np.zeros((3, 2))
        ),
        "state[0].steps: expected a count, got -3": spoil(state, "state", 0, "steps", value=-3),
        "it is not what state_dict() returns (KeyError: 'groups')": without(state, "groups"),
        "it is not what state_dict() returns (TypeError": spoil(state, "state", value=3),
    }
    other = [tg.Tensor(p.data, requires_grad=True) for p in model()]
    target = optim.Adam([{"params": other[:2]}, {"params": other[2:]}], lr=0.3)
    train(other, target, range(2))
    before = target.state_dict()
    for message, broken in cases.items():
        with pytest.raises(errors.StateError) as error:
            target.load_state_dict(broken)
        assert message in str(error.value)
        assert "nothing was loaded" in str(error.value)
        assert same_state(target.state_dict(), before)
    target.load_state_dict(state)
    assert same_state(target.state_dict(), state)


def test_all_that_differs_is_listed():
    p, q = (tg.Tensor(np.ones(3), requires_grad=True) for _ in range(2))
    state = optim.Adam([p, q]).state_dict()
    state["state"][0]["m"], state["state"][1]["steps"] = np.ones(2), "five"
    with pytest.raises(
        errors.StateError,
        match=r"(?s)state\[0\]\.m: expected.*\n.*state\[1\]\.steps: expected a count, got 'five'",
    ):
        optim.Adam([p, q]).load_state_dict(state)


def test_settings_that_take_other_state_come_with_it():
    p, q = (tg.Tensor(np.ones(3), requires_grad=True) for _ in range(2))
    optimizer, other = optim.SGD([p], lr=0.1, momentum=0.9), optim.SGD([q], lr=0.1)
    for _ in range(2):
        p.grad = tg.Tensor(np.ones(3))
        optimizer.step()
    other.load_state_dict(optimizer.state_dict())
    q.data[...] = p.data
    p.grad = q.grad = tg.Tensor(np.ones(3))
    optimizer.step()
    other.step()
    np.testing.assert_array_equal(p.data, q.data)


def test_lbfgs_refuses_other_vectors():
    p = tg.Tensor(np.ones(3), requires_grad=True)
    optimizer = optim.LBFGS([p])
    state = optimizer.state_dict()
    for broken, message in [
        (
            spoil(state, "state", "s", value=[np.ones(2)]),
            r"state\.s\[0\]: expected shape \(3,\), float64, got \(2,\), float64",
        ),
        (spoil(state, "state", "s", value=[np.ones(3)]), "as many s as y"),
        (without(state, "state", "step"), "KeyError: 'step'"),
    ]:
        with pytest.raises(errors.StateError, match=message):
            optimizer.load_state_dict(broken)
        assert same_state(optimizer.state_dict(), state)
