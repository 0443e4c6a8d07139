"""States that PyTorch saved with safetensors load as they are, and give PyTorch's outputs.

Ours go through the same files.
"""

import numpy as np
import pytest

from tests.oracle.frozen import FOLDER
from tinygrad_edu import errors, nn

safetensors = pytest.importorskip(
    "safetensors.numpy", reason="safetensors, of the test extra, reads the files that PyTorch's users save"
)


def mlp():
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(144, 10),
    )  # fmt: skip


both = pytest.mark.parametrize("build", [mlp, cnn])


@pytest.fixture(scope="module")
def calls():
    """An input of each network, and what PyTorch made of it."""
    with np.load(FOLDER / "networks.npz") as file:
        return dict(file)


def saved(build):
    return safetensors.load_file(FOLDER / f"{build.__name__}.safetensors")


@both
def test_a_state_of_pytorch_loads_and_gives_its_outputs(build, calls):
    model, x, expected = build(), calls[f"{build.__name__} input"], calls[f"{build.__name__} output"]
    before = model.eval()(x).data
    model.load_state_dict(saved(build))
    y = model.eval()(x).data
    assert y.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
    assert np.abs(before - expected).max() > 0.1  # it is the state that makes the outputs equal


@both
def test_states_have_pytorchs_names_shapes_and_dtypes(build):
    def described(state):
        return {name: (value.shape, value.dtype) for name, value in state.items()}

    assert described(build().state_dict()) == described(saved(build))


@both
def test_our_states_come_back_from_the_file(build, calls, tmp_path):
    model, other, x = build(), build(), calls[f"{build.__name__} input"]
    model(2 * x)  # in training: running statistics move
    safetensors.save_file(model.state_dict(), tmp_path / "state.safetensors")
    other.load_state_dict(safetensors.load_file(tmp_path / "state.safetensors"))
    assert all(
        np.array_equal(a, b)
        for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True)
    )
    np.testing.assert_array_equal(model.eval()(x).data, other.eval()(x).data)


def test_the_state_of_another_network_is_refused():
    with pytest.raises(errors.StateError, match="nothing was loaded"):
        mlp().load_state_dict(saved(cnn))
