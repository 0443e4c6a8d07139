"""All configurations, by family: what `make` computes with PyTorch, and the test with this package."""

from typing import Any

from . import activations, drawn, layers, losses, optimizers, sequences

CASES: dict[str, list[Any]] = {
    "layers": [*layers.CASES, *drawn.CASES],
    "sequences": sequences.CASES,
    "activations": activations.CASES,
    "losses": losses.CASES,
    "optimizers": [*optimizers.TRAJECTORIES, *drawn.TRAJECTORIES],
    "schedules": optimizers.SCHEDULES,
}
