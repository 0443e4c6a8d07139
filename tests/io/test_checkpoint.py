"""Checkpoints: every value back to the bit, other versions and unknown keys refused, and a training
that goes on as if never stopped.
"""

import json
import math
import os
import runpy
import struct
import sys
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tests.helpers import printed
from tinygrad_edu import errors, io, nn, optim

# NaNs of every kind.
FLOATS = st.floats() | st.integers(0, 2**64 - 1).map(
    lambda bits: struct.unpack("<d", bits.to_bytes(8, "little"))[0]
)
INTS = (
    st.integers() | st.integers(-(2**130), 2**130) | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**64])
)
KINDS = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
ARRAYS = st.sampled_from(KINDS).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)
NUMPY_SCALARS = ARRAYS.filter(lambda a: a.size).map(lambda a: a.reshape(-1)[0])
TEXTS = st.text() | st.sampled_from(["$array", "$dict", "$tuple", "\ud800", "__metadata__", "a.b", ""])
STATES = st.recursive(
    st.none() | st.booleans() | INTS | FLOATS | TEXTS | ARRAYS | NUMPY_SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=12,
)


def bits(value):
    """A value that two states share only if they are the same to the bit, types included."""
    if isinstance(value, np.ndarray | np.generic):
        return type(value), value.dtype, value.shape, value.tobytes()
    if isinstance(value, float):
        return float, struct.pack("<d", value)
    if isinstance(value, dict):
        return dict, [(key, bits(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [bits(item) for item in value]
    return type(value), value


def through(path, state):
    io.save_checkpoint(path, state)
    return io.load_checkpoint(path)


def rewritten(path, **metadata):
    """The checkpoint with other texts in its header; None leaves one out."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] |= metadata
    header["__metadata__"] = {key: text for key, text in header["__metadata__"].items() if text is not None}
    raw = json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + content[8 + length :])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("checkpoint") / "x.ckpt"


# ---- back to the bit ---------------------------------------------------------------------------------------


@given(STATES)
def test_every_state_comes_back_to_the_bit(path, state):
    assert bits(through(path, state)) == bits(state)


def test_numbers_that_text_loses(path):
    negative_nan = struct.unpack("<d", (0xFFF8000000000123).to_bytes(8, "little"))[0]
    state = [
        0.1,
        -0.0,
        5e-324,
        math.inf,
        -math.inf,
        math.nan,
        negative_nan,
        1e308,
        2**53 + 1,
        -(2**127),
        10**5000,
        np.float32(0.1),
        np.float64(0.1),
    ]
    assert bits(through(path, state)) == bits(state)


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_random_generators_go_on_with_the_same_bits(path, kind):
    rng = np.random.Generator(getattr(np.random, kind)(3))
    rng.integers(0, 10, 3, dtype=np.uint32)  # leaves half of a 64-bit number behind
    state = through(path, {"rng": rng.bit_generator.state})
    resumed = np.random.Generator(getattr(np.random, kind)(4))
    resumed.bit_generator.state = state["rng"]
    ours, theirs = (r.integers(0, 2**32, 5, dtype=np.uint32).tolist() for r in (resumed, rng))
    assert ours == theirs
    assert resumed.standard_normal(1000).tobytes() == rng.standard_normal(1000).tobytes()


def test_tensors_mappings_and_what_has_a_state(path):
    model = nn.Sequential(nn.Linear(3, 2, rng=0), nn.BatchNorm1d(2))
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    state = through(
        path, {"model": model, "optimizer": optimizer, "loss": x.sum(), "order": OrderedDict(b=1, a=2)}
    )
    assert bits(state["model"]) == bits(model.state_dict())
    assert bits(state["optimizer"]) == bits(optimizer.state_dict())
    assert bits(state["loss"]) == bits(np.array(3.0))
    assert bits(state["order"]) == bits({"b": 1, "a": 2})


def test_other_programs_can_read_the_weights(path):
    reference = pytest.importorskip(
        "safetensors.numpy", reason="safetensors, of the test extra, is the other program"
    )
    model = nn.Linear(3, 2, rng=0)
    io.save_checkpoint(
        path,
        {"model": model, "history": [np.arange(2), np.arange(3)], "a": {"b": np.ones(1)}, "a.b": np.zeros(1)},
    )
    found = reference.load_file(path)
    assert set(found) == {"model.weight", "model.bias", "history.0", "history.1", "a.b", "a.b~1"}
    np.testing.assert_array_equal(found["model.weight"], model.weight.data)


def test_arrays_that_are_shared_are_saved_each(path):
    w = np.ones(2)
    state = through(path, {"model": w, "best": w})
    state["model"][...] = 0
    assert state["best"].tolist() == [1, 1]


# ---- what cannot be saved ----------------------------------------------------------------------------------

Pair = namedtuple("Pair", "a b")
itself = []
itself.append(itself)


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ({"a": [{"b": {1, 2}}]}, errors.ArgumentError, r"a\.0\.b is of type set; expected dicts"),
        ({"a": b"x"}, errors.ArgumentError, "a is of type bytes"),
        ({"a": 1j}, errors.ArgumentError, "a is of type complex"),
        ({"a": Pair(1, 2)}, errors.ArgumentError, "a is of type Pair"),
        ({"a": len}, errors.ArgumentError, "a is of type builtin_function_or_method"),
        ({"a": np.random.default_rng(0)}, errors.ArgumentError, "a is of type Generator"),
        (
            {"a": {1: 2}},
            errors.ArgumentError,
            r"keys are strings; a has the key 1\. Save a list, or str\(key\)",
        ),
        ({1: 2}, errors.ArgumentError, "keys are strings; state has the key 1"),
        ({"a": np.array([{}])}, errors.DTypeError, "'a' is of dtype object"),
        ({"a": np.str_("x")}, errors.DTypeError, "'a' is of dtype <U1"),
        (itself, errors.ArgumentError, "more than 100 levels deep, .* Does it contain itself"),
    ],
    ids=[str(i) for i in range(11)],
)
def test_what_cannot_be_saved_leaves_the_file_as_it_was(tmp_path, state, error, message):
    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(error, match=message):
        io.save_checkpoint(tmp_path / "x", state)
    assert (tmp_path / "x").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_the_deepest_state(path):
    state = value = 1
    for _ in range(100):
        value = (value,)
    state = value
    assert through(path, state) == state
    with pytest.raises(errors.ArgumentError, match="more than 100 levels"):
        io.save_checkpoint(path, [state])


# ---- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2", "0", "1.0", "", None])
def test_other_versions_are_refused_with_both_named(path, version):  # X08
    io.save_checkpoint(path, {"w": np.ones(2)})
    rewritten(path, version=version, new_in_two="x")
    with pytest.raises(
        errors.FormatError, match=f"is a checkpoint of version {version!r}; this tinygrad_edu reads '1'"
    ):
        io.load_checkpoint(path)


def test_other_formats_are_refused(path):  # X08
    io.save_safetensors(path, {"w": np.ones(2)}, metadata={"format": "pt"})
    with pytest.raises(
        errors.FormatError,
        match=r"its format is 'pt', expected 'tinygrad_edu checkpoint'\. load_safetensors reads",
    ):
        io.load_checkpoint(path)
    io.save_npz(path, {"w": np.ones(2)})
    with pytest.raises(errors.FormatError, match="is no valid safetensors file"):
        io.load_checkpoint(path)


def test_unknown_and_missing_keys_are_refused(path):  # X08
    for change in ({"extra": "x"}, {"state": None}):
        io.save_checkpoint(path, {"w": np.ones(2)})
        rewritten(path, **change)
        with pytest.raises(errors.FormatError, match="expected format, version and state, and nothing else"):
            io.load_checkpoint(path)


def test_the_state_of_another_class_is_refused(path):  # X08
    w = nn.Parameter(np.ones(2))
    io.save_checkpoint(path, optim.Adam([w], lr=0.1))
    sgd = optim.SGD([w], lr=0.5)
    with pytest.raises(errors.StateError, match=r"SGD.load_state_dict: .*\n  it is of a Adam"):
        sgd.load_state_dict(io.load_checkpoint(path))
    assert sgd.lr == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"$class": "os.system"}', r"expected one of \$array, .* alone; got '\$class'"),
        ('{"$array": "w", "more": 1}', "alone; got"),
        ('{"$array": "v"}', r"\$array cannot be 'v'"),
        ('{"$array": ["w"]}', r"\$array cannot be"),
        ('[{"$array": "w"}, {"$array": "w"}]', r"\$array cannot be 'w'"),
        ('{"$scalar": "w"}', r"\$scalar cannot be 'w'"),
        ('{"$tuple": {}}', r"\$tuple cannot be"),
        ('{"$dict": []}', r"\$dict cannot be"),
        ('{"$int": "12"}', r"\$int cannot be '12'"),
        ('{"$int": 12}', r"\$int cannot be 12"),
        ('{"$float": "nan"}', r"\$float cannot be 'nan'"),
        ('[{"$array": "w"}, 1e999]', "too large for a float"),
        ('{"a": {"$array": "w"}, "a": 1}', "the key 'a' comes twice"),
        ("[NaN]", "NaN is no number of JSON"),
        ("", "its state is not valid JSON"),
        ("[" * 5000 + "]" * 5000, "is not valid JSON|levels deep"),
        ("[" * 102 + "]" * 102, "levels deep"),
        ("{}", "does not say where its array 'w' belongs"),
    ],
)
def test_states_that_we_do_not_write_are_refused(path, text, message):
    io.save_checkpoint(path, {"w": np.ones(2)})
    rewritten(path, state=text)
    with pytest.raises(errors.FormatError, match=message):
        io.load_checkpoint(path)


def test_nothing_that_a_file_names_is_imported_or_built(path, tmp_path):  # X09
    state = {
        "optimizer": "os.system",
        "__class__": "nn.Linear",
        "__reduce__": ["os.mkdir", ["evil"]],
        "../evil": np.ones(1),
        "rng": {"bit_generator": "os"},
    }
    before = set(sys.modules)
    found = through(path, state)
    assert bits(found) == bits(state)
    assert set(sys.modules) == before
    kinds = {type(value) for value in (found, *found.values(), *found["__reduce__"])}
    assert kinds == {dict, list, str, np.ndarray}
    assert os.listdir(path.parent) == ["x.ckpt"]


# ---- going on ----------------------------------------------------------------------------------------------

TRAINING = """
import sys
import numpy as np
import tinygrad_edu as tg
from tinygrad_edu import io, nn, optim

def parts(seed):
    rng = np.random.default_rng(seed)
    model = nn.Sequential(nn.Linear(4, 8, rng=rng), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 2, rng=rng))
    return model, optim.Adam(model.parameters(), lr=0.01), optim.ReduceOnPlateau(0.01, patience=0), rng

def train(steps, model, optimizer, plateau, rng):
    for _ in range(steps):
        x = rng.standard_normal((16, 4), dtype=np.float32)
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), (x[:, 0] > 0).astype(int))
        loss.backward()
        optimizer.step()
        optimizer.lr = plateau(loss.item())

def save(path, model, optimizer, plateau, rng):
    state = {"model": model, "optimizer": optimizer, "plateau": plateau, "rng": rng.bit_generator.state}
    io.save_checkpoint(path, state)

def load(path, model, optimizer, plateau, rng):
    state = io.load_checkpoint(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    plateau.load_state_dict(state["plateau"])
    rng.bit_generator.state = state["rng"]

if __name__ == "__main__":
    resumed = parts(1)
    load(sys.argv[1], *resumed)
    train(10, *resumed)
    save(sys.argv[2], *resumed)
"""


def test_rule_11_a_training_that_is_resumed_in_a_new_process_equals_one_that_was_not_stopped(tmp_path):
    script, stopped, resumed, straight = (
        tmp_path / name for name in ("training.py", "stopped", "resumed", "straight")
    )
    script.write_text(TRAINING)
    training = runpy.run_path(str(script))
    parts = training["parts"](0)
    training["train"](10, *parts)
    training["save"](stopped, *parts)
    training["train"](10, *parts)
    training["save"](straight, *parts)
    printed(script, stopped, resumed)
    assert resumed.read_bytes() == straight.read_bytes() != stopped.read_bytes()
