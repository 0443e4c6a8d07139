"""Programs and networks that nobody wrote: compiled, they give the bits that they give as they are."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.programs.drawing import draw
from tests.programs.languages import source
from tinygrad_edu import nn, optim
from tinygrad_edu.errors import TinygradError, TraceError

from .test_equality import CLASSES, OPTIMIZERS, X, Y, made, normal

PROGRAMS = 60

# ---- random graphs of functions of the table ---------------------------------------------------------------


def as_function(program):
    """A program of `tests.programs` as a function of a dict of its arrays, and these."""
    values, lines = {**program.leaves, **program.constants}, []
    text = source(program, "ours")
    for line in text.splitlines()[3:]:
        name = line.partition(" = ")[0]
        if name in values or (name[:1] == "k" and name[1:] in program.leaves):
            array = (
                line[line.index("np.") : line.rindex(")")]
                if "tg.Tensor(" in line
                else line.partition(" = ")[2]
            )
            array = array.removesuffix(", requires_grad=True")
            value = eval(array, {"np": np, "f32": np.float32, "f64": np.float64})  # noqa: S307  # drawn here
            if name not in lines_of(lines):
                values[name] = value
                line = line.replace(array, f"given[{name!r}]")
        lines.append(line)
    lines.append("return [*first, *(second or ())]")
    namespace = {"np": np, "tg": tg, "f32": np.float32, "f64": np.float64}
    exec("\n    ".join(["def step(given):", *lines]), namespace)  # noqa: S102  # ours
    return namespace["step"], values


def lines_of(lines):
    return {line.partition(" = ")[0] for line in lines}


def shown(results):
    """Results as arrays; None for what has no gradient."""
    return [None if r is None else np.array(r.data if isinstance(r, tg.Tensor) else r) for r in results]


def outcome(function, values):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return shown(function({name: value.copy() for name, value in values.items()}))
        except TinygradError as error:
            return error


def test_random_programs_of_functions_of_the_table():
    refused = 0
    for number in range(PROGRAMS):
        function, values = as_function(draw(number, 5))
        compiled = tg.compile(function)
        others = {name: value * 0.75 for name, value in values.items()}
        for inputs in (values, values, others, values):
            expected, found = outcome(function, inputs), outcome(compiled, inputs)
            if isinstance(found, TraceError):
                refused += 1
            elif isinstance(expected, Exception):
                assert type(found) is type(expected), number
            else:
                assert not isinstance(found, Exception), (number, found)
                for a, b in zip(found, expected, strict=True):
                    assert (a is None) == (b is None), number
                    if a is not None:
                        np.testing.assert_array_equal(a, b, err_msg=str(number))
                        assert a.dtype == b.dtype
    assert refused < PROGRAMS / 10


# ---- random networks, and every optimizer ------------------------------------------------------------------

LAYERS = {
    "Linear": lambda n: (nn.Linear(n, 7), 7), "ReLU": lambda n: (nn.ReLU(), n),
    "Tanh": lambda n: (nn.Tanh(), n), "GELU": lambda n: (nn.GELU(), n), "ELU": lambda n: (nn.ELU(), n),
    "LayerNorm": lambda n: (nn.LayerNorm(n), n), "BatchNorm": lambda n: (nn.BatchNorm1d(n), n),
    "Dropout": lambda n: (nn.Dropout(0.3), n), "SiLU": lambda n: (nn.SiLU(), n),
    "RMSNorm": lambda n: (nn.RMSNorm(n), n), "PReLU": lambda n: (nn.PReLU(), n),
}  # fmt: skip


def stack(names):
    layers, n = [], 6
    for name in names:
        layer, n = LAYERS[name](n)
        layers.append(layer)
    return nn.Sequential(*layers, nn.Linear(n, 3))


@pytest.mark.parametrize("name", OPTIMIZERS)
@settings(max_examples=3)
@given(layers=st.lists(st.sampled_from(list(LAYERS)), min_size=1, max_size=4), decay=st.booleans())
def test_random_networks(name, layers, decay):
    kind = getattr(optim, CLASSES.get(name, name))
    chosen = {**OPTIMIZERS[name], **({"weight_decay": 0.1} if decay else {})}
    parts = [lambda: stack(layers), lambda p: kind(p, **chosen), tg.softmax_cross_entropy, None]
    (model, step), (other, function) = made(*parts), made(*parts)
    compiled = tg.compile(function)
    x, y = normal(5, 6, seed=9), np.array([0, 1, 2, 1, 0])
    for i in range(20):
        batch = (x, y) if i % 5 == 4 else (X, Y)
        np.testing.assert_array_equal(compiled(*batch).data, step(*batch).data)
    for (key, a), b in zip(other.state_dict().items(), model.state_dict().values(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=key)
