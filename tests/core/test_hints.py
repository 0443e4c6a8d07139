"""What a newcomer types first: names of other frameworks, attributes of arrays, a pipe that closes."""

import copy
import inspect
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import hints


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("tanh", "use np.tanh"),
        ("exp", "use np.exp"),
        ("cross_entropy", "use softmax_cross_entropy"),
        ("tensor", "use Tensor"),
        ("Linear", "use nn.Linear"),
        ("Adam", "use optim.Adam"),
        ("no_gard", r"is it no_grad\?"),
        ("cat", "use np.concatenate"),
        ("manual_seed", "use seed"),
        ("jacrev", "use jacobian"),
    ],
)
def test_names_of_other_frameworks_lead_to_ours(name, instead):
    with pytest.raises(AttributeError, match=f"module 'tinygrad_edu' has no attribute '{name}': {instead}"):
        getattr(tg, name)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("exp", r"np\.exp\(x\)"),
        ("relu", r"tg\.relu\(x\)"),
        ("view", r"x\.reshape"),
        ("unsqueeze", r"np\.expand_dims"),
        ("cuda", "CPU"),
        ("add_", "no_grad"),
        ("solve", r"np\.linalg\.solve"),
        ("tofile", r"x\.detach\(\)\.numpy\(\)\.tofile"),
        ("put", r"x\.flat\[indices\] = v"),
    ],
)
def test_methods_of_other_frameworks_lead_to_ours(name, instead):
    with pytest.raises(AttributeError, match=f"Tensor has no attribute '{name}': .*{instead}"):
        getattr(tg.Tensor([1.0]), name)


def test_every_hint_is_for_a_name_that_is_not_there_and_leads_to_one_that_is():
    assert not [name for name in hints.PACKAGE if name in tg.__all__]
    assert not [name for name in hints.TENSOR if hasattr(tg.Tensor([1.0]), name)]
    for instead in hints.PACKAGE.values():
        if instead.replace(".", "").replace("_", "").isalnum():
            place = {"tg": tg, "np": np}.get(instead.partition(".")[0], tg)
            for part in instead.removeprefix("np.").split("."):
                place = getattr(place, part)


ARRAY_ATTRIBUTES = [name for name in dir(np.ndarray) if name not in dir(object)]


@pytest.mark.parametrize("name", [name for name in ARRAY_ATTRIBUTES if not name.startswith("_")])
def test_what_an_array_has_a_tensor_has_or_says_what_to_use(name):
    x = tg.Tensor([[1.0, 2.0], [3.0, 4.0]])
    try:
        attribute = getattr(x, name)
    except AttributeError as error:
        assert ": use " in str(error)  # noqa: PT017  # most names do not raise
        return
    if callable(getattr(np.ndarray, name)):
        required = [
            p
            for p in inspect.signature(attribute).parameters.values()
            if p.default is p.empty and p.kind < p.VAR_POSITIONAL
        ]
        assert len(required) <= 2
    else:
        assert attribute is not None


def test_operators_that_an_array_has_a_tensor_has():
    operators = {
        n
        for n in ARRAY_ATTRIBUTES
        if n.startswith("__") and not n.startswith(("__array", "__dlpack", "__set", "__class", "__buffer"))
    }
    assert operators - set(dir(tg.Tensor)) == {"__delitem__"}  # an array refuses it too


ARRAY = np.array([[3.0, -1.0, 2.0], [0.5, 5.0, -4.0]])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.real, lambda x: x.imag, lambda x: x.conj(), lambda x: x.conjugate(),
        lambda x: x.compress([1, 0, 1], axis=1), lambda x: x.flat[2:5], lambda x: x.flat[-1],
        lambda x: list(x.flat)[4], lambda x: x.astype(np.float32, casting="same_kind"),
        lambda x: x.astype("f4", "F"), lambda x: round(x, 0) if isinstance(x, tg.Tensor) else x.round(0),
        lambda x: x.flatten(), lambda x: x.flatten("F"), lambda x: copy.copy(x),
        lambda x: x.sum(axis=1, keepdims=True), lambda x: x[:, 0].searchsorted([1.0]),
        lambda x: x.argpartition(1), lambda x: x.strides, lambda x: x.tobytes(), lambda x: x.item(3),
        lambda x: x.item(1, 2), lambda x: x.flags.c_contiguous, lambda x: complex(x[0, 0]), lambda x: sum(x),
        lambda x: sorted(x[0])[0], lambda x: len(x.flat), lambda x: (x > 0).choose([1.0, 2.0]),
    ],
)  # fmt: skip
def test_methods_do_what_an_arrays_do(call):
    expected = call(ARRAY)
    for given in (tg.Tensor(ARRAY), tg.Tensor(ARRAY, requires_grad=True)):
        if given.requires_grad and isinstance(expected, complex):
            continue  # refused, as float is
        got = call(given)
        np.testing.assert_array_equal(got.detach() if isinstance(got, tg.Tensor) else got, expected)
        if isinstance(expected, np.ndarray):
            assert got.dtype == expected.dtype
            assert isinstance(got, tg.Tensor)


@pytest.mark.parametrize(
    "method", [lambda x: x.sort(), lambda x: x.sort(0), lambda x: x.partition(1), lambda x: x.fill(3.0)]
)
def test_methods_that_write_make_x_the_result(method):
    plain = ARRAY.copy()
    method(plain)
    constant = tg.Tensor(ARRAY.copy())
    method(constant)
    np.testing.assert_array_equal(constant, plain)
    leaf = tg.Tensor(ARRAY, requires_grad=True)
    x = leaf * 1.0
    method(x)
    np.testing.assert_array_equal(x.detach(), plain)
    np.sum(x * np.arange(6.0).reshape(2, 3)).backward()
    expected = (
        np.zeros((2, 3))
        if np.all(plain == 3)
        else [[np.arange(6.0)[plain.ravel() == value][0] for value in row] for row in ARRAY]
    )
    np.testing.assert_array_equal(leaf.grad, expected)
    with pytest.raises(tg.errors.InPlaceError):
        method(leaf)


def test_assigning_to_flat_is_differentiable():
    leaf = tg.Tensor(ARRAY, requires_grad=True)
    x = leaf * 1.0
    x.flat[[1, 4]] = leaf[0, 0]
    expected = ARRAY.copy()
    expected.flat[[1, 4]] = ARRAY[0, 0]
    np.testing.assert_array_equal(x.detach(), expected)
    np.sum(x).backward()
    np.testing.assert_array_equal(leaf.grad, [[3, 0, 1], [1, 0, 1]])


def test_astype_keeps_numpys_rules():
    with pytest.raises(TypeError, match="Cannot cast"):
        tg.Tensor(ARRAY).astype(np.int64, casting="safe")
    x = tg.Tensor(ARRAY)
    assert not np.shares_memory(x.astype(float).numpy(), x.numpy())
    assert np.shares_memory(x.astype(float, copy=False).numpy(), x.numpy())
    assert x.astype("f4", order="F").flags.f_contiguous


@pytest.mark.parametrize(("shape", "spec"), [((), ".2f"), ((1,), ".2f"), ((1, 1), ".3e")])
def test_one_element_is_formatted_as_a_number(shape, spec):
    for wanted in (False, True):
        assert format(tg.Tensor(np.full(shape, 1.25), requires_grad=wanted), spec) == format(1.25, spec)


def test_several_elements_take_no_format():
    with pytest.raises(TypeError, match=r"format '>30' is for one number, and this Tensor has shape \(2,\)"):
        format(tg.Tensor([1.0, 2.0]), ">30")


def test_a_copy_of_a_result_is_differentiable():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    (copy.copy(x) * 3).sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_the_gradient_of_a_result_is_not_silently_none():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.sum().backward()
    with pytest.warns(UserWarning, match=r"only leaves.* keep their gradient\. Call retain_grad"):
        assert y.grad is None
    y = x * 2
    y.retain_grad()
    y.sum().backward()
    assert y.grad.tolist() == [1, 1]
    assert tg.Tensor([1.0]).grad is None


def test_a_pipe_that_closes_is_no_error():
    command = f"{sys.executable} -m tinygrad_edu coverage"
    reader = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read(10)"], stdin=subprocess.PIPE)
    done = subprocess.run(
        command.split(), stdout=reader.stdin, stderr=subprocess.PIPE, text=True, check=False
    )
    reader.stdin.close()
    reader.wait()
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("part", "name", "instead"),
    [
        (tg.optim, "lr_scheduler", "use optim.schedule"),
        (tg.optim, "clip_grad_norm_", "use optim.clip_grad_norm"), (tg.optim, "adam_w", "use optim.AdamW"),
        (tg.data, "make_moons", "use data.moons"), (tg.data, "train_test_spilt", "is it train_test_split"),
        (tg.data, "Dataloader", "use data.DataLoader"), (tg.io, "save", "use io.save_checkpoint"),
        (tg.io, "read_csv", "use data.read_csv"), (tg.plot, "savefig", "use plot.save"),
        (tg.train, "ModelCheckpoint", "use train.Checkpoint"),
        (tg.train, "accuracy", "use train.metrics.accuracy"), (tg.train, "Adam", "use optim.Adam"),
        (tg.nn.init, "xavier_uniform_", "use nn.init.xavier_uniform"),
        (tg.nn.init, "kaiming_normal_", "use nn.init.he_normal"),
    ],
)  # fmt: skip
def test_names_of_other_frameworks_in_a_part_lead_to_ours(part, name, instead):
    with pytest.raises(
        AttributeError, match=f"module '{part.__name__}' has no attribute '{name}': {instead}"
    ):
        getattr(part, name)


def test_every_hint_of_a_part_leads_to_what_is_there():
    for part, table in hints.PARTS.items():
        for name, instead in table.items():
            place = tg
            for step in part.split("."):
                place = getattr(place, step)
            assert not hasattr(place, name)
            place = tg
            for step in instead.partition(",")[0].split("."):
                place = getattr(place, step)


def test_a_table_leads_from_the_names_of_others_to_its_own():
    table = tg.data.Table("t.csv", ["a", "b"], [(("1", "x"), 2)])
    with pytest.raises(tg.TinygradError, match=r"table\.numbers\('a'\), table\.labels"):
        table["a"]
    for name, instead in (
        ("columns", r"use table\.names"),
        ("shape", r"use len\(table\)"),
        ("a", r"table\.numbers\('a'\)"),
        ("nothing", "'nothing'"),
    ):
        with pytest.raises(AttributeError, match=instead):
            getattr(table, name)
    assert copy.deepcopy(table).names == table.names
