"""Exceptions in compiled steps: they, and all that was done until then, are those of the function itself."""

import traceback
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.c import cache

pytestmark = pytest.mark.usefixtures("quick_c")
NEEDS_C = pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
X = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
NAN, BIG, EYE = X * np.float32(np.nan), X * np.float32(1e30), np.eye(3, dtype=np.float32)
Y, WRONG = np.array([0, 1, 0, 1, 1, 0]), np.array([0, 1, 0, 7, 1, 0])
PROGRAMS = {}  # what makes a step, with the arguments of its calls


def program(*calls):
    return lambda make: PROGRAMS.setdefault(make.__name__, (make, calls)) and make


class World(SimpleNamespace):
    """What steps change: two networks, their optimizers, a generator, a counter and a list."""

    def __init__(self):
        super().__init__(n=0, last=None, log=[], rng=np.random.default_rng(3))
        layers = (
            nn.Linear(3, 4, rng=0),
            nn.BatchNorm1d(4),
            nn.Dropout(0.5, rng=self.rng),
            nn.Linear(4, 2, rng=1),
        )
        self.models = nn.Sequential(*layers), nn.Linear(3, 2, rng=2)
        kinds = optim.Adam, optim.SGD
        self.first, self.second = (kind(m.parameters(), lr=0.1) for kind, m in zip(kinds, self.models))

    def state(self):
        """All of it, as text and bytes."""
        arrays = [value for model in self.models for value in model.state_dict().values()]
        gradients = [p.grad for model in self.models for p in model.parameters()]
        arrays += [np.zeros(0) if g is None else g.data for g in gradients]
        packs = [optimizer.state_dict() for optimizer in (self.first, self.second)]
        others = self.n, self.last, self.log, packs, self.rng.bit_generator.state
        return [np.asarray(a).tobytes() for a in arrays], repr(others)

    def backward(self, k, x, y):
        optimizer = (self.first, self.second)[k]
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(self.models[k](x), y)
        loss.backward()
        return loss


@program((X, Y), (X, Y), (NAN, Y), (X, Y), (X, WRONG), (X, Y))
def clipped(w):
    def step(x, y):
        w.n += 1
        loss = w.backward(0, x, y)
        w.log.append(loss.item())
        optim.clip_grad_norm(w.models[0].parameters(), 1.0)
        w.first.step()
        w.last = loss.item()
        return loss

    return step


@program((NAN, Y), (X, Y), (X, WRONG), (X, Y), (NAN, Y))
def in_the_first_call(w):
    return clipped(w)


@program((X, X, Y), (X, X, Y), (X, NAN, Y), (X, X, WRONG), (X, X, Y))
def between_two_optimizers(w):
    def step(x, z, y):
        w.n += 1
        w.backward(0, x, np.arange(6) % 2)
        w.first.step()
        loss = w.backward(1, z, y)
        optim.clip_grad_norm(w.models[1].parameters(), 0.1)
        w.second.step()
        return loss

    return step


@program((X, 1.0), (X, 1.0), (BIG, 1.0), (X, 1.0), (BIG, 1.0), (X, 1.0))
def overflow_in_the_update(w):
    def step(x, _):
        w.n += 1
        w.first.zero_grad()
        w.second.zero_grad()
        (w.models[1](x).sum() + w.models[0](X).sum()).backward()
        w.second.step()
        with np.errstate(over="raise"):
            for p in w.models[1].parameters():
                p.data += p.grad.data * p.grad.data
        w.first.step()
        return w.models[1](x).sum()

    return step


@program((EYE,), (EYE,), (0 * EYE,), (EYE,), (0 * EYE,), (2 * EYE,))
def after_the_update(w):
    def step(x):
        w.n += 1
        loss = w.backward(1, x, np.arange(3) % 2)
        w.second.step()
        w.last = np.linalg.inv(x * w.models[1].bias.data[0]).sum().item()
        return loss

    return step


class Swallowing:
    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        return kind is not None and issubclass(kind, IndexError)


@program((X, Y), (X, Y), (X, WRONG), (X, Y), (X, WRONG))
def swallowed(w):
    def step(x, y):
        w.n += 1
        loss = w.backward(1, x, np.arange(6) % 2)
        w.second.step()
        with Swallowing():
            loss = loss + x[y].sum()
            w.log.append(w.n)
        return loss

    return step


@program((EYE,), (EYE,), (-EYE,), (EYE,), (0 * EYE,), (BIG[:3],), (EYE,))
def of_what_nobody_uses(w):
    def step(x):
        loss = w.backward(1, x, np.arange(3) % 2)
        try:
            with np.errstate(over="raise"):
                x * x * x
            np.linalg.cholesky(x)
        except FloatingPointError:
            w.n += 100
        except np.linalg.LinAlgError:
            w.n += 1
        np.linalg.inv(x)
        w.second.step()
        return loss

    return step


@program((EYE,), (EYE,), (0 * EYE,), (EYE,))
def after_draws(w):
    def step(x):
        w.second.zero_grad()
        loss = (w.models[1](x) * w.rng.standard_normal((3, 2), np.float32)).sum()
        loss.backward()
        w.second.step()
        return loss + np.linalg.inv(x).sum() * w.rng.random()

    return step


def outcomes(make, calls, backend, folder):
    world = World()
    step = make(world)
    called = tg.compile(step, backend=backend, cache=folder) if backend else step
    found = []
    for args in calls:
        try:
            outcome = called(*args).data.tobytes()
        except Exception as error:
            lines = [part.lineno for part in traceback.extract_tb(error.__traceback__) if part.name == "step"]
            outcome = type(error), str(error), lines, error.__context__
        found.append((outcome, *world.state()))
    return found, called


@pytest.mark.parametrize("backend", ["numpy", pytest.param("c", marks=NEEDS_C)])
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_steps_that_raise(name, backend, tmp_path):
    make, calls = PROGRAMS[name]
    found, step = outcomes(make, calls, backend, tmp_path / "new")
    assert found == outcomes(make, calls, None, None)[0]
    assert step.specializations
    assert not step.failures
    assert step.eager > 0


def test_nothing_is_saved_where_no_line_may_raise():
    world = World()
    step = tg.compile(clipped(world))
    step(X, Y)
    assert not step.specializations[0]._undo.saves


def test_nothing_is_saved_for_places_that_a_layer_has_looked_at():
    world, table = World(), nn.Embedding(4, 3, rng=0)
    optimizer = optim.SGD(table.parameters(), lr=0.1)

    @tg.compile
    def step(x, y):
        world.backward(1, x, y)
        world.second.step()
        optimizer.zero_grad()
        table(y).sum().backward()
        optimizer.step()

    step(X, Y)
    assert not step.specializations[0]._undo.saves


def test_what_was_saved_is_forgotten_after_the_step():
    step = tg.compile(after_the_update(World()))
    for _ in range(2):
        step(EYE)
        undo = step.specializations[0]._undo
        assert undo.saves
        assert undo.saved == ()
