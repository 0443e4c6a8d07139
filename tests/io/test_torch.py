"""Files of torch.save: what PyTorch has written is read to the bit, and what is hostile is refused,
and never run.
"""

import os
import pickle
import random
import struct
import zipfile

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import memory_below, message_of
from tests.io.pickles import Runs, called, file_of, random_file, storage, tensor, text
from tests.oracle.frozen import FOLDER
from tinygrad_edu import errors, io, nn

SAVED = FOLDER / "saved"
CONTAINERS = ["zip.pt", "protocol4.pt", "legacy.pth"]
EIGHT = {"0": np.arange(4, dtype="<f4").tobytes()}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("torch") / "x.pt"


def load(path, content, **settings):
    path.write_bytes(content)
    return io.load_torch(path, **settings)


# ---- what PyTorch has written ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTAINERS)
def test_tensors_of_every_dtype_and_layout_are_read_to_the_bit(name):
    found = io.load_torch(SAVED / name)["tensors"]
    with np.load(SAVED / "tensors.npz") as expected:
        assert list(found) == list(expected)
        for key in expected:
            array, theirs = found[key], expected[key]
            assert (array.dtype, array.shape) == (theirs.dtype, theirs.shape), key
            assert array.tobytes() == theirs.tobytes() or (np.isnan(theirs).any() and same(array, theirs)), (
                key
            )
            assert array.flags.c_contiguous, key
            assert array.flags.writeable, key


def same(a, b):
    np.testing.assert_array_equal(a, b)
    return True


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_stands_beside_tensors_is_read(name):
    found = io.load_torch(SAVED / name)
    assert found["list"] == [1, 2.5, None, True, "é", (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)]
    assert found["integers"] == [0, 255, 256, 65536, -1, 2**31, -(2**40), 2**70]
    assert (found["bytes"], found["complex"], found["size"]) == (b"abc\xff", 1 + 2j, (1, 2))
    assert (found["dtype"], found["device"], found[7]) == ("torch.float32", "cpu", "a number")
    assert found["scalar"] == 0.5
    assert isinstance(found["scalar"], np.float64)
    assert found["truth"] == np.True_
    np.testing.assert_array_equal(found["array"], np.arange(6).reshape(2, 3).T)
    assert found["array"].dtype == np.int16
    assert found["optimizer"]["param_groups"][0]["betas"] == (0.9, 0.999)
    assert list(found["layer"])[-1] == "1.num_batches_tracked"
    assert type(found["layer"]) is dict


def test_arrays_have_memory_of_their_own_and_one_tensor_is_one_array():
    found = io.load_torch(SAVED / "zip.pt")["tensors"]
    assert found["base"] is found["same"]
    assert not np.shares_memory(found["base"], found["view"])
    np.testing.assert_array_equal(io.load_torch(SAVED / "one.pt"), [0, 1, 2])


def test_a_network_of_pytorchs_goes_along():
    layers = [nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [
        nn.Conv2d(8, 16, 3),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(144, 10),
    ]
    model = nn.Sequential(*layers)
    checkpoint = io.load_torch(SAVED / "cnn.pth")
    fitted = io.fit_state(checkpoint["state_dict"], model)
    assert fitted.complete
    assert checkpoint["epoch"] == 3
    model.load_state_dict(fitted.state)
    with np.load(FOLDER / "networks.npz") as file:
        x, expected = file["cnn input"], file["cnn output"]
    np.testing.assert_allclose(model.eval()(x).data, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


# fmt: off
REFUSED = {
    "module":    r"needs torch\.nn\.modules\.linear\.Linear, which would be code to run.*torch\.save\(model\.state_dict\(\), path\)",
    "optimizer": r"needs torch\.optim\.sgd\.SGD, which would be code",
    "set":       r"needs __builtin__\.set",
    "class":     r"has the class torch\.Tensor in it; expected tensors, numbers and texts",
    "sparse":    r"a tensor is sparse, and no array is: x\.to_dense\(\)",
    "meta":      r"is on the device meta, and has no elements",
    "storage":   r"has a bare storage in it",
    "quantized": r"in a QInt8Storage, which no array can hold",
    "script":    r"is TorchScript, a program with its weights\. In PyTorch: torch\.save\(torch\.jit\.load",
}
# fmt: on


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_array_is_refused_by_name(kind):
    with pytest.raises(errors.FormatError, match=f"(?s){REFUSED[kind]}") as caught:
        io.load_torch(SAVED / f"refused_{kind}.pt")
    assert str(caught.value).startswith(str(SAVED))


def test_big_endian_files_are_read(path):
    stored = {"0": np.arange(4, dtype=">f4").tobytes()}
    np.testing.assert_array_equal(load(path, file_of(tensor() + b".", stored, order=b"big")), np.arange(4))
    np.testing.assert_array_equal(load(path, file_of(tensor() + b".", EIGHT)), np.arange(4))


def test_a_tar_archive_of_the_first_pytorch_is_called_by_its_name(path):
    message = message_of(errors.FormatError, load, path, bytes(257) + b"ustar" + bytes(700))
    assert "is a tar archive, as PyTorch wrote before version 0.1.10" in message


# ---- what is hostile ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "make", [lambda p: Runs(os.mkdir, p), lambda p: [Runs(eval, f"__import__('os').mkdir({p!r})")]]
)
def test_nothing_is_ever_run(protocol, make, tmp_path, path):
    command = pickle.dumps(make(str(tmp_path / "made")), protocol)
    with pytest.raises(errors.FormatError):
        load(path, file_of(command))
    good = (SAVED / "legacy.pth").read_bytes()
    with pytest.raises(errors.FormatError):
        load(path, good[:14] + command[2:] + good[14:])
    assert not (tmp_path / "made").exists()
    pickle.loads(command)  # noqa: S301  # which runs it
    assert (tmp_path / "made").exists()


def cut(content, key):
    return {**EIGHT, key: content}


DEEP, WIDE = (
    b"]" * 200 + b"a" * 199,
    b"]q\0" + b"".join(b"](" + b"h%c" % i * 99 + b"eq%c" % (i + 1) for i in range(99)),
)
# fmt: off
HOSTILE = {  # the program, the storages, and what the message says
    "a name that is not called":  (called("os.system", b"(" + text("true") + b"t") + b".", {}, r"needs os\.system, which would be code"),
    "getattr":                    (called("builtins.getattr", b"(" + text("a") * 2 + b"t") + b".", {}, r"needs builtins\.getattr"),
    "a call of a value":          (b"K\1)R.", {}, "calls what is no function"),
    "an object":                  (b"cos\nsystem\n)\x81.", {}, r"needs os\.system"),
    "an instance":                (b"(ios\nsystem\n.", {}, "builds an object of a class"),
    "an extension":               (b"\x82\1.", {}, "builds an object of a class"),
    "an unknown instruction":     (b"\xff.", {}, "no file of weights needs"),
    "attributes of a number":     (b"K\1}b.", {}, "attributes are given to what has none"),
    "an empty stack":             (b".", {}, "damaged: no writer makes such a one"),
    "no end":                     (b"K", {}, "ends in the middle"),
    "items into a number":        (b"K\1K\2a.", {}, "items are put into what is no list"),
    "an unknown memo":            (b"h\7.", {}, "damaged"),
    "a key that is a tuple":      (b"}" + b")" + b"\x85" * 9 + b"Ns.", {}, "a key is a tuple"),
    "a list in itself":           (b"]q\0h\0a.", {}, "nested without an end"),
    "a dict in itself":           (b"}q\0K\1h\0s.", {}, "nested without an end"),
    "too deep":                   (DEEP + b".", {}, "too deeply"),
    "laughs":                     (WIDE + b".", {}, "nested without an end"),
    "beyond the storage":         (tensor((5,)) + b".", EIGHT, "reaches to element 4, and the storage has 4"),
    "an offset beyond":           (tensor((1,), offset=4) + b".", EIGHT, "reaches to element 4"),
    "strides beyond":             (tensor((2, 2), (3, 1)) + b".", EIGHT, "reaches to element 4"),
    "a negative stride":          (tensor((2,), (-1,), 1) + b".", EIGHT, "lengths that are no numbers of at least 0"),
    "a negative length":          (tensor((-2,)) + b".", EIGHT, "lengths that are no numbers"),
    "a huge length":              (tensor((2**100,)) + b".", EIGHT, "lengths that are no numbers"),
    "a huge product":             (tensor((2**50, 2**50), (0, 0)) + b".", EIGHT, "no array has the shape"),
    "expanded to a tebibyte":     (tensor((2**38,), (0,)) + b".", EIGHT, "more than max_bytes="),
    "expanded to a gibibyte":     (tensor((2**28,), (0,)) + b".", EIGHT, "as made to fill the memory"),
    "fewer strides than axes":    (tensor((2, 2), (1,)) + b".", EIGHT, "not one stride for each axis"),
    "many axes":                  (tensor((1,) * 65, (1,) * 65) + b".", EIGHT, "at most 64"),
    "a storage of another length": (tensor(count=5) + b".", EIGHT, "has 16 bytes; expected 20 bytes"),
    "a storage that is not there": (tensor(key="7") + b".", EIGHT, "the storage '7' is not there"),
    "a storage outside":          (tensor(key="../data.pkl") + b".", EIGHT, "is not there"),
    "a negative storage":         (tensor(count=-4) + b".", EIGHT, "several lengths"),
    "an unknown storage":         (tensor(kind="OddStorage") + b".", EIGHT, "in a OddStorage"),
    "a boolean of 2":             (tensor(kind="BoolStorage") + b".", {"0": b"\0\1\2\0"}, "neither 0 nor 1"),
    "a bare storage":             (storage() + b".", EIGHT, "a bare storage"),
    "objects of NumPy's":         (called("numpy.dtype", b"(" + text("O8") + b"\x89\x88t") + b".", {}, "holds no numbers"),
    "bytes in base64":            (called("_codecs.encode", b"(" + text("a") + text("base64") + b"t") + b".", {}, "another encoding"),
}
# fmt: on


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_refused_at_once(kind, path):
    program, members, message = HOSTILE[kind]
    with memory_below(5_000_000), pytest.raises(errors.FormatError, match=message) as caught:
        load(path, file_of(program, members))
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 600


def test_what_is_copied_over_and_over_is_paid_from_a_budget(path):
    once = called("_codecs.encode", b"(h\0" + text("latin1") + b"t")
    program = text("a" * 100_000) + b"q\0" + (once + b"0") * 1000 + b"."
    with memory_below(5_000_000), pytest.raises(errors.FormatError, match="over and over"):
        load(path, file_of(program))


def test_a_long_pickle_is_not_read(path):
    with memory_below(1_000_000), pytest.raises(errors.FormatError, match="has more than 10000 bytes"):
        load(path, file_of(b"N" * 20_000 + b"."), max_bytes=100_000)


def test_archives_that_are_none_of_pytorchs_are_refused(path):
    good = file_of(tensor() + b".", EIGHT)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"N.")
    assert "is packed; torch.save packs nothing" in message_of(errors.FormatError, io.load_torch, path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", b"N.")
        archive.writestr("b/data.pkl", b"N.")
    assert "it has 2 members NAME/data.pkl" in message_of(errors.FormatError, io.load_torch, path)
    message = message_of(errors.FormatError, load, path, good[:-30])
    assert "does not end as one" in message
    changed = good.replace(EIGHT["0"], b"\1" * 16)
    assert "Bad CRC-32" in message_of(errors.FormatError, load, path, changed)
    assert io.load_torch(SAVED / "one.pt", max_bytes=2000).shape == (3,)
    with pytest.raises(errors.FormatError, match="the file has more than 1000 bytes"):
        io.load_torch(SAVED / "one.pt", max_bytes=1000)


def test_damaged_files_of_the_old_format_are_refused(path):
    good = (SAVED / "legacy.pth").read_bytes()
    for content, message in (
        (good[:-1], "its tensors take"),
        (good + b"\0", "its tensors take"),
        (good[:14] + b"\x80\2K\7." + good[24:], "FormatError|damaged|does not begin as one"),
        (
            good.replace(struct.pack("<q", 256) + bytes(range(8)), struct.pack("<q", 255) + bytes(range(8))),
            "another length",
        ),
    ):
        with pytest.raises(errors.FormatError, match=message):
            load(path, content)


def test_random_programs_are_read_or_refused(path):
    rng, ends = random.Random(0), {"read": 0, "refused": 0}
    for _ in range(150):
        path.write_bytes(random_file(rng))
        try:
            io.load_torch(path)
            ends["read"] += 1
        except errors.FormatError:
            ends["refused"] += 1
    assert min(ends.values()) > 1, ends


# ---- names -------------------------------------------------------------------------------------------------


def model():
    return nn.Sequential(nn.Linear(3, 2, rng=0), nn.BatchNorm1d(2))


def test_a_state_that_fits_is_taken_as_it_is():
    other = nn.Sequential(nn.Linear(3, 2, rng=1), nn.BatchNorm1d(2))
    fitted, own = io.fit_state(other.state_dict(), model()), model()
    assert fitted.complete
    assert str(fitted) == "7 of 7 values taken, 0 of them under other names"
    own.load_state_dict(fitted.state)
    np.testing.assert_array_equal(own[0].weight.data, other[0].weight.data)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_prefixes_are_stripped(prefix):
    state = {prefix + name: value for name, value in model().state_dict().items()}
    assert io.fit_state(state, model()).complete
    assert not io.fit_state(state, model(), strip=()).taken
    own = {"module": nn.Linear(2, 2)}  # a name of the model's own is no prefix

    class Wrapped(nn.Module):
        def __init__(self):
            self.module = own["module"]

    assert io.fit_state(Wrapped().state_dict(), Wrapped()).taken == {
        f"module.{k}": f"module.{k}" for k in ("weight", "bias")
    }


def test_parts_are_renamed_by_their_longest_beginning_or_by_a_function():
    state = {
        "net.fc.weight": np.ones((2, 3)),
        "net.fc.bias": np.zeros(2),
        "net.bn.weight": np.ones(2),
        "old": np.ones(1),
    }
    fitted = io.fit_state(state, model(), strip="net.", rename={"fc.": "0.", "bn.": "1.", "f": "nothing."})
    assert fitted.taken == {"0.weight": "net.fc.weight", "0.bias": "net.fc.bias", "1.weight": "net.bn.weight"}
    assert fitted.unused == ["old"]
    assert fitted.kept == ["1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"]
    assert not fitted.complete
    by_function = io.fit_state(
        state, model(), rename=lambda name: None if name == "old" else name.replace("net.fc", "0")
    )
    assert list(by_function.taken) == ["0.weight", "0.bias"]
    assert by_function.unused == ["net.bn.weight", "old"]


def test_what_does_not_fit_is_kept_and_reported():
    own = model()
    state = {**own.state_dict(), "0.bias": np.ones(3), "1.num_batches_tracked": np.array(1.5)}
    fitted = io.fit_state(state, own)
    assert fitted.misfits == {
        "0.bias": "expected shape (2,), got (3,)",
        "1.num_batches_tracked": "expected values of int64, got float64",
    }
    assert "kept, for what was given does not fit (2):\n  0.bias: expected shape" in str(fitted)
    np.testing.assert_array_equal(fitted.state["0.bias"], own[0].bias.data)
    own.load_state_dict(fitted.state)
    long = io.fit_state({f"x{i}": np.ones(1) for i in range(99)}, own)
    assert "  … and 89 more" in str(long)
    assert len(str(long)) < 1000


def test_what_is_no_state_is_refused():
    with pytest.raises(
        errors.ArgumentError,
        match=r"fit_state: .*'state_dict' is a dict itself\. Is it state\['state_dict'\]",
    ):
        io.fit_state({"epoch": 1, "state_dict": {}}, model())
    with pytest.raises(errors.ArgumentError, match="fit_state: a state is a dict of arrays by name; got 3"):
        io.fit_state(3, model())
    with pytest.raises(
        errors.ArgumentError, match=r"two values are given for '0\.bias': 'module\.0\.bias' and"
    ):
        io.fit_state(
            {"module.0.bias": np.ones(2), "0.bias": np.ones(2)}, model(), strip=(), rename={"module.": ""}
        )


def test_tensors_are_taken_too():
    fitted = io.fit_state({"0.bias": tg.Tensor([1.0, 2.0], requires_grad=True)}, model())
    np.testing.assert_array_equal(fitted.state["0.bias"], [1, 2])
