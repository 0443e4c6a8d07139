"""Programs of training as people write them: compiled, they give the same bits.

What cannot be compiled as it is written is refused by name; none is silently wrong.  `idioms.txt` has them.
"""

import collections
import contextlib
import copy
import dataclasses
import functools
import gc
import importlib
import inspect
import itertools
import math
import operator
import random
import re
import sys
import threading
import time
import types
import typing
import warnings
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.errors import ArgumentError, TraceError

pytestmark = pytest.mark.usefixtures("quick_c")
X = np.random.default_rng(0).standard_normal((16, 4), np.float32)
Y = np.arange(16) * 7 % 3
T = np.random.default_rng(6).standard_normal((16, 3)).astype(np.float32)
FOUND: dict[str, typing.Any] = {}  # each program with the words of its refusal, if there is one


def batches(n=20):
    rng = np.random.default_rng(1)
    return [(rng.standard_normal((8, 4)).astype(np.float32), rng.integers(0, 3, 8)) for _ in range(n)]


def net():
    return nn.Sequential(nn.Linear(4, 6, rng=0), nn.Tanh(), nn.Linear(6, 3, rng=1))


def params(model):
    return [p.data.copy() for p in model.parameters()]


def val(loss):
    return float(loss.item() if hasattr(loss, "item") else loss)


def case(function):
    FOUND[function.__name__] = function, ""


def refused(words):
    return lambda function: FOUND.update({function.__name__: (function, words)})


def read():
    """Define the programs, as a module of their own."""
    modules = (
        collections, contextlib, copy, dataclasses, functools, gc, importlib, inspect, itertools, math,
        operator, random, sys, threading, time, types, typing, warnings, tg, nn, optim,
    )  # fmt: skip
    module = types.ModuleType("idioms")
    given = {m.__name__.rpartition(".")[2]: m for m in modules} | {"np": np, "tg": tg}
    vars(module).update(given, X=X, Y=Y, T=T, batches=batches, net=net, params=params, val=val)
    vars(module).update(case=case, refused=refused)
    path = Path(__file__).with_name("idioms.txt")
    exec(compile(path.read_text(), str(path), "exec"), vars(module))  # noqa: S102  # ours
    return module


MODULE = read()


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_program_gives_the_same_bits_or_is_refused_by_name(name):
    program, words = FOUND[name]
    expected, made = program(lambda function: function), []

    def compiled(function):
        made.append(tg.compile(function))
        return made[-1]

    if words:
        with pytest.raises((TraceError, ArgumentError), match=re.escape(words)):
            program(compiled)
        return
    found = program(compiled)
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        np.testing.assert_array_equal(a, b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
    assert all(not step.failures for step in made)
    assert any(step.specializations for step in made)


@pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
@pytest.mark.parametrize(
    "name",
    ["whole_epoch_inside", "sam", "running_norm", "teacher_forcing_where", "gan", "betas_cycled",
     "write_arg_aliased", "shapes_by_numbers", "slices_by_numbers", "shuffled_in_place",
     "attributes_assigned", "hidden_state_kept", "rates_read_in_the_step",
     "optimizers_of_ones_own", "places_that_share", "parameters_replaced_as_in_jax",
     "shape_set_of_a_tensors_array", "results_that_share_memory", "results_in_objects",
     "results_by_indices_that_change", "results_that_are_read_only", "views_of_gradients_that_are_kept",
     "constants_returned_twice",
     "draws_by_methods_of_a_generator",
     "variable_made_read_only"],
)  # fmt: skip
def test_a_program_of_several_steps_or_draws_in_c(name, tmp_path):
    program, _ = FOUND[name]
    found = program(lambda function: tg.compile(function, backend="c", cache=tmp_path / "new"))
    for a, b in zip(found, program(lambda function: function), strict=True):
        np.testing.assert_allclose(a, b, 1e-4, 1e-5)
