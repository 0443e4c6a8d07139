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
    "O18": (adam(betas=(0, 0)), [4, -4], [0.90000000025, 1.0]),
}


@pytest.mark.parametrize("case", CASES)
def test_values_after_each_step(case):
    make, gradients, expected = CASES[case]
    np.testing.assert_allclose(follow(make, gradients), expected, rtol=1e-12)


@pytest.mark.parametrize("make", [sgd(momentum=0.9, weight_decay=0.1), adam(weight_decay=0.1), adamw()], ids=["sgd", "adam", "adamw"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_packed_large_and_single_parameters_follow_the_same_path(make, dtype):
    """Small parameters are packed, large ones updated in portions: the values do not depend on it."""
    rng = np.random.default_rng(0)
    shapes = [(3, 2), (), (5,), (300, 301), (1,)]
    starts = [rng.standard_normal(s).astype(dtype) for s in shapes]
    gradients = [[rng.standard_normal(s).astype(dtype) for s in shapes] for _ in range(4)]
    together = [tg.Tensor(s, requires_grad=True) for s in starts]
    apart = [tg.Tensor(s.reshape(-1)[i : i + 7], requires_grad=True) for s in starts for i in range(0, min(s.size, 700), 7)]
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


def test_O22_twice_the_same_parameter():
    p = tg.Tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match="given twice"):
        optim.SGD([p, p], lr=0.1)


def test_O23_no_parameters():
    with pytest.raises(ValueError, match="no parameters"):
        optim.Adam(iter([]))


@pytest.mark.parametrize(
    ("make", "setting"),
    [
        (lambda p: optim.SGD(p, lr=-0.1), "lr"),
        (lambda p: optim.SGD(p, lr=float("nan")), "lr"),
        (lambda p: optim.SGD(p, lr=0.1, momentum=-1), "momentum"),
        (lambda p: optim.Adam(p, betas=(1.0, 0.9)), r"betas\[0\]"),
        (lambda p: optim.Adam(p, betas=(0.9, 1.0)), r"betas\[1\]"),
        (lambda p: optim.Adam(p, eps=-1), "eps"),
        (lambda p: optim.SGD(p, lr=0.1, nesterov=True), "nesterov"),
    ],
)
def test_O24_settings_out_of_range(make, setting):
    with pytest.raises(errors.ArgumentError, match=setting):
        make([tg.Tensor([1.0], requires_grad=True)])


def test_results_cannot_be_optimized():
    x = tg.Tensor([1.0], requires_grad=True)
    with pytest.raises(errors.ArgumentError, match="leaf"):
        optim.SGD([x * 2], lr=0.1)


def test_O25_the_dtype_of_the_rate_does_not_reach_the_parameter():
    p = tg.Tensor(np.float32([1, 2]), requires_grad=True)
    optimizer = optim.Adam([p], lr=np.float64(0.1))
    (p * p).sum().backward()
    optimizer.step()
    assert p.dtype == p.grad.dtype == np.float32


def test_O26_a_tied_weight_is_updated_once():
    layer = tg.nn.Linear(2, 2, bias=False, rng=0)
    model = tg.nn.Sequential(layer, layer)
    assert len(list(model.parameters())) == 1
    before = layer.weight.data.copy()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    x = np.float32([[1, 2]])
    model(x).sum().backward()
    expected = np.ones((2, 1), np.float32) @ (x @ before.T) + (before.T @ np.ones((2, 1), np.float32)) @ x
    np.testing.assert_allclose(layer.weight.grad.data, expected, rtol=1e-6)
    optimizer.step()
    np.testing.assert_allclose(layer.weight.data, before - 0.1 * expected, rtol=1e-6)


def test_O30_the_arrays_stay_and_frozen_parameters_rest():
    model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.Linear(3, 1))
    optimizer = optim.Adam(model.parameters(), weight_decay=0.1)
    frozen = model[0].requires_grad_(False)
    arrays, before = [p.data for p in model.parameters()], [p.data.copy() for p in model.parameters()]
    model(np.ones((4, 2))).sum().backward()
    optimizer.step()
    assert all(p.data is a for p, a in zip(model.parameters(), arrays))
    moved = [not np.array_equal(p.data, b) for p, b in zip(model.parameters(), before)]
    assert moved == [False, False, True, True]
    frozen.requires_grad_(True)


def test_arrays_assigned_after_the_optimizer_was_made_are_updated():
    p, q = (tg.Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([p, q], lr=0.5)
    p.data = np.array([5.0, 6.0])
    p.grad, q.grad = tg.Tensor([1.0, 1.0]), tg.Tensor([1.0, 1.0])
    optimizer.step()
    np.testing.assert_array_equal(p.data, [4.5, 5.5])
    np.testing.assert_array_equal(q.data, [0.5, 1.5])
    p.data = np.array([1.0])
    p.grad = tg.Tensor([1.0])
    with pytest.raises(errors.ShapeError, match="Make the optimizer again"):
        optimizer.step()


def test_gradients_are_not_changed_by_a_step():
    for shape in [(3,), (300, 300)]:
        p = tg.Tensor(np.ones(shape), requires_grad=True)
        p.grad = tg.Tensor(np.full(shape, 2.0))
        optim.Adam([p], weight_decay=0.5).step()
        optim.SGD([p], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.5).step()
        assert (p.grad.data == 2.0).all()


@pytest.mark.parametrize("make", [sgd(momentum=0.9, weight_decay=0.1), adam(), adamw()], ids=["sgd", "adam", "adamw"])
@pytest.mark.parametrize("shape", [(40, 30), (400, 300)], ids=["packed", "large"])
def test_a_step_allocates_nothing(make, shape):
    params = [tg.Tensor(np.ones(shape, np.float32), requires_grad=True) for _ in range(2)]
    optimizer = make(params)
    for p in params:
        p.grad = tg.Tensor(np.ones(shape, np.float32))
    optimizer.step()
    gc.collect()
    tracemalloc.start()
    optimizer.step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.9 * params[0].nbytes  # Python's own objects, no array
    assert peak < 20_000 or shape == (40, 30)


def test_lr_can_be_changed_between_steps():
    p = tg.Tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)
    p.grad = tg.Tensor([1.0])
    optimizer.step()
    optimizer.lr = 0.5
    optimizer.step()
    np.testing.assert_allclose(p.data, [0.4])


def test_a_deep_copy_of_model_and_optimizer_trains_as_the_original():
    import copy

    def steps(model, optimizer, n=3):
        for _ in range(n):
            optimizer.zero_grad()
            (model(np.ones((2, 3))) ** 2).sum().backward()
            optimizer.step()
        return np.concatenate([p.data.ravel() for p in model.parameters()])

    model = tg.nn.Linear(3, 2, rng=0)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    steps(model, optimizer)
    twin, its_optimizer = copy.deepcopy((model, optimizer))
    before = steps(model, optimizer)
    np.testing.assert_array_equal(steps(twin, its_optimizer), before)
    np.testing.assert_array_equal(np.concatenate([p.data.ravel() for p in model.parameters()]), before)
