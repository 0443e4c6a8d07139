"""Muon against its equations."""

import copy
import tracemalloc

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors, optim
from tinygrad_edu.optim.muon import orthogonalized


def equations(w, gradients, lr, decay=0.1, momentum=0.95, nesterov=True, ratio=1.0):
    """Through a singular value decomposition: the iteration maps each singular value by itself."""
    m = np.zeros_like(w)
    for g in gradients:
        m = momentum * m + (1 - momentum) * g
        update = momentum * m + (1 - momentum) * g if nesterov else m
        u, sigma, vt = np.linalg.svd(update, full_matrices=False)
        sigma /= np.sqrt(np.sum(sigma**2))
        for _ in range(5):
            sigma = 3.4445 * sigma - 4.7750 * sigma**3 + 2.0315 * sigma**5
        w = w * (1 - lr * decay) - lr * ratio * (u * sigma) @ vt
    return w


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (6, 2, 3, 1), (1, 5)])
@pytest.mark.parametrize(
    ("settings", "ratio"),
    [
        ({}, lambda rows, columns: max(1, rows / columns) ** 0.5),
        ({"nesterov": False, "momentum": 0.5}, lambda rows, columns: max(1, rows / columns) ** 0.5),
        ({"adjust_lr_fn": "match_rms_adamw"}, lambda rows, columns: 0.2 * max(rows, columns) ** 0.5),
    ],
)
def test_steps_are_the_equations(shape, settings, ratio):
    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal(shape), rng.standard_normal((10, *shape))
    p = tg.Tensor(start, requires_grad=True)
    optimizer = optim.Muon([p], lr=0.1, **settings)
    for g in gradients:
        p.grad = tg.Tensor(g)
        optimizer.step()
    rows = shape[0]
    w = start.reshape(rows, -1)
    own = {name: value for name, value in settings.items() if name != "adjust_lr_fn"}
    expected = equations(w, gradients.reshape(10, rows, -1), 0.1, ratio=ratio(*w.shape), **own)
    np.testing.assert_allclose(p.data, expected.reshape(shape), rtol=1e-9, atol=1e-10)


def test_all_directions_count_alike():
    rng = np.random.default_rng(0)
    for shape in [(30, 20), (20, 30)]:
        u, _, vt = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
        matrix = (u * np.geomspace(0.01, 100, 20)) @ vt
        sigma = np.linalg.svd(orthogonalized(matrix), compute_uv=False)
        assert sigma[np.geomspace(0.01, 100, 20)[::-1] > 0.4].min() > 0.5
        assert sigma.max() < 1.21
    assert not orthogonalized(np.zeros((2, 3))).any()


def test_a_quadratic_is_brought_to_its_minimum():
    target = np.random.default_rng(0).standard_normal((5, 3))
    p = tg.Tensor(np.zeros((5, 3)), requires_grad=True)
    optimizer = optim.Muon([p], weight_decay=0)
    rate = optim.schedule.exponential(0.3, 0.97)
    for step in range(400):
        optimizer.lr = rate(step)
        optimizer.zero_grad()
        np.sum((p - target) ** 2).backward()
        optimizer.step()
    np.testing.assert_allclose(p.data, target, atol=1e-4)


def test_what_is_not_a_matrix_is_refused():
    for shape in [(), (3,)]:
        with pytest.raises(
            errors.ArgumentError,
            match=r"Muon is for matrices .* got a parameter of shape .* Give it to an AdamW",
        ):
            optim.Muon([tg.Tensor(np.ones(shape), requires_grad=True)])


def test_dtype_and_array_stay_and_frozen_parameters_rest():
    p, q = (tg.Tensor(np.ones((3, 2), np.float32), requires_grad=True) for _ in range(2))
    optimizer = optim.Muon([p, q], lr=np.float64(0.1))
    p.grad, q.grad = tg.Tensor(np.ones((3, 2), np.float32)), tg.Tensor(np.ones((3, 2), np.float32))
    gradient = p.grad.data.copy()
    array = p.data
    q.requires_grad_(False)
    optimizer.step()
    assert p.data is array
    assert p.dtype == np.float32
    assert (p.data != 1).all()
    assert (q.data == 1).all()
    np.testing.assert_array_equal(p.grad.data, gradient)


def test_a_deep_copy_trains_as_the_original():
    p = tg.Tensor(np.eye(3), requires_grad=True)
    optimizer = optim.Muon([p])
    p.grad = tg.Tensor(np.arange(9.0).reshape(3, 3))
    optimizer.step()
    q, its_optimizer = copy.deepcopy((p, optimizer))
    optimizer.step()
    its_optimizer.step()
    np.testing.assert_array_equal(p.data, q.data)


def test_a_step_frees_what_it_allocates():
    p = tg.Tensor(np.ones((300, 200), np.float32), requires_grad=True)
    optimizer = optim.Muon([p])
    p.grad = tg.Tensor(np.ones((300, 200), np.float32))
    optimizer.step()
    tracemalloc.start()
    optimizer.step()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after < 20_000
    assert peak < 6 * p.nbytes


def test_the_defaults_are_pytorchs():
    """PyTorch's: https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html."""
    (group,) = optim.Muon([tg.Tensor(np.ones((2, 2)), requires_grad=True)]).groups
    assert group.settings() == {
        "lr": 1e-3, "weight_decay": 0.1, "momentum": 0.95, "nesterov": True, "ns_steps": 5, "eps": 1e-7,
        "adjust_lr_fn": "original",
    }  # fmt: skip
