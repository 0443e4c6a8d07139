"""Size: the memory of training steps of a model of 100 million parameters, beside PyTorch's.

Each figure is the peak of a fresh process's resident memory over three steps, less what it was when its
library was imported and the model not made: parameters, gradients, moments, activations and whatever is
needed on the way, and not the code.  JAX's is left out: it compiles the step, and plans its memory.
"""

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .imports import ROOT

WIDTH, LAYERS, ROWS, CLASSES = 4096, 6, 64, 10  # 6 · 4096 · 4097 + 10 · 4097 = 100.7 million parameters
OPTIMIZERS = ("SGD", "SGD, momentum", "Adam")
LIMIT = 1.1  # times PyTorch's


def resident(peak: bool) -> int:
    """The bytes of this process that lie in memory, now or at most so far."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    name = "VmHWM" if peak else "VmRSS"
    lines = status.read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def ours(optimizer: str) -> Any:
    """A step by this package."""
    import tinygrad_edu as tg
    from tinygrad_edu import nn, optim

    before = resident(peak=False)
    rng = np.random.default_rng(0)
    layers = [part for i in range(LAYERS) for part in (nn.Linear(WIDTH, WIDTH, rng=i), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Linear(WIDTH, CLASSES, rng=LAYERS))
    x = rng.standard_normal((ROWS, WIDTH)).astype(np.float32)
    y = rng.integers(CLASSES, size=ROWS)
    rule = (
        optim.Adam(model.parameters())
        if optimizer == "Adam"
        else optim.SGD(model.parameters(), lr=0.01, momentum=0.9 * ("momentum" in optimizer))
    )

    def step() -> None:
        rule.zero_grad()
        tg.softmax_cross_entropy(model(x), y).backward()
        rule.step()

    return step, before


def torchs(optimizer: str) -> Any:
    """A step by PyTorch."""
    import torch

    torch.set_num_threads(1)
    before = resident(peak=False)
    rng = np.random.default_rng(0)
    layers = [part for _ in range(LAYERS) for part in (torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU())]
    model = torch.nn.Sequential(*layers, torch.nn.Linear(WIDTH, CLASSES))
    x = torch.from_numpy(rng.standard_normal((ROWS, WIDTH)).astype(np.float32))
    y = torch.from_numpy(rng.integers(CLASSES, size=ROWS))
    rule = (
        torch.optim.Adam(model.parameters())
        if optimizer == "Adam"
        else torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9 * ("momentum" in optimizer))
    )

    def step() -> None:
        rule.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        rule.step()

    return step, before


def in_a_process(who: str, optimizer: str) -> int:
    """The bytes that a fresh process needs."""
    command = [sys.executable, "-m", f"{__package__}.large", who, optimizer]
    return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def report() -> dict[str, Any]:
    """Measure both, and print a table; PyTorch's column is empty where that is not installed."""
    from importlib.util import find_spec

    print(f"Memory of a step of {LAYERS} layers of {WIDTH}, 100.7 million parameters, {ROWS} rows, float32")
    results: dict[str, Any] = {}
    for optimizer in OPTIMIZERS:
        row = {"ours": in_a_process("ours", optimizer)}
        line = f"  {optimizer:14}{row['ours'] / 2**20:8.0f} MiB"
        if find_spec("torch") is not None:
            row["torch"] = in_a_process("torch", optimizer)
            ratio = row["ours"] / row["torch"]
            line += f"   PyTorch {row['torch'] / 2**20:6.0f} MiB, ratio {ratio:.3f}" + " !" * (ratio > LIMIT)
        print(line)
        results[optimizer] = row
    return results


if __name__ == "__main__":
    who, optimizer = sys.argv[1:]
    step, before = ours(optimizer) if who == "ours" else torchs(optimizer)
    for _ in range(3):
        step()
    print(resident(peak=True) - before)
