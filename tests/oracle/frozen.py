"""What PyTorch computed: one vector of float64 for each configuration, and what its parts are.

``data/<family>.npz`` holds the vectors, under the numbers of the lines of ``data/<family>.json``; a line is a
configuration's name and its parts, ``name: shape``, in the order in which they follow each other.
``data/torch.json`` says which PyTorch it was, and what that has.
"""

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "data"


def write(family: str, results: dict[str, dict[str, np.ndarray]]) -> None:
    """Store the parts of each configuration; the same results give the same bytes."""
    parts = [
        json.dumps(name) + ": " + json.dumps({k: list(v.shape) for k, v in r.items()})
        for name, r in results.items()
    ]
    (FOLDER / f"{family}.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")
    vectors = [np.concatenate([np.ravel(v).astype(np.float64) for v in r.values()]) for r in results.values()]
    # NumPy dates every member 1980-01-01, so that the bytes stay the same.
    np.savez_compressed(FOLDER / f"{family}.npz", **{str(i): v for i, v in enumerate(vectors)})


def read(family: str) -> dict[str, dict[str, np.ndarray]]:
    """The parts of each configuration by their names."""
    layout = json.loads((FOLDER / f"{family}.json").read_text())
    with np.load(FOLDER / f"{family}.npz") as vectors:
        return {name: _split(vectors[str(i)], parts) for i, (name, parts) in enumerate(layout.items())}


def _split(vector: np.ndarray, parts: dict[str, list[int]]) -> dict[str, np.ndarray]:
    ends = np.cumsum([prod(shape) for shape in parts.values()])
    return {
        name: v.reshape(shape)
        for (name, shape), v in zip(parts.items(), np.split(vector, ends[:-1]), strict=True)
    }


def about_torch() -> dict[str, Any]:
    """Its version; the settings of each layer and loss that it has ("nn"),
    and of each optimizer ("optim").
    """
    return json.loads((FOLDER / "torch.json").read_text())
