"""A step is made as a whole or not at all, on parameters that stay where they are in memory."""

import copy
import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import leaf, same_state
from tinygrad_edu import errors, nn, optim

KINDS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    "adagrad": lambda p: optim.Adagrad(p),
    "adadelta": lambda p: optim.Adadelta(p, l1=0.1),
    "rmsprop": lambda p: optim.RMSprop(p),
    "adam": lambda p: optim.Adam(p),
    "adamw": lambda p: optim.AdamW(p),
    "adamax": lambda p: optim.Adamax(p),
    "nadam": lambda p: optim.NAdam(p),
    "radam": lambda p: optim.RAdam(p),
    "lion": lambda p: optim.Lion(p, weight_decay=0.1),
    "muon": lambda p: optim.Muon(p),
    "lbfgs": lambda p: optim.LBFGS(p, max_iter=2, line_search_fn=None),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def step(optimizer):
    if not isinstance(optimizer, optim.LBFGS):
        return optimizer.step()
    # With the gradients that are there.
    return optimizer.step(lambda: tg.Tensor(sum(0.5 * p.data.sum() for p in optimizer.params)))


def reshaped(p):
    p.data = np.ones((3, 2))


def shrunk(p):
    p.data = np.ones((2, 1))


def converted(p):
    p.data = p.data.astype(np.float32)


def gradient_reshaped(p):
    p.grad.data = np.ones((3, 2))


def gradient_converted(p):
    p.grad.data = np.ones((2, 3), np.float32)


SPOILT = [reshaped, shrunk, converted, gradient_reshaped, gradient_converted]


@every_kind
@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("shape", [(2, 3), (400, 250)], ids=["small", "large"])
def test_a_step_that_cannot_be_made_changes_nothing(kind, spoil, shape):
    shape = (2, 3) if kind == "muon" else shape  # it treats large ones as small ones, and slowly
    params = [leaf(np.ones(shape)), leaf(np.ones(shape)), leaf(np.ones((2, 3))), leaf(np.ones((2, 3)))]
    optimizer = KINDS[kind](params)
    for p in params:
        p.grad = tg.Tensor(np.full(p.shape, 0.5))
    step(optimizer)
    victim, others = params[2], [params[0], params[1], params[3]]
    state, before, array = optimizer.state_dict(), [p.data.copy() for p in others], victim.data
    spoil(victim)
    with pytest.raises(
        errors.ShapeError,
        match=r"of shape \(2, 3\), float64, (became|has)[^.]*\.\n  No parameter was changed",
    ):
        step(optimizer)
    assert all(np.array_equal(p.data, b) for p, b in zip(others, before))
    assert same_state(optimizer.state_dict(), state)
    victim.data = array
    victim.grad = tg.Tensor(np.full((2, 3), 0.5))
    step(optimizer)
    assert not np.array_equal(others[0].data, before[0])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "lbfgs"])
def test_frozen_parameters_may_change_their_shape(kind):
    p, q = leaf(np.ones((2, 3))), leaf(np.ones((2, 3)))
    optimizer = KINDS[kind]([p, q])
    q.requires_grad_(False)
    q.data = np.ones(5)
    p.grad = tg.Tensor(np.ones((2, 3)))
    optimizer.step()
    assert (p.data != 1).all()
    assert (q.data == 1).all()
    states = optimizer.state_dict()["state"]
    assert [next(v for v in one.values() if np.ndim(v)).shape for one in states if len(one) > 1] in (
        [(2, 3)] * 2,
        [],
    )
    q.requires_grad_(True)
    with pytest.raises(errors.ShapeError):
        optimizer.step()


def test_a_gradient_does_not_outlive_the_shape_of_its_data():
    p = leaf([1.0, 2.0, 3.0])
    p.grad = tg.Tensor([1.0, 1.0, 1.0])
    p.data = np.array([3.0, 2.0, 1.0])
    assert p.grad is not None  # of the same shape and dtype it still fits
    for data in (np.ones(1), np.ones((3, 1)), np.ones(3, np.float32)):
        p.data = np.ones(3)
        p.sum().backward()
        assert p.grad is not None
        p.data = data
        assert p.grad is None
        p.sum().backward()
        assert (p.grad.shape, p.grad.dtype) == (p.shape, p.dtype)
    p.requires_grad_(False)  # while it is frozen, too
    p.data = np.ones(7)
    p.requires_grad_(True)
    assert p.grad is None


# ---- memory ------------------------------------------------------------------------------------------------


@every_kind
def test_parameters_stay_in_the_memory_that_others_hold(kind):
    owner = np.arange(24.0).reshape(4, 6)
    params = [leaf(np.ones((2, 3))) for _ in range(4)]
    params[0].data = owner[:2, :3]  # a view, not contiguous
    params[1].data = owner[2:].T  # and one in another order
    params[1].requires_grad_(True)
    optimizer = KINDS[kind](params)
    arrays, detached = [p.data for p in params], [p.detach() for p in params]
    params[2].data[...] = 7.0  # pretrained weights, say
    before = [p.data.copy() for p in params]
    for p in params:
        p.grad = tg.Tensor(np.full(p.shape, 0.5))
    step(optimizer)
    for p, array, tensor, b in zip(params, arrays, detached, before):
        assert p.data is array
        assert np.shares_memory(tensor.data, array)
        assert np.all(array < b)
    assert np.array_equal(owner[:2, :3], params[0].data)
    assert np.array_equal(owner[2:].T, params[1].data)
    assert np.array_equal(owner[:2, 3:], np.arange(24.0).reshape(4, 6)[:2, 3:])


@pytest.mark.parametrize("way", [lambda a: a, lambda a: a[::-1], lambda a: a.T])
@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_parameters_tied_by_their_memory_get_both_steps(way, decay):
    start, g, h = np.arange(9.0).reshape(3, 3), np.full((3, 3), 2.0), np.arange(9.0).reshape(3, 3)
    p, q, other = leaf(start), leaf(start), leaf(np.zeros(2))
    q.data = way(p.data)
    optimizer = optim.SGD([p, other, q], lr=0.25, weight_decay=decay)
    p.grad, q.grad, other.grad = tg.Tensor(g), tg.Tensor(h), tg.Tensor([1.0, 2.0])
    optimizer.step()
    expected = start - 0.25 * (g + decay * start)
    way(expected)[...] -= 0.25 * (h + decay * way(expected).copy())
    np.testing.assert_array_equal(p.data, expected)
    np.testing.assert_array_equal(q.data, way(expected))
    np.testing.assert_array_equal(other.data, [-0.25, -0.5])


@every_kind
def test_memory_that_cannot_be_written_is_replaced(kind):
    p, q = leaf(np.ones((2, 3))), leaf(np.ones((2, 3)))
    optimizer = KINDS[kind]([p, q])
    shared = np.broadcast_to(np.array([1.0, 2.0, 3.0]), (2, 3))
    q.data = shared
    p.grad = q.grad = tg.Tensor(np.ones((2, 3)))
    step(optimizer)
    assert np.all(q.data < shared)
    assert np.array_equal(shared, [[1, 2, 3], [1, 2, 3]])


@given(
    seed=st.integers(0, 2**32 - 1),
    gradients=st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=4),
    kind=st.sampled_from([kind for kind in KINDS if kind not in ("muon", "lbfgs")]),
)
def test_together_or_each_by_itself_gives_the_same_bits(seed, gradients, kind):
    """Whoever has a gradient in a step, and however the memory lies."""
    rng = np.random.default_rng(seed)
    shapes = [(3, 2), (), (5,), (2, 2, 2)]
    together = [leaf(rng.standard_normal(s), np.float32) for s in shapes]
    together[0].data = np.asfortranarray(together[0].data)
    apart = [leaf(p.data, np.float32) for p in together]
    optimizers = [KINDS[kind](together), *(KINDS[kind]([p]) for p in apart)]
    for present in gradients:
        for p, q, is_there in zip(together, apart, present):
            g = rng.standard_normal(p.shape).astype(np.float32)
            p.grad, q.grad = (tg.Tensor(g), tg.Tensor(g)) if is_there else (None, None)
        for optimizer in optimizers:
            optimizer.step()
    for p, q in zip(together, apart):
        np.testing.assert_array_equal(p.data, q.data)


def test_a_step_of_one_network_leaves_the_pending_graph_of_another_alone():
    a, b = nn.Linear(2, 1, rng=0), nn.Linear(2, 1, rng=1)
    x = leaf(np.ones((1, 2)), np.float32)
    for make in KINDS.values():
        optimizer = make([a.weight, b.weight])
        of_a, of_b = (a(x) ** 2).sum(), (b(x) ** 2).sum()
        optimizer.zero_grad()
        a.weight.grad = tg.Tensor(np.ones((1, 2), np.float32))
        step(optimizer)
        if not isinstance(optimizer, optim.LBFGS):  # it writes all parameters
            expected = 2 * b(np.ones((1, 2))).item()
            of_b.backward()
            np.testing.assert_allclose(b.bias.grad.data, [expected], rtol=1e-6)
            b.zero_grad()
        with pytest.raises(errors.InPlaceError, match="changed in place"):
            of_a.backward()


@every_kind
def test_a_step_outdates_the_pending_graphs_of_what_it_changed(kind):
    """Of small parameters together, and of large ones."""
    for shape in [(2, 3), (200, 250)] if kind != "muon" else [(2, 3)]:
        p, q = leaf(np.ones(shape)), leaf(np.ones(shape))
        optimizer = KINDS[kind]([p, q])
        p.grad, q.grad = tg.Tensor(np.ones(shape)), tg.Tensor(np.ones(shape))
        pending = [(p**2).sum(), (q**2).sum()]
        step(optimizer)
        for loss in pending:
            with pytest.raises(errors.InPlaceError, match="changed in place"):
                loss.backward()


def test_making_an_optimizer_leaves_pending_graphs_alone():
    p, q = leaf([1.0, 2.0]), leaf([3.0])
    pending = (p**2).sum() + (q**3).sum()
    optimizer = optim.Adam([p, q])
    pending.backward()
    np.testing.assert_array_equal(p.grad.data, [2.0, 4.0])
    optimizer.step()
    copy.deepcopy(optimizer).step()


# ---- replaced parameters -----------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self):
        self.hidden, self.out = nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1)

    def forward(self, x):
        return self.out(self.hidden(x))


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p), lambda p: optim.Adam(p)])
def test_an_optimizer_notices_that_a_parameter_of_its_model_was_replaced(make):
    x = np.ones((4, 2), np.float32)
    for groups in (False, True):
        net = Net()
        optimizer = make(
            [{"params": net.hidden.parameters()}, {"params": net.out.parameters()}]
            if groups
            else net.parameters()
        )
        for _ in range(2):
            optimizer.zero_grad()
            net(x).sum().backward()
            optimizer.step()
        net.out.weight = nn.Parameter(np.ones((1, 3), np.float32))
        before = net.hidden.weight.data.copy()
        net.zero_grad()
        optimizer.zero_grad()
        net(x).sum().backward()
        with pytest.raises(
            errors.ArgumentError,
            match=r"weight is not among the optimizer's.* of shape \(1, 3\).* Make the optimizer again",
        ):
            optimizer.step()
        np.testing.assert_array_equal(net.hidden.weight.data, before)


def test_a_model_that_holds_its_optimizer_dies_with_its_last_reference():
    net = Net()
    net.optimizer = optim.SGD(net.parameters())
    dead = weakref.ref(net)
    gc.disable()
    try:
        del net
        assert dead() is None
    finally:
        gc.enable()


def test_in_a_copy_the_only_parameter_is_looked_for_in_the_copy():
    for order in (slice(None), slice(None, None, -1)):
        net = nn.Linear(2, 1, bias=False, rng=0)
        optimizer = optim.SGD(net.parameters())
        twins = copy.deepcopy((net, optimizer)[order])[order]
        net.weight = nn.Parameter(np.ones((1, 2), np.float32))
        twins[1].step()  # without a gradient, but none the worse
        with pytest.raises(errors.ArgumentError, match=r"Linear.weight is not among"):
            optimizer.step()


def test_parameters_without_a_gradient_are_no_alarm():
    """Frozen ones, those of another part of the model, those that were deleted, and those of a copy."""
    x = np.ones((4, 2), np.float32)
    net = Net()
    optimizer = optim.SGD(net.parameters())
    twin, its_optimizer = copy.deepcopy((net, optimizer))
    twin.hidden(x).sum().backward()
    its_optimizer.step()
    net.hidden.freeze()
    net(x).sum().backward()
    optimizer.step()
    net.hidden.unfreeze()
    optimizer.zero_grad()
    net.hidden(x).sum().backward()
    optimizer.step()
    del net.out
    optimizer.step()
    head = Net()
    optimizer = optim.Muon([head.out.weight])
    head(x).sum().backward()
    optimizer.step()
