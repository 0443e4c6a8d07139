"""What a compiled function reads is replaced after its trace: the next call gives what the function gives."""

import builtins
import sys
import types

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.compiler.memory import addresses

pytestmark = pytest.mark.usefixtures("quick_c")
X = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)


def sequential():
    return nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU(), nn.Linear(3, 3, rng=1))


def net():
    """A module with everything that its forward may read, of a class of its own."""

    def helper(x):
        return x * 3

    class Settings:
        scale, array, numbers, named = 2.0, np.array([1.0, 2.0], np.float32), [1.0], {"a": 1.0}

    class Net(nn.Module):
        scale = 2.0

        def __init__(self):
            self.linear, self.settings, self.numbers = nn.Linear(2, 2, rng=0), Settings(), (1.0, [2.0])
            self.helper = helper

        def shifted(self, x):
            return x + self.half

        @property
        def half(self):
            return 0.5

        def forward(self, x):
            x = self.shifted(self.linear(x)) * self.scale + self.settings.scale * self.settings.array
            return self.helper(x) + Settings.numbers[0] + Settings.named["a"] + self.numbers[1][0]

    return Net()


def set_class(model):
    model.__class__ = type("Other", (type(model),), {"scale": 8.0})


def set_bases(model):
    class Other(nn.Module):
        def __call__(self, x):
            return 2 * super().__call__(x)

    type(model).__bases__ = (Other,)


def set_code(model):  # as IPython's autoreload does
    model.helper.__code__ = (lambda x: x * 100).__code__


OF_A_ROW = {
    "a layer": lambda m: m.__setitem__(1, nn.Tanh()),
    "the last": lambda m: m.__setitem__(-1, nn.Linear(3, 4, rng=2)),
    "a slice": lambda m: m.__setitem__(slice(1, 2), [nn.Tanh(), nn.Sigmoid()]),
    "append": lambda m: m.append(nn.Sigmoid()),
    "+=": lambda m: m.__iadd__([nn.Sigmoid()]),
    "insert": lambda m: m.insert(1, nn.Tanh()),
    "pop": lambda m: m.pop(),
    "del": lambda m: m.__delitem__(1),
    "delattr": lambda m: delattr(m, "1"),
}
PAST = {
    "a layer": lambda m: vars(m).update({"1": nn.Tanh()}),
    "a parameter": lambda m: vars(m[0]).update(weight=nn.Parameter(np.ones((3, 2), np.float32))),
    "none any more": lambda m: object.__setattr__(m[2], "bias", None),
    "a number": lambda m: object.__setattr__(m[1], "negative_slope", 0.5),
    "a new attribute": lambda m: vars(m[2]).update(forward=np.sin),
    "of another name": lambda m: vars(m).update({"7": vars(m).pop("1")}),
    "another dict": lambda m: setattr(m[1], "__dict__", {**vars(m[1]), "negative_slope": 0.5}),
}
OF_A_NET = {
    "class attribute": lambda m: setattr(type(m), "scale", 3.0),
    "past the module": lambda m: vars(m).update(numbers=(1.0, [7.0])),
    "past it, as Python sets": lambda m: object.__setattr__(m, "numbers", (1.0, [5.0])),
    "a layer past it": lambda m: vars(m).update(linear=nn.Linear(2, 2, rng=5)),
    "method": lambda m: setattr(type(m), "shifted", lambda self, x: x - 1),
    "forward": lambda m: setattr(type(m), "forward", lambda self, x: self.linear(x)),
    "property": lambda m: setattr(type(m), "half", property(lambda self: 7.0)),
    "class": set_class,
    "bases": set_bases,
    "code": set_code,
    "function": lambda m: setattr(m, "helper", lambda x: x),
    "of an object": lambda m: setattr(m.settings, "scale", 5.0),
    "all of an object": lambda m: setattr(m.settings, "__dict__", {"scale": 5.0}),
    "of its class": lambda m: setattr(type(m.settings), "scale", 6.0),
    "in an array": lambda m: m.settings.array.__setitem__(0, 9.0),
    "in a list": lambda m: type(m.settings).numbers.__setitem__(0, 9.0),
    "in a dict": lambda m: type(m.settings).named.__setitem__("a", 9.0),
    "in a tuple": lambda m: m.numbers[1].__setitem__(0, 9.0),
    "weights": lambda m: m.linear.weight.data.__setitem__((0, 0), 3.0),
}
CASES = {f"row: {name}": (sequential, change) for name, change in OF_A_ROW.items()}
CASES |= {f"net: {name}": (net, change) for name, change in OF_A_NET.items()}


@pytest.mark.parametrize(("make", "change"), CASES.values(), ids=CASES)
def test_what_is_replaced_is_seen(make, change):
    model = make()
    compiled = tg.compile(lambda x: np.sum(model(x), axis=0))
    for _ in range(3):
        before = compiled(X)
    np.testing.assert_array_equal(before.data, np.sum(model(X), axis=0).detach().numpy())
    change(model)
    want = np.sum(model(X), axis=0).detach().numpy()
    assert want.shape != before.shape or np.any(want != before.data)  # the change does something
    np.testing.assert_array_equal(compiled(X).data, want)


@pytest.mark.parametrize("backend", ["numpy", *(["c"] if cache.compiler() else [])])
def test_what_goes_past_the_attributes_of_layers_is_seen(backend, tmp_path):
    for change in PAST.values():
        model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.LeakyReLU(), nn.Linear(3, 3, rng=1))
        compiled = tg.compile(lambda x, m=model: np.sum(m(x), axis=0), backend=backend, cache=tmp_path)
        for _ in range(2):
            before = compiled(X).data
        model.train()  # which gives each an attribute
        np.testing.assert_array_equal(compiled(X).data, before)
        assert compiled.traces == 1
        change(model)
        want = np.sum(model(X), axis=0).detach().numpy()
        assert np.any(want != before)
        np.testing.assert_allclose(compiled(X).data, want, 1e-6)


def trusted(module):
    """A step in whose place nothing of this package, of NumPy or of Python is what it was, one by one."""
    text = """
import math, numpy as np, tinygrad_edu as tg
from numpy import tanh
from tinygrad_edu import nn

class Mine(nn.Linear):
    pass

layer, mine, m = nn.Sequential(nn.Linear(2, 2, rng=0), nn.ReLU()), Mine(2, 2, rng=1), np

def step(x):
    z = mine(layer(x).clip(0, 9)) + nn.Identity()(x)
    z = np.sin(z) + m.cos(tanh(z)) * abs(math.sqrt(2.0)) + np.linalg.norm(z) + tg.relu(z)
    return z.sum(axis=0)
"""
    exec(text, vars(module))  # noqa: S102  # ours
    return module


def of_a_method(function):
    return lambda *args, **kwargs: function(*args, **kwargs) * 2


TRUSTED = {
    "np.sin": lambda m: (m.np, "sin"), "an alias of np": lambda m: (m.np, "cos"), "np.linalg": lambda m:
    (m.np.linalg, "norm"), "imported": lambda m: (m, "tanh"), "math": lambda m: (m.math, "sqrt"),
    "tg": lambda m: (m.tg, "relu"), "layer": lambda m: (nn.Linear, "forward"),
    "shadowed": lambda m: (nn.ReLU, "__call__"),
    "made in the step": lambda m: (nn.Identity, "forward"),
    "of all modules": lambda m: (nn.Module, "__call__"),
    "operator": lambda m: (tg.Tensor, "__add__"), "method": lambda m: (tg.Tensor, "clip"),
    "of all arrays": lambda m: (tg.Tensor, "__array_ufunc__"), "builtin": lambda m: (builtins, "abs"),
}  # fmt: skip


@pytest.mark.parametrize("backend", ["numpy", *(["c"] if cache.compiler() else [])])
def test_functions_and_methods_of_libraries_that_are_replaced_are_seen(backend, tmp_path):
    module = trusted(types.ModuleType("of_a_user"))
    compiled = tg.compile(module.step, backend=backend, cache=tmp_path)
    for where in TRUSTED.values() if backend == "numpy" else (TRUSTED["tg"], TRUSTED["shadowed"]):
        for _ in range(2):
            before = compiled(X)
        with pytest.MonkeyPatch.context() as patch:
            holder, name = where(module)
            patch.setattr(holder, name, of_a_method(getattr(holder, name)))
            want = module.step(X).detach().numpy()
            assert np.any(want != before.data)
            np.testing.assert_array_equal(compiled(X).data, want)
        np.testing.assert_array_equal(compiled(X).data, before.data)
    assert compiled.traces <= 1 + len(TRUSTED)


@pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
def test_what_c_looks_at_is_found_again_where_dicts_have_grown(tmp_path):
    module = trusted(types.ModuleType("of_a_user"))
    compiled, changing = tg.compile(module.step, backend="c", cache=tmp_path), vars(module)
    asked = []
    for k in range(300):
        compiled(X)
        changing[f"name_{k}"] = k
        changing.pop(f"name_{k - 20}", None)
        asked.append(compiled.specializations[0].quick.left)
    assert compiled.traces == 1
    assert len(set(asked)) > 2  # it was found again, and seldom
    assert asked.count(asked[-1]) > 5
    want = module.step(X) * 2
    module.tanh = np.sin
    assert np.any(compiled(X).data != want.data)
    np.testing.assert_array_equal(compiled(X).data, module.step(X).data)


class Both(nn.Tanh, nn.Linear):
    """A class of a user's of two bases, of which neither derives from the other."""

    def __init__(self):
        nn.Linear.__init__(self, 2, 2, rng=0)

    def forward(self, x):
        return nn.Linear.forward(self, x)


@pytest.mark.parametrize("backend", ["numpy", *(["c"] if cache.compiler() else [])])
def test_methods_of_any_base_that_are_replaced_are_seen(backend, tmp_path, monkeypatch):
    model = Both()
    compiled = tg.compile(lambda x: np.sum(model(x), axis=0), backend=backend, cache=tmp_path)
    for _ in range(3):
        before = compiled(X).data
    monkeypatch.setattr(nn.Linear, "forward", of_a_method(nn.Linear.forward))
    if backend == "c":  # another thread has asked before, and C is to look anew
        compiled.specializations[0].quick.renewed()
    np.testing.assert_array_equal(compiled(X).data, 2 * before)


@pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
def test_other_threads_find_what_c_looks_at_whole(tmp_path):
    compiled = tg.compile(np.sin, backend="c", cache=tmp_path)
    compiled(X)
    words, seen = compiled.specializations[0].source.words(3), set()
    code = type(words).set.__code__

    def trace(frame, event, arg):
        if frame.f_code is code:
            frame.f_trace_opcodes = True
            seen.add(words.table.tobytes())
        return trace

    known, before = sys.gettrace(), words.table.tobytes()
    sys.settrace(trace)
    try:
        words.set([(1, 2), (3, 4), (5, 6)])
    finally:
        sys.settrace(known)
    assert seen == {before, words.table.tobytes()}


def test_a_smaller_table_in_the_place_of_that_of_a_dict_is_seen():
    known = {}
    for size in range(1, 700, 3):
        made = {sys.intern(f"name_{k}"): k for k in range(size)}
        (at, table), (form_at, form), *_ = addresses.of_item(made, "name_0", 0)
        assert addresses.word_at(at) == table
        assert form_at - table in range(8)
        assert known.setdefault(made.__sizeof__(), form) == form
    assert len({*known.values()}) == len(known) > 5


OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    "RMSprop": lambda p: optim.RMSprop(p, momentum=0.5),
    "Adam": optim.Adam, "AdamW": optim.AdamW, "Adamax": optim.Adamax, "Adagrad": optim.Adagrad,
    "Adadelta": optim.Adadelta, "Lion": optim.Lion, "NAdam": optim.NAdam, "RAdam": optim.RAdam,
}  # fmt: skip


def numbers_of(settings):
    """Another value of each setting that is a number, or a pair of them."""
    other = {k: v * 0.9 for k, v in settings.items() if type(v) is float and v and k != "lr"}
    return other | {k: (v[0] * 0.9, v[1]) for k, v in settings.items() if type(v) is tuple}


ALONE = [([name], "numpy") for name in OPTIMIZERS]
IN_C = [([name], "c") for name in OPTIMIZERS]  # beside others, their guards would hide what one lacks


@pytest.mark.parametrize(
    ("names", "backend"),
    ALONE + (IN_C if cache.compiler() else []),
    ids=lambda given: given if isinstance(given, str) else given[0],
)
def test_settings_of_optimizers_come_back(names, backend, tmp_path):
    """Whoever has made the steps in between: the trace of other settings, or the step as it is."""

    def trained(compiled):
        models, out = [sequential() for _ in names], []
        optimizers = [OPTIMIZERS[name](model.parameters()) for name, model in zip(names, models, strict=True)]

        def step(x):
            for optimizer in optimizers:
                optimizer.zero_grad()
            losses = [np.square(model(x)).mean() for model in models]
            for loss, optimizer in zip(losses, optimizers, strict=True):
                loss.backward()
                optimizer.step()
            return losses

        groups, compiled_step = [optimizer.groups[0] for optimizer in optimizers], compiled(step)
        others = [numbers_of(group.settings()) for group in groups]
        assert all(others)
        before = [
            {k: group.settings()[k] for k in other} for group, other in zip(groups, others, strict=True)
        ]
        for turn in range(14):
            for group, settings in zip(groups, others if turn % 3 else before, strict=True):
                for key, value in settings.items():
                    setattr(group, key, value)
            out += [loss.item() for loss in (step if turn % 4 == 3 else compiled_step)(X)]
        return [*out, *(p.data.copy() for model in models for p in model.parameters())]

    found = trained(lambda step: tg.compile(step, backend=backend, cache=tmp_path))
    for a, b in zip(found, trained(lambda step: step), strict=True):
        if backend == "numpy":
            np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, b, 1e-5, 1e-7)


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_arrays_of_every_order_may_be_read_and_replaced(backend, tmp_path):
    """Also those whose strides are below 0."""
    if backend == "c" and cache.compiler() is None:
        pytest.skip("there is no C compiler here")
    held = types.SimpleNamespace(a=None)
    step = tg.compile(lambda x: x * held.a, backend=backend, cache=tmp_path)
    for a in (np.arange(12.0)[::-1], np.arange(36.0)[::-3]):
        for held.a in (a, a.reshape(4, 3).T[::-1], np.broadcast_to(a[:4], (3, 4))):
            for _ in range(2):
                x = np.ones(held.a.shape)
                np.testing.assert_array_equal(step(x), held.a)
