"""Optimizers against the values of their formulas; the ids are those of the field's bug reports."""

import gc
import tracemalloc

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors, optim


def follow(make, gradients, start=1.0, dtype=np.float64):
    """The values of one parameter after each step, given its gradients; None is no gradient."""
    p = tg.Tensor(np.array(start, dtype), requires_grad=True)
    optimizer, values = make([p]), []
    for g in gradients:
        p.grad = None if g is None else tg.Tensor(np.array(g, dtype))
        optimizer.step()
        values.append(p.item())
    return values


def sgd(**settings):
    return lambda params: optim.SGD(params, lr=0.1, **settings)


def adam(**settings):
    return lambda params: optim.Adam(params, **{"lr": 0.1, **settings})


def adamw(**settings):
    return lambda params: optim.AdamW(params, lr=0.1, **settings)


def rmsprop(**settings):
    return lambda params: optim.RMSprop(params, lr=0.1, **settings)


def adagrad(**settings):
    return lambda params: optim.Adagrad(params, lr=0.1, **settings)


ELEMENTWISE = {
    "sgd": sgd(),
    "momentum": sgd(momentum=0.9, weight_decay=0.1),
    "nesterov": sgd(momentum=0.9, nesterov=True, l1=0.01),
    "classical": sgd(momentum=0.9, classical=True, dampening=0.5),
    "classical nesterov": sgd(momentum=0.9, nesterov=True, classical=True),
    "adagrad": adagrad(lr_decay=0.1, initial_accumulator_value=0.5),
    "adadelta": lambda params: optim.Adadelta(params, weight_decay=0.1),
    "rmsprop": rmsprop(),
    "rmsprop centered": rmsprop(centered=True, momentum=0.9, weight_decay=0.1, l1=0.01),
    "adam": adam(weight_decay=0.1, l1=0.01),
    "amsgrad": adam(amsgrad=True),
    "adamw": adamw(),
    "adamax": lambda params: optim.Adamax(params, lr=0.1),
    "nadam": lambda params: optim.NAdam(params, lr=0.1, weight_decay=0.1),
    "nadam decoupled": lambda params: optim.NAdam(
        params, lr=0.1, weight_decay=0.1, decoupled_weight_decay=True
    ),
    "radam": lambda params: optim.RAdam(params, lr=0.1, weight_decay=0.1),
    "lion": lambda params: optim.Lion(params, lr=0.01, weight_decay=0.1),
}
every_elementwise = pytest.mark.parametrize("make", ELEMENTWISE.values(), ids=ELEMENTWISE)
CASES = {
    "O01": (sgd(), [1, 1, 1], [0.9, 0.8, 0.7]),
    "O02": (sgd(momentum=0.9), [1, 1, 1], [0.9, 0.71, 0.439]),
    "O03": (sgd(momentum=0.9, dampening=0.5), [1, 1, 1], [0.9, 0.76, 0.584]),
    "O04": (sgd(momentum=0.9, nesterov=True), [1, 1, 1], [0.81, 0.539, 0.1951]),
    "O05": (sgd(weight_decay=0.5), [1, 1], [0.85, 0.7075]),
    "O06": (sgd(weight_decay=0.5, momentum=0.9), [1, 1, 1], [0.85, 0.5725, 0.194125]),
    "O07-zeros": (sgd(momentum=0.9), [1, 0, 0], [0.9, 0.81, 0.729]),
    "O07-none": (sgd(momentum=0.9), [1, None, None], [0.9, 0.9, 0.9]),
    "O08-zero": (sgd(weight_decay=0.5), [0], [0.95]),
    "O08-none": (sgd(weight_decay=0.5), [None], [1.0]),
    "O09": (adam(), [1, -2, 3], [0.900000001, 0.936610353472075, 0.90228624560173]),
    "O10": (adam(eps=1), [1, 1], [0.95, 0.9]),
    "O11": (adam(), [1e-10], [0.999009900990099]),
    "O12": (adam(), [0], [1.0]),
    "O13-large": (adam(), [1e6], [0.900000000000001]),
    "O13-small": (adam(), [1e-3], [0.90000099999]),
    "O14": (adam(weight_decay=0.5), [1, 1], [0.900000000666667, 0.800102708422078]),
    "O15": (adamw(weight_decay=0.5), [1, 1], [0.850000001, 0.70750000195]),
    "O16": (adamw(weight_decay=0.5), [0, 0], [0.95, 0.9025]),
    "O17": (adam(betas=(0.9, 0.5)), [3, 0.1, 0.1], [0.900000000333333, 0.815011182874606, 0.730031145492481]),
    "O17-amsgrad": (
        adam(betas=(0.9, 0.5), amsgrad=True),
        [3, 0.1, 0.1],
        [0.900000000333333, 0.839837094615852, 0.797205677614483],
    ),
    "O18": (adam(betas=(0, 0)), [4, -4], [0.90000000025, 1.0]),
    "O19": (rmsprop(alpha=0.99), [1, 1], [9.99999903994464e-08, -0.70888105475709]),
    "O20": (rmsprop(alpha=0.99, eps=1), [1, 1], [0.909090909090909, 0.82145366389110]),
    "O21": (adagrad(), [1, 1, 2], [0.90000000001, 0.829289321896345, 0.747639663806906]),
}


@pytest.mark.parametrize("case", CASES)
def test_values_after_each_step(case):
    make, gradients, expected = CASES[case]
    # The first value of O19 is a difference.
    np.testing.assert_allclose(follow(make, gradients), expected, rtol=1e-12, atol=1e-15)


@every_elementwise
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_packed_large_and_single_parameters_follow_the_same_path(make, dtype):
    """Small parameters are packed, large ones updated in portions: the values do not depend on it."""
    rng = np.random.default_rng(0)
    shapes = [(3, 2), (), (5,), (300, 301), (1,)]
    starts = [rng.standard_normal(s).astype(dtype) for s in shapes]
    gradients = [[rng.standard_normal(s).astype(dtype) for s in shapes] for _ in range(4)]
    together = [tg.Tensor(s, requires_grad=True) for s in starts]
    apart = [
        tg.Tensor(s.reshape(-1)[i : i + 7], requires_grad=True)
        for s in starts
        for i in range(0, min(s.size, 700), 7)
    ]
    optimizers = [make(together), *(make([p]) for p in apart)]
    for step in gradients:
        for p, g in zip(together, step):
            p.grad = tg.Tensor(g)
        pieces = [g.reshape(-1)[i : i + 7] for g in step for i in range(0, min(g.size, 700), 7)]
        for p, g in zip(apart, pieces):
            p.grad = tg.Tensor(g.copy())
        for optimizer in optimizers:
            optimizer.step()
    ends = np.concatenate([p.data.reshape(-1)[:700] for p in together])
    assert ends.dtype == dtype
    np.testing.assert_array_equal(ends, np.concatenate([p.data for p in apart]))


def test_parameters_of_one_pack_may_miss_gradients():
    a, b = (tg.Tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = optim.Adam([a, b], lr=0.1)
    for step in range(3):
        a.grad, b.grad = tg.Tensor([1.0]), tg.Tensor([1.0]) if step == 2 else None
        optimizer.step()
    np.testing.assert_allclose(b.item(), 0.9, rtol=1e-7)  # its first step, however late
    np.testing.assert_allclose(a.item(), 0.7, rtol=1e-7)


# ---- equations ---------------------------------------------------------------------------------------------


# Each is a paper's equations for one number, written down once more: it yields the parameter after each
# gradient.


def classical(p, gradients, momentum, nesterov):
    v = 0.0
    for g, lr in gradients:
        v = momentum * v - lr * g
        p = p + momentum * v - lr * g if nesterov else p + v
        yield p


def adagrad_of_2011(p, gradients, start=0.5, decay=0.1, eps=1e-10):
    s = start
    for t, (g, lr) in enumerate(gradients, 1):
        s += g**2
        p -= lr / (1 + (t - 1) * decay) * g / (np.sqrt(s) + eps)
        yield p


def adadelta(p, gradients, rho=0.9, eps=1e-6):
    s = u = 0.0
    for g, lr in gradients:
        s = rho * s + (1 - rho) * g**2
        delta = np.sqrt(u + eps) / np.sqrt(s + eps) * g
        u = rho * u + (1 - rho) * delta**2
        p -= lr * delta
        yield p


def centered(p, gradients, alpha=0.9, momentum=0.5, eps=1e-8):
    s = a = v = 0.0
    for g, lr in gradients:
        s, a = alpha * s + (1 - alpha) * g**2, alpha * a + (1 - alpha) * g
        v = momentum * v + g / (np.sqrt(s - a**2) + eps)
        p -= lr * v
        yield p


def adamax(p, gradients, beta1=0.9, beta2=0.999, eps=1e-8):
    m = u = 0.0
    for t, (g, lr) in enumerate(gradients, 1):
        m, u = beta1 * m + (1 - beta1) * g, max(beta2 * u, abs(g) + eps)
        p -= lr / (1 - beta1**t) * m / u
        yield p


def nadam(p, gradients, beta1=0.9, beta2=0.999, eps=1e-8, decay=4e-3):
    def mu(t):
        return beta1 * (1 - 0.5 * 0.96 ** (t * decay))

    m = v = 0.0
    for t, (g, lr) in enumerate(gradients, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        so_far = np.prod([mu(i) for i in range(1, t + 1)])
        m_hat = mu(t + 1) * m / (1 - so_far * mu(t + 1)) + (1 - mu(t)) * g / (1 - so_far)
        p -= lr * m_hat / (np.sqrt(v / (1 - beta2**t)) + eps)
        yield p


def radam(p, gradients, beta1=0.9, beta2=0.9):
    m = v = 0.0
    limit = 2 / (1 - beta2) - 1
    for t, (g, lr) in enumerate(gradients, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        m_hat, rho = m / (1 - beta1**t), limit - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            r = np.sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
            p -= lr * r * m_hat / np.sqrt(v / (1 - beta2**t))
        else:
            p -= lr * m_hat
        yield p


def lion(p, gradients, beta1=0.9, beta2=0.99, decay=0.1):
    m = 0.0
    for g, lr in gradients:
        p -= lr * (np.sign(beta1 * m + (1 - beta1) * g) + decay * p)
        m = beta2 * m + (1 - beta2) * g
        yield p


EQUATIONS = {
    "classical": (optim.SGD, {"momentum": 0.9, "classical": True}, lambda p, g: classical(p, g, 0.9, False)),
    "classical nesterov": (
        optim.SGD,
        {"momentum": 0.9, "classical": True, "nesterov": True},
        lambda p, g: classical(p, g, 0.9, True),
    ),
    "adagrad": (optim.Adagrad, {"initial_accumulator_value": 0.5, "lr_decay": 0.1}, adagrad_of_2011),
    "adadelta": (optim.Adadelta, {}, adadelta),
    "centered": (optim.RMSprop, {"alpha": 0.9, "momentum": 0.5, "centered": True}, centered),
    "adamax": (optim.Adamax, {}, adamax),
    "nadam": (optim.NAdam, {}, nadam),
    "radam": (optim.RAdam, {"betas": (0.9, 0.9), "eps": 0}, radam),
    "lion": (optim.Lion, {"weight_decay": 0.1}, lion),
}


@pytest.mark.parametrize("case", EQUATIONS)
def test_equations_of_the_papers(case):
    """The rate changes half way, which tells the two forms of momentum apart."""
    kind, settings, equations = EQUATIONS[case]
    gradients = np.random.default_rng(0).standard_normal(30)
    rates = np.repeat([0.1, 0.01], 15)
    p = tg.Tensor(1.0, requires_grad=True)
    optimizer, values = kind([p], **settings), []
    for g, rate in zip(gradients, rates):
        p.grad, optimizer.lr = tg.Tensor(g), rate
        optimizer.step()
        values.append(p.item())
    np.testing.assert_allclose(values, list(equations(1.0, zip(gradients, rates))), rtol=1e-11, atol=1e-13)


def test_the_two_forms_of_momentum_agree_at_a_fixed_rate():
    gradients = np.random.default_rng(0).standard_normal(20)
    for nesterov in (False, True):
        forms = [follow(sgd(momentum=0.9, nesterov=nesterov, classical=c), gradients) for c in (False, True)]
        np.testing.assert_allclose(forms[0], forms[1], rtol=1e-10, atol=1e-12)


def test_nadams_product_of_momenta_after_it_has_vanished():
    p = tg.Tensor(1.0, requires_grad=True)
    optimizer = optim.NAdam([p], betas=(0.5, 0.999))
    (group,) = optimizer.groups
    late = optimizer.coefficients(group, 500)
    assert optimizer._product(0.5, 4e-3, 500) == 0.0
    np.testing.assert_allclose(
        late[4], 2e-3 * 0.5 * (1 - 0.5 * 0.96 ** (501 * 4e-3)) * np.sqrt(1 - 0.999**500), rtol=1e-14
    )


@pytest.mark.parametrize(
    "make",
    [
        ELEMENTWISE[n]
        for n in ("sgd", "adagrad", "adadelta", "rmsprop", "adamax", "nadam", "radam", "amsgrad")
    ],
)
def test_coupled_decay_and_penalty_are_terms_of_the_gradient(make):
    gradients = np.random.default_rng(0).standard_normal(20)
    plain, decayed = (tg.Tensor([1.0, -2.0, 0.0], requires_grad=True) for _ in range(2))
    one, other = make([plain]), make([decayed])
    one.groups[0].weight_decay = one.groups[0].l1 = 0
    other.groups[0].weight_decay, other.groups[0].l1 = 0.3, 0.2
    for g in gradients:
        plain.grad = tg.Tensor(g + 0.3 * plain.data + 0.2 * np.sign(plain.data))
        decayed.grad = tg.Tensor(np.full(3, g))
        one.step()
        other.step()
    np.testing.assert_allclose(decayed.data, plain.data, rtol=1e-12)


@pytest.mark.parametrize("kind", [optim.AdamW, optim.Lion, optim.NAdam, optim.RAdam])
def test_decoupled_decay_shrinks_what_has_no_slope(kind):
    settings = {"decoupled_weight_decay": True} if kind in (optim.NAdam, optim.RAdam) else {}
    values = follow(lambda params: kind(params, lr=0.1, weight_decay=0.5, **settings), [0, 0, 0])
    np.testing.assert_allclose(values, [0.95, 0.9025, 0.857375], rtol=1e-12)


def test_an_interrupted_step_can_be_followed_by_others(monkeypatch):
    # The first two are packed.
    params = [tg.Tensor(np.ones(shape), requires_grad=True) for shape in [(2,), (), (300, 300)]]
    optimizer = optim.Adam(params, lr=0.1)
    squares = [(p**2).sum() for p in params]
    for p in params:
        p.grad = tg.Tensor(np.ones(p.shape))
    update = optim.Adam.update

    def interrupted(self, group, t, p, *rest):
        if p.size > 3:
            raise KeyboardInterrupt
        update(self, group, t, p, *rest)

    monkeypatch.setattr(optim.Adam, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    monkeypatch.undo()
    for square in squares:  # the graphs know that their values may have changed
        with pytest.raises(errors.InPlaceError):
            square.backward()
    optimizer.step()
    assert np.isfinite(np.concatenate([p.data.ravel() for p in params])).all()
    np.testing.assert_allclose(params[0].data, 0.8)


def test_a_variance_that_rounding_makes_negative_is_zero():
    """Of equal gradients, in float32: s - a² is a difference of equal numbers,
    and PyTorch's root of it NaN.
    """
    for g in np.linspace(0.1, 1, 20):
        values = follow(
            lambda params: optim.RMSprop(params, lr=1e-6, alpha=0.5, centered=True, eps=0.1),
            [g] * 60,
            dtype=np.float32,
        )
        assert np.isfinite(values).all()


@every_elementwise
@pytest.mark.parametrize("shape", [(40, 30), (400, 300)], ids=["packed", "large"])
def test_a_step_allocates_nothing(make, shape):
    params = [tg.Tensor(np.ones(shape, np.float32), requires_grad=True) for _ in range(2)]
    optimizer = make(params)
    for p in params:
        p.grad = tg.Tensor(np.ones(shape, np.float32))
    optimizer.step()
    gc.collect(1)
    tracemalloc.start()
    optimizer.step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.9 * params[0].nbytes  # Python's own objects, no array
    assert peak < 20_000 or shape == (40, 30)
