"""What every optimizer does with its parameters: takes them in, updates them in place, and lets them go."""

import gc
import inspect

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors, optim


def test_the_same_parameter_twice_is_refused():  # O22
    p = tg.Tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match="given twice"):
        optim.SGD([p, p], lr=0.1)


def test_no_parameters_are_refused():  # O23
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
        (lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5, nesterov=True), "nesterov"),
        (lambda p: optim.SGD(p, lr="fast"), "lr is a number"),
        (lambda p: optim.SGD(p, lr=float("inf")), "lr"),
        (lambda p: optim.SGD(p, dampening=float("nan")), "dampening"),
        (lambda p: optim.Adam(p, betas=0.9), "betas are two"),
        (lambda p: optim.Adam(p, weight_decay=-1), "weight_decay"),
        (lambda p: optim.Adam(p, l1=-1), "l1"),
        (lambda p: optim.Adam(p, amsgrad="yes"), "amsgrad"),
        (lambda p: optim.Adagrad(p, lr_decay=-1), "lr_decay"),
        (lambda p: optim.Adagrad(p, initial_accumulator_value=-1), "initial_accumulator_value"),
        (lambda p: optim.Adadelta(p, rho=1), "rho"),
        (lambda p: optim.RMSprop(p, alpha=1), "alpha"),
        (lambda p: optim.NAdam(p, momentum_decay=-1), "momentum_decay"),
        (lambda p: optim.LBFGS(p, max_iter=0), "max_iter"),
        (lambda p: optim.LBFGS(p, history_size=1.5), "history_size"),
        (lambda p: optim.LBFGS(p, line_search_fn="armijo"), "line_search_fn is one of 'strong_wolfe', None"),
        (lambda p: optim.Muon(p, momentum=1), "momentum"),
        (lambda p: optim.Muon(p, adjust_lr_fn="mine"), "adjust_lr_fn"),
    ],
)
def test_settings_out_of_range_are_refused(make, setting):  # O24
    with pytest.raises(errors.ArgumentError, match=setting):
        make([tg.Tensor([1.0], requires_grad=True)])


def test_results_cannot_be_optimized():
    x = tg.Tensor([1.0], requires_grad=True)
    with pytest.raises(errors.ArgumentError, match="leaf"):
        optim.SGD([x * 2], lr=0.1)


def test_the_dtype_of_the_rate_does_not_reach_the_parameter():  # O25
    p = tg.Tensor(np.float32([1, 2]), requires_grad=True)
    optimizer = optim.Adam([p], lr=np.float64(0.1))
    (p * p).sum().backward()
    optimizer.step()
    assert p.dtype == p.grad.dtype == np.float32


def test_a_tied_weight_is_updated_once():  # O26
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


def test_the_arrays_stay_and_frozen_parameters_rest():  # O30
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


def test_gradients_of_batches_add_up():  # O35
    """Of batches of 4 and of 1, weighted by how many examples they have.

    The mean of their means would be -102.5.
    """
    w = tg.Tensor([0.0], requires_grad=True)
    for batch in ([1.0, 2.0, 3.0, 4.0], [100.0]):
        x = np.array(batch)
        (np.sum((w * x - 1) ** 2) / 5).backward()
    np.testing.assert_allclose(w.grad.data, [-44], rtol=1e-12)


# ---- equations ---------------------------------------------------------------------------------------------


def test_what_is_not_a_list_of_parameters_is_refused():
    p = tg.Tensor([1.0], requires_grad=True)
    for wrong in (p, tg.nn.Linear(1, 1), {"params": [p]}):
        with pytest.raises(
            errors.ArgumentError, match=r"expected parameters in a list, model\.parameters\(\)"
        ):
            optim.SGD(wrong)
    with pytest.raises(errors.ArgumentError, match="floating leaf tensors"):
        optim.SGD([np.ones(3)])
    with pytest.raises(errors.ArgumentError, match="floating leaf tensors"):
        optim.SGD([("weight", p)])
    model = tg.nn.Linear(1, 1)
    used_up = model.parameters()
    list(used_up)
    with pytest.raises(errors.ArgumentError, match="generator used up"):
        optim.SGD(used_up)


def test_an_optimizer_and_its_state_die_without_the_garbage_collector():
    import weakref

    p = tg.Tensor([1.0], requires_grad=True)
    optimizer = optim.Adam([p])
    gone = weakref.ref(optimizer)
    gc.disable()
    try:
        del optimizer
        assert gone() is None
    finally:
        gc.enable()


def test_the_signature_that_help_shows_has_the_settings():
    assert [*inspect.signature(optim.SGD).parameters][:3] == ["params", "lr", "momentum"]
    for name in optim.__all__:
        if inspect.isclass(optimizer := getattr(optim, name)) and issubclass(optimizer, optim.Optimizer):
            assert next(iter(inspect.signature(optimizer).parameters)) == "params"
