"""A class that derives from others tells that one was changed; without it each method is asked for."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.compiler.guards import quick
from tinygrad_edu.compiler.memory.probe import Probe, flags_are_as_known, probe_of

TELLS = pytest.mark.skipif(not flags_are_as_known(), reason="this Python tells nothing of that")


class Base:
    def method(self):
        return 1


class Derived(Base):
    pass


class Other:
    pass


@TELLS
@pytest.mark.parametrize("changed", [Base, Derived, Other])
def test_a_change_is_told_until_somebody_looks(changed, monkeypatch):
    probe = probe_of([Base, Other, Derived])
    assert probe.cls.__flags__ == probe.flags
    monkeypatch.setattr(changed, "method", lambda self: 2, raising=False)
    assert changed().method() == 2  # which looks at these classes, not at the probe
    assert Derived().method() in (1, 2)
    assert probe.cls.__flags__ != probe.flags
    probe.look()
    assert probe.cls.__flags__ == probe.flags
    probe.forget()
    assert probe.cls.__flags__ != probe.flags


def test_there_is_none_of_classes_that_have_no_child():
    with pytest.raises(TypeError):
        Probe([int, str])
    assert probe_of([int, str]) is None
    assert probe_of([]) is None


@pytest.mark.parametrize(
    "known", [pytest.param(probe_of, id="with"), pytest.param(lambda _: None, id="without")]
)
def test_a_method_that_is_replaced_is_noticed(known, monkeypatch):
    monkeypatch.setattr(quick, "probe_of", known)
    model, x = nn.Linear(3, 2, rng=0), np.ones((2, 3), np.float32)
    step = tg.compile(lambda x: model(x))
    before = [step(x).data for _ in range(3)]
    nn.Linear.unknown = 1  # which changes nothing
    try:
        np.testing.assert_array_equal(step(x).data, before[-1])
    finally:
        del nn.Linear.unknown
    np.testing.assert_array_equal(step(x).data, before[-1])
    assert step.traces == 1
    for cls in (nn.Linear, nn.Module):
        with monkeypatch.context() as context:
            own = cls.__call__
            context.setattr(cls, "__call__", lambda self, *args, own=own: own(self, *args) * 2, raising=False)
            np.testing.assert_array_equal(step(x).data, 2 * before[-1])
        np.testing.assert_array_equal(step(x).data, before[-1])


@TELLS
def test_what_another_thread_has_changed_in_between_is_seen_later(monkeypatch):
    model, x = nn.Linear(3, 2, rng=0), np.ones((2, 3), np.float32)
    step = tg.compile(lambda x: model(x))
    before = [step(x).data for _ in range(3)]
    asked = step.specializations[0].quick
    with monkeypatch.context() as context:
        own = nn.Linear.forward
        context.setattr(nn.Linear, "forward", lambda self, x: own(self, x) * 2)
        asked.renewed()  # as if the methods had been asked for before that
        np.testing.assert_array_equal(step(x).data, 2 * before[-1])
