"""Save small files by ``torch.save``, and what PyTorch says is in them::

    python -m tests.oracle.saved

from the root of the repository, with torch and safetensors installed; nothing else here needs them.
"""

import warnings
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from . import frozen

FOLDER = frozen.FOLDER / "saved"
WIDENED = {torch.bfloat16: torch.float32, torch.complex32: torch.complex64}
BYTES = [
    torch.float8_e4m3fn,
    torch.float8_e5m2,
    torch.float8_e4m3fnuz,
    torch.float8_e5m2fnuz,
    torch.float8_e8m0fnu,
]
NUMBERS = [
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.complex32,
    torch.complex64,
    torch.complex128,
]
NUMBERS += [
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.uint16,
    torch.uint32,
    torch.uint64,
]


def tensors() -> dict[str, torch.Tensor]:
    """Tensors of every dtype and layout."""
    base = torch.arange(24.0).reshape(4, 6)
    attributed = torch.nn.Parameter(torch.ones(2))
    attributed.note = "an attribute"  # type: ignore[attr-defined]
    found = {
        "base": base, "transposed": base.T, "view": base[1:, 2:4], "steps": base[::2, 1::3], "same": base,
        "expanded": torch.tensor([7.0]).expand(2, 3), "0-d": torch.tensor(3.5), "empty": torch.empty(0, 3),
        "bool": torch.tensor([True, False]), "parameter": torch.nn.Parameter(base[0]),
        "attributed": attributed,
        "buffer": torch.nn.Buffer(torch.ones(1)), "conjugate": torch.tensor([1 + 2j, 3 - 1j]).conj(),
        "negative": torch.tensor([1 + 2j, 3 - 1j]).conj().imag,
        "nan": torch.tensor([np.nan, np.inf, -np.inf, -0.0]),
        "channels last": torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last),
    }  # fmt: skip
    found |= {str(dtype): torch.tensor([0.0, 1.0, 3.0, 100.0]).to(dtype) for dtype in NUMBERS}
    found |= {str(dtype): torch.arange(256, dtype=torch.uint8).view(dtype) for dtype in BYTES}
    halves = torch.tensor([0x3F80, -0x4000, 0x7F80, 0x7FC1, -0x8000, 1], dtype=torch.int16)
    return {**found, "bits of bfloat16": halves.view(torch.bfloat16)}


def as_array(x: torch.Tensor) -> np.ndarray:
    x = x.detach().resolve_conj().resolve_neg()
    return x.to(WIDENED.get(x.dtype, torch.float32 if x.dtype in BYTES else x.dtype)).numpy()


def whole() -> dict[str, Any]:
    """A checkpoint, with all that such files have beside tensors."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.Adam(model.parameters())
    return {
        "tensors": tensors(), "list": [1, 2.5, None, True, "é", (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "integers": [0, 255, 256, 65536, -1, 2**31, -(2**40), 2**70], "bytes": b"abc\xff", "complex": 1 + 2j,
        "size": torch.Size([1, 2]), "dtype": torch.float32, "device": torch.device("cpu"), 7: "a number",
        "scalar": np.float64(0.5), "array": np.arange(6, dtype=np.int16).reshape(2, 3).T, "truth": np.True_,
        "optimizer": optimizer.state_dict(), "layer": model.state_dict(),
    }  # fmt: skip


def main() -> None:
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    torch.manual_seed(0)
    np.savez_compressed(FOLDER / "tensors.npz", **{name: as_array(x) for name, x in tensors().items()})
    checkpoint = whole()
    torch.save(checkpoint, FOLDER / "zip.pt")
    torch.save(checkpoint, FOLDER / "protocol4.pt", pickle_protocol=4)
    torch.save(checkpoint, FOLDER / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(torch.arange(3), FOLDER / "one.pt")
    state = {f"module.{name}": x for name, x in load_file(frozen.FOLDER / "cnn.safetensors").items()}
    torch.save({"epoch": 3, "state_dict": state}, FOLDER / "cnn.pth")
    module = torch.nn.Linear(2, 1)
    refused = {
        "module": module, "optimizer": torch.optim.SGD(module.parameters()), "set": {1, 2},
        "class": torch.Tensor,
        "sparse": torch.eye(2).to_sparse(), "meta": torch.ones(2, device="meta"),
        "storage": torch.ones(2).untyped_storage(),
        "quantized": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    }  # fmt: skip
    for name, value in refused.items():
        torch.save(value, FOLDER / f"refused_{name}.pt")
    torch.jit.script(module).save(str(FOLDER / "refused_script.pt"))


if __name__ == "__main__":
    main()
