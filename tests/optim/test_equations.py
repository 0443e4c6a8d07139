"""Every optimizer computes in place what its equations say, whatever the settings."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import errors, optim
from tinygrad_edu.optim.lbfgs import LBFGS
from tinygrad_edu.optim.muon import Muon

rates, factors = st.just(0.0) | st.floats(1e-6, 1), st.just(0.0) | st.floats(1e-6, 0.999)
pairs, switches = st.tuples(factors, factors), st.booleans()
eps = st.sampled_from([1e-8, 1e-3, 1.0])
ADAM = {"lr": rates, "betas": pairs, "eps": eps}
KINDS = {
    optim.SGD: {"lr": rates, "momentum": st.sampled_from([0.0, 0.5, 0.9, 1.5]), "classical": switches},
    optim.Adagrad: {"lr": rates, "lr_decay": rates, "initial_accumulator_value": rates, "eps": eps},
    optim.Adadelta: {"lr": rates, "rho": factors, "eps": eps},
    optim.RMSprop: {"lr": rates, "alpha": factors, "eps": eps, "momentum": factors, "centered": switches},
    optim.Adam: {**ADAM, "amsgrad": switches},
    optim.AdamW: {**ADAM, "amsgrad": switches},
    optim.Adamax: ADAM,
    optim.NAdam: {**ADAM, "momentum_decay": rates},
    optim.RAdam: ADAM,
    optim.Lion: {"lr": rates, "betas": pairs},
}
DTYPES = st.sampled_from([np.float32, np.float64])
every_kind = pytest.mark.parametrize("kind", KINDS)


@st.composite
def settings_of(draw, kind):
    settings = {name: draw(values) for name, values in KINDS[kind].items()}
    if kind is optim.SGD and settings["momentum"]:
        settings.update(draw(st.sampled_from([{"nesterov": True}, {"dampening": 0.5}, {}])))
    return settings


def leaf(values):
    return tg.Tensor(values, requires_grad=True)


@every_kind
@given(data=st.data(), dtype=DTYPES, t=st.integers(1, 2000), seed=st.integers(0, 2**32 - 1))
def test_an_update_is_the_equations(kind, data, dtype, t, seed):
    """What is remembered agrees to the bit (Adadelta's to 8 units in the last place), the step to 16."""
    optimizer = kind([leaf(np.ones(7, dtype))], **data.draw(settings_of(kind)))
    (group,), rng = optimizer.groups, np.random.default_rng(seed)
    g = rng.standard_normal(7).astype(dtype)
    state = {name: rng.standard_normal(7).astype(dtype) for name in optimizer.slots(group)}
    for name in state.keys() & {"s", "u", "largest"} | (state.keys() & {"v"} if "m" in state else set()):
        state[name] = np.abs(state[name]) + (optimizer.groups[0].eps == 0)  # means of squares
    numbers = [np.array(number, dtype) for number in optimizer.coefficients(group, t)]
    fused, d, scratch = [s.copy() for s in state.values()], np.empty_like(g), np.empty_like(g)
    with np.errstate(all="ignore"):
        step, after = optimizer.equations(group, t, g, **state)
        optimizer.update(group, t, g, d, fused, scratch, numbers)
    unit = np.finfo(dtype).eps
    for name, array in zip(state, fused):
        assert after[name].dtype == array.dtype == dtype
        np.testing.assert_allclose(array, after[name], rtol=8 * unit if kind is optim.Adadelta else 0)
    np.testing.assert_allclose(d, step, rtol=16 * unit, atol=16 * unit * np.abs(step).max())
    assert step.dtype == dtype


def plain(kind):
    """The same optimizer, which evaluates its equations and decays its parameters in the plain way."""

    class Plain(kind):
        def coefficients(self, group, t):
            return []

        update = optim.Elementwise.update

    return Plain


@every_kind
@given(data=st.data(), dtype=DTYPES, seed=st.integers(0, 2**32 - 1))
def test_steps_are_those_of_the_equations(kind, data, dtype, seed):
    """Of parameters packed and alone, with decay and a penalty; after ten steps to a thousandth or better of
    the change.
    """
    settings = data.draw(settings_of(kind))
    rng = np.random.default_rng(seed)
    starts = [rng.standard_normal(shape).astype(dtype) for shape in [(3, 2), (), (4,)]]
    ours, theirs = [leaf(s) for s in starts], [leaf(s) for s in starts]
    optimizers = kind(ours, **settings), plain(kind)(theirs, **settings)
    for _ in range(10):
        for p, q in zip(ours, theirs):
            g = rng.standard_normal(p.shape).astype(dtype)
            p.grad, q.grad = tg.Tensor(g), tg.Tensor(g)
        for optimizer in optimizers:
            optimizer.step()
    bound = 1e3 * np.finfo(dtype).eps
    for p, q, start in zip(ours, theirs, starts):
        assert p.dtype == q.dtype == dtype
        np.testing.assert_allclose(
            p.data, q.data, rtol=bound, atol=bound * (1 + np.abs(p.data - start).max())
        )


@given(
    kind=st.sampled_from([optim.SGD, optim.Adam, optim.AdamW, optim.NAdam, optim.RAdam, optim.Lion]),
    decay=st.sampled_from([0.0, 0.1]),
    l1=st.sampled_from([0.0, 0.01]),
    decoupled=st.booleans(),
    maximize=st.booleans(),
    large=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@example(kind=optim.SGD, decay=0.1, l1=0.01, decoupled=False, maximize=True, large=True, seed=0)
@example(kind=optim.Adam, decay=0.0, l1=0.01, decoupled=False, maximize=True, large=True, seed=0)
@example(kind=optim.AdamW, decay=0.1, l1=0.0, decoupled=True, maximize=True, large=False, seed=0)
def test_decay_and_penalty(kind, decay, l1, decoupled, maximize, large, seed):
    """They are applied before the equations, to the bit: decoupled to the parameter, else to the gradient.

    The sign of the gradient is turned before that, and the gradient itself is left as it is.
    """
    settings = {"lr": 0.1, "weight_decay": decay}
    settings |= {"decoupled_weight_decay": decoupled} if kind in (optim.NAdam, optim.RAdam) else {}
    settings |= {} if kind is optim.Lion else {"l1": l1, "maximize": maximize}
    decoupled = settings.get("decoupled_weight_decay", kind in (optim.AdamW, optim.Lion))
    rng = np.random.default_rng(seed)
    shapes = [(300, 300)] if large else [(3, 2), (4,)]
    params = [leaf(rng.standard_normal(shape)) for shape in shapes]
    optimizer = kind(params, **settings)
    (group,) = optimizer.groups
    expected = []
    for p in params:
        g = rng.standard_normal(p.shape)
        p.grad, start = tg.Tensor(g), p.data.copy()
        g = -g if settings.get("maximize") else g
        if decoupled:
            start = start * (1 - 0.1 * decay)
        else:
            g = g + decay * start
        g = g + group.l1 * np.sign(start)
        numbers = [np.array(number) for number in optimizer.coefficients(group, 1)]
        state, d = [np.zeros(p.shape) for _ in optimizer.slots(group)], np.empty(p.shape)
        optimizer.update(group, 1, g, d, state, np.empty(p.shape), numbers)
        expected.append(start - d)
    gradients = [p.grad.data.copy() for p in params]
    optimizer.step()
    for p, values, g in zip(params, expected, gradients):
        np.testing.assert_array_equal(p.data, values)
        np.testing.assert_array_equal(p.grad.data, g)


def test_who_has_no_maximize_says_what_there_is():
    p = leaf(np.ones((2, 2)))
    for kind in (optim.LBFGS, optim.Muon, optim.Lion):
        with pytest.raises(TypeError, match="maximize"):
            kind([p], lr=0.1, maximize=True)
    with pytest.raises(errors.ArgumentError, match="maximize is True or False; got 'yes'"):
        optim.SGD([p], lr=0.1, maximize="yes")


def test_a_negative_is_minimized_where_there_is_no_maximize():
    p = leaf([3.0, -2.0])
    optimizer = optim.LBFGS([p])

    def closure():
        optimizer.zero_grad()
        score = 1 - np.sum((p - 1) ** 2)
        (-score).backward()
        return -score

    optimizer.step(closure)
    np.testing.assert_allclose(p.data, [1, 1], atol=1e-6)


def test_an_optimizer_of_equations_only():
    class HeavyBall(optim.Elementwise):
        def __init__(self, params, lr, *, momentum=0.9):
            super().__init__(params, lr=lr, momentum=momentum)

        @staticmethod
        def equations(group, t, g, v):
            v = group.momentum * v + g
            return group.lr * v, {"v": v}

    p, q = leaf(np.ones(3)), leaf(np.ones(3))
    ours, theirs = HeavyBall([p], 0.1), optim.SGD([q], 0.1, momentum=0.9)
    for g in ([1.0, 2.0, 3.0], [3.0, -2.0, 1.0]):
        p.grad, q.grad = tg.Tensor(g), tg.Tensor(g)
        ours.step()
        theirs.step()
    np.testing.assert_array_equal(p.data, q.data)
    np.testing.assert_array_equal(ours.state_dict()["state"][0]["v"], theirs.state_dict()["state"][0]["v"])


def test_an_optimizer_without_equations_says_so():
    p = leaf(np.ones(3))
    p.grad = tg.Tensor(np.ones(3))
    with pytest.raises(NotImplementedError):
        optim.Elementwise([p], lr=0.1).step()


@given(seed=st.integers(0, 2**32 - 1), pairs=st.integers(1, 6))
def test_the_direction_of_lbfgs_is_that_of_the_updated_matrix(seed, pairs):
    """H ← (1 - ρ s yᵀ) H (1 - ρ y sᵀ) + ρ s sᵀ, made as a matrix."""
    rng, n = np.random.default_rng(seed), 5
    optimizer = LBFGS([leaf(np.ones(n))])
    root = rng.standard_normal((n, n))
    for s in rng.standard_normal((pairs, n)):
        optimizer._pairs.append((s, (root @ root.T + np.eye(n)) @ s))  # of a function that is curved upwards
    s, y = optimizer._pairs[-1]
    H, one = np.eye(n) * (s @ y) / (y @ y), np.eye(n)
    for s, y in optimizer._pairs:
        rho = 1 / (s @ y)
        H = (one - rho * np.outer(s, y)) @ H @ (one - rho * np.outer(y, s)) + rho * np.outer(s, s)
    gradient = rng.standard_normal(n)
    np.testing.assert_allclose(optimizer._direction(gradient), -H @ gradient, rtol=1e-6, atol=1e-6)


@given(seed=st.integers(0, 2**32 - 1), nesterov=switches, shape=st.sampled_from([(3, 5), (5, 3), (4, 2, 3)]))
def test_the_step_of_muon_is_about_the_polar_factor(seed, nesterov, shape):
    """U Vᵀ of the momentum, by the singular values; the iteration is told to be right to a third."""
    rng = np.random.default_rng(seed)
    p, m, lr, decay = leaf(np.zeros(shape)), np.zeros(shape), 0.1, 0.2
    optimizer = Muon([p], lr=lr, weight_decay=decay, momentum=0.9, nesterov=nesterov, ns_steps=10)
    for _ in range(3):
        g, before = rng.standard_normal(shape), p.data.copy()
        p.grad = tg.Tensor(g)
        optimizer.step()
        m = 0.9 * m + 0.1 * g
        u = 0.9 * m + 0.1 * g if nesterov else m
        U, _, Vt = np.linalg.svd(u.reshape(shape[0], -1), full_matrices=False)
        ratio = np.sqrt(max(1, shape[0] / Vt.shape[1]))
        step = ((1 - lr * decay) * before - p.data).reshape(shape[0], -1) / (lr * ratio)
        assert np.linalg.norm(step - U @ Vt, 2) < 0.4


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda p: optim.SGD(p, lr=-1), "SGD: lr is at least 0 and finite; got -1."),
        (lambda p: optim.SGD([*p, *p]), "SGD: a parameter was given twice, and would be updated twice. "),
        (lambda p: optim.Adam([]), "Adam: there are no parameters to optimize. "),
        (lambda p: optim.SGD(p, nesterov=True), "SGD: nesterov needs momentum > 0 and dampening 0; "),
        (lambda p: optim.Muon(p, momentum=1), "Muon: momentum is in [0, 1), the weight of a mean; got 1.0."),
        (lambda p: setattr(optim.Lion(p), "lr", -1), "Lion: lr is at least 0 and finite; got -1."),
        (lambda p: optim.clip_grad_norm(p, 0), "clip_grad_norm: max_norm is above 0; got 0."),
        (lambda p: optim.clip_grad_value([], 1), "clip_grad_value: there are no parameters. "),
        (
            lambda p: optim.ReduceOnPlateau(0.1, patience=0.5),
            "ReduceOnPlateau: patience is a whole number, 0 or",
        ),
        (lambda p: optim.schedule.step(0.1, 0), "step: step_size is a whole number, 1 or more; got 0."),
        (lambda p: optim.schedule.warmup(2, then=1), "warmup takes schedules, functions of the step such as"),
        (lambda p: optim.schedule.join([], [2, 1]), "join: milestones increase; got [2, 1]."),
    ],
)
def test_errors_begin_with_the_name_of_what_was_called(make, told):
    with pytest.raises(errors.ArgumentError) as error:
        make([leaf(np.ones(3))])
    assert str(error.value).startswith(told)
