"""A complex parameter is a pair of real ones to every optimizer that updates elements by themselves."""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors, optim

RNG = np.random.default_rng(0)
Z, R = RNG.normal(size=(2, 3)) + 1j * RNG.normal(size=(2, 3)), RNG.normal(size=4)
STEPS = [(RNG.normal(size=(2, 3)) + 1j * RNG.normal(size=(2, 3)), RNG.normal(size=4)) for _ in range(5)]
ELEMENTWISE = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "Nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1, l1=0.01),
    "Adam": lambda p: optim.Adam(p, lr=0.1, weight_decay=0.1),
    "AMSGrad": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.1),
    "Adadelta": lambda p: optim.Adadelta(p, lr=0.1),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.1, momentum=0.5, centered=True),
    "Adamax": lambda p: optim.Adamax(p, lr=0.1),
    "NAdam": lambda p: optim.NAdam(p, lr=0.1),
    "RAdam": lambda p: optim.RAdam(p, lr=0.1),
    "Lion": lambda p: optim.Lion(p, lr=0.1),
}  # fmt: skip


def parts(array):
    return np.stack([array.real, array.imag], -1)


def step(optimizer, gradients):
    for p, gradient in zip(optimizer.params, gradients):
        p.grad = tg.Tensor(gradient)
    optimizer.step()


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_complex_parameter_is_a_pair_of_real_ones(name, dtype):
    z, r = tg.Tensor(Z.astype(dtype), requires_grad=True), tg.Tensor(R, requires_grad=True)
    pairs = tg.Tensor(parts(z.data), requires_grad=True)
    ours, real = ELEMENTWISE[name]([z, r]), ELEMENTWISE[name]([pairs])
    memory = z.data
    for by_z, by_r in STEPS:
        step(ours, [by_z.astype(dtype), by_r])
        step(real, [parts(by_z.astype(dtype))])
    np.testing.assert_array_equal(parts(z.data), pairs.data)
    assert z.data is memory
    assert z.dtype == dtype
    assert not np.array_equal(r.data, R)


def test_its_values_may_lie_in_another_order():
    one, other = (tg.Tensor(Z, requires_grad=True) for _ in range(2))
    other.data = np.asfortranarray(Z)
    for p in (one, other):
        step(optim.Adam([p], lr=0.1), [STEPS[0][0]])
    np.testing.assert_array_equal(one.data, other.data)


def test_a_state_is_saved_and_resumed_to_the_bit():
    z = tg.Tensor(Z, requires_grad=True)
    optimizer = optim.Adam([z], lr=0.1)
    for gradients in STEPS[:2]:
        step(optimizer, gradients[:1])
    state, again = copy.deepcopy(optimizer.state_dict()), tg.Tensor(z.data.copy(), requires_grad=True)
    assert {state["state"][0][name].dtype for name in ("m", "v")} == {np.dtype(complex)}
    resumed = optim.Adam([again], lr=0.1)
    resumed.load_state_dict(state)
    for gradients in STEPS[2:]:
        step(optimizer, gradients[:1])
        step(resumed, gradients[:1])
    np.testing.assert_array_equal(z.data, again.data)


def test_a_fit_of_complex_numbers_descends():
    truth = np.array([1 + 2j, -0.5j])
    x = RNG.normal(size=(20, 2)) + 1j * RNG.normal(size=(20, 2))
    w = tg.nn.Parameter(np.zeros(2, complex))
    optimizer = optim.Adam([w], lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        np.mean(np.abs(x @ w - x @ truth) ** 2).backward()
        optimizer.step()
    np.testing.assert_allclose(w.data, truth, atol=1e-3)


@pytest.mark.parametrize("kind", [optim.Muon, optim.LBFGS])
def test_what_is_no_elementwise_update_refuses(kind):
    with pytest.raises(
        errors.ArgumentError, match=rf"{kind.__name__}: it takes real parameters; got one of compl"
    ):
        kind([tg.Tensor(Z, requires_grad=True)])


@pytest.mark.parametrize(
    ("p", "norm"), [(1, np.abs(Z).sum()), (2, np.linalg.norm(Z)), (np.inf, np.abs(Z).max())]
)
def test_the_norm_of_complex_gradients_is_that_of_their_moduli(p, norm):
    z = tg.Tensor(Z, requires_grad=True)
    z.grad = tg.Tensor(Z)
    np.testing.assert_allclose(optim.clip_grad_norm([z], norm / 2, norm_type=p), norm)
    np.testing.assert_allclose(z.grad.data, Z / 2)
    assert optim.clip_grad_norm([z], norm, norm_type=p) < norm
    with pytest.raises(
        errors.ArgumentError, match="clip_grad_value: the gradient of parameter 0 is complex128"
    ):
        optim.clip_grad_value([z], 1.0)
