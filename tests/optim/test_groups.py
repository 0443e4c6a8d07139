"""Parameter groups: settings of their own, checked whenever they are assigned."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import errors, optim


def leaves(n):
    return [tg.Tensor([1.0], requires_grad=True) for _ in range(n)]


def test_each_group_has_its_own_settings():
    a, b, c = leaves(3)
    optimizer = optim.SGD([{"params": [a, b], "lr": 0.5}, {"params": c, "weight_decay": 1.0}], lr=0.1)
    assert [group.lr for group in optimizer.groups] == [0.5, 0.1]
    assert [group.weight_decay for group in optimizer.groups] == [0.0, 1.0]
    assert optimizer.params == (a, b, c)
    for p in (a, b, c):
        p.grad = tg.Tensor([1.0])
    optimizer.step()
    np.testing.assert_allclose([a.item(), b.item(), c.item()], [0.5, 0.5, 0.8])


def test_groups_follow_the_same_path_as_optimizers_of_their_own():
    starts = [np.random.default_rng(i).standard_normal(s) for i, s in enumerate([(3,), (200, 300), (2, 2)])]
    settings = [{"lr": 0.1, "betas": (0.5, 0.9)}, {"weight_decay": 0.3}, {"amsgrad": True}]
    together, apart = ([tg.Tensor(s, requires_grad=True) for s in starts] for _ in range(2))
    one = optim.AdamW([{"params": [p], **s} for p, s in zip(together, settings)], lr=0.01)
    several = [optim.AdamW([p], **{"lr": 0.01, **s}) for p, s in zip(apart, settings)]
    for step in range(5):
        for p, q in zip(together, apart):
            g = np.sin(p.data + step)
            p.grad, q.grad = tg.Tensor(g), tg.Tensor(g)
        one.step()
        for optimizer in several:
            optimizer.step()
    for p, q in zip(together, apart):
        np.testing.assert_array_equal(p.data, q.data)


def test_the_rate_of_all_groups_and_of_one():
    a, b = leaves(2)
    optimizer = optim.Adam([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1)
    with pytest.raises(
        errors.ArgumentError, match=r"different learning rates, \[0.1, 0.5\]; read groups\[i\].lr"
    ):
        _ = optimizer.lr
    optimizer.lr = 0.2
    assert optimizer.lr == 0.2
    optimizer.groups[0].lr = 0.3
    assert [group.lr for group in optimizer.groups] == [0.3, 0.2]
    with pytest.raises(errors.ArgumentError, match="lr is at least 0"):
        optimizer.lr = -1
    assert [group.lr for group in optimizer.groups] == [0.3, 0.2]


def test_unknown_settings_raise():
    a, b = leaves(2)
    with pytest.raises(
        errors.ArgumentError, match="unknown setting 'weigth_decay'; it may have lr, momentum"
    ):
        optim.SGD([{"params": [a], "weigth_decay": 0.1}, {"params": [b]}])
    optimizer = optim.SGD([a])
    with pytest.raises(errors.ArgumentError, match="SGD has no setting 'betas'"):
        optimizer.groups[0].betas = (0.9, 0.99)
    with pytest.raises(AttributeError, match="SGD has no setting 'betas'"):
        _ = optimizer.groups[0].betas


def test_settings_are_checked_where_they_are_assigned():
    (a,) = leaves(1)
    (group,) = optim.SGD([a], momentum=0.9, nesterov=True).groups
    for name, value in {"lr": -1, "momentum": 0, "dampening": 0.5, "nesterov": 2}.items():
        before = getattr(group, name)
        with pytest.raises(errors.ArgumentError, match=name):
            setattr(group, name, value)
        assert getattr(group, name) == before
    group.momentum = 0.5
    group.lr = np.float32(0.25)
    assert type(group.lr) is float


def test_settings_that_take_other_state_cannot_be_switched_on_later():
    (a,) = leaves(1)
    (group,) = optim.Adam([a]).groups
    with pytest.raises(errors.ArgumentError, match="amsgrad=True takes other state"):
        group.amsgrad = True
    assert group.amsgrad is False


@pytest.mark.parametrize("kind", [optim.SGD, optim.Muon, optim.LBFGS])
def test_a_parameter_in_two_groups_is_refused(kind):  # O22
    p, q = (tg.Tensor(np.ones((2, 2)), requires_grad=True) for _ in range(2))
    with pytest.raises(errors.ArgumentError, match="given twice"):
        kind([{"params": [p]}, {"params": [q, p]}])


def test_an_empty_group_is_refused():  # O23
    (a,) = leaves(1)
    for empty in ([], iter([])):
        with pytest.raises(errors.ArgumentError, match="no parameters"):
            optim.SGD([{"params": [a]}, {"params": empty}])


def test_what_is_not_a_group():
    a, b = leaves(2)
    for wrong in ([{"params": [a]}, b], [{"lr": 0.1}]):
        with pytest.raises(errors.ArgumentError, match="a group is a dict such as"):
            optim.SGD(wrong)


def test_repr_shows_the_settings():
    shown = repr(optim.Lion(leaves(2)))
    assert shown == "Lion(Group(2 parameters, lr=0.0001, betas=(0.9, 0.99), weight_decay=0.0))"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("learning_rate", "lr"),
        ("momentun", "momentum"),
        ("weight_deacy", "weight_decay"),
        ("param_groups", "groups"),
    ],
)
def test_a_misspelt_attribute_is_refused_and_the_nearest_named(name, meant):
    optimizer = optim.SGD(leaves(2), lr=0.1)
    for holder in (optimizer, *optimizer.groups):
        with pytest.raises(
            errors.ArgumentError,
            match=rf"SGD has no setting '{name}'; its settings are lr, .* Did you mean {meant}\?",
        ):
            setattr(holder, name, 0.5)
        assert not hasattr(holder, name)
    with pytest.raises(errors.ArgumentError, match=r"SGD has no setting 'xyzzy'; its settings are [^?]*$"):
        optimizer.xyzzy = 1


def test_an_attribute_that_would_do_nothing_is_refused():
    optimizer = optim.Adam(leaves(2))
    with pytest.raises(
        errors.ArgumentError,
        match=r"weight_decay is a setting of its groups: optimizer.groups\[0\].weight_decay = 0.5",
    ):
        optimizer.weight_decay = 0.5
    for name in ("params", "groups"):
        with pytest.raises(
            errors.ArgumentError,
            match=f"its {name} are those that it was made with. Make the optimizer again",
        ):
            setattr(optimizer, name, leaves(1))


def test_a_subclass_has_attributes_of_its_own():
    class Counted(optim.SGD):
        limit = 3

        def __init__(self, params):
            super().__init__(params, lr=0.1)
            self.steps = 0

        def step(self):
            self.steps += 1
            self._last = self.steps
            super().step()

    optimizer = Counted(leaves(1))
    optimizer.limit = 5
    optimizer.step()
    assert (optimizer.steps, optimizer._last, optimizer.limit) == (1, 1, 5)
    with pytest.raises(errors.ArgumentError, match="Counted has no setting 'stpes'"):
        optimizer.stpes = 0


def test_what_is_near_to_parameters_is_named():
    model = tg.nn.Linear(2, 1)
    for given, message in [
        (model, r"model.parameters\(\), or a list of groups; got Linear"),
        (model.parameters, r"got method. Call it: model.parameters\(\)"),
        (model.named_parameters(), r"Of named_parameters\(\) take the second of each pair"),
        (0.1, "expected parameters in a list; got float.$"),
    ]:
        with pytest.raises(errors.ArgumentError, match=message):
            optim.SGD(given)
