"""Optimizers, 20 steps of a matrix and a vector; and schedules, the learning rates of 25 epochs."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .cases import uniform

STEPS, SHAPES = 20, ((2, 3), (3,))


@dataclass(frozen=True)
class Trajectory:
    """An optimizer with its settings, and where its gradients come from.

    Parameters
    ----------
    kind : str
        The class, of the same name in torch.optim and in tinygrad_edu.optim.
    settings : dict
    gradients : {"given", "some", "tiny", "of f"}
        Drawn; drawn, and None for the vector in every third step; drawn, of size 1e-6; or those of `f`.
    vector : dict
        The settings of a group of its own for the vector; none: one group.
    halved : bool
        Whether all rates are halved after ten steps.
    """

    kind: str
    settings: dict[str, Any]
    gradients: str = "given"
    vector: dict[str, Any] = field(default_factory=dict)
    halved: bool = False

    @property
    def name(self) -> str:
        more = (f", vector {self.vector}" if self.vector else "") + (", halved" if self.halved else "")
        settings = ", ".join(f"{k}={v!r}" for k, v in self.settings.items())
        return f"{self.kind}({settings}), gradients {self.gradients}{more}"

    def groups(self, matrix: Any, vector: Any) -> list[Any]:
        """What the optimizer is made of: two parameters, or two groups of one each."""
        return (
            [{"params": [matrix]}, {"params": [vector], **self.vector}] if self.vector else [matrix, vector]
        )

    def start(self) -> list[np.ndarray]:
        """The matrix and the vector."""
        return [
            3 * uniform(f"{self.name}/{shape}", int(np.prod(shape))).reshape(shape) - 1.5 for shape in SHAPES
        ]

    def gradient(self, step: int, i: int) -> np.ndarray | None:
        """The gradient of parameter i in a step, from 0, where it is drawn."""
        if self.gradients == "some" and i == 1 and step % 3 == 1:
            return None
        g = 2 * uniform(f"{self.name}/gradient/{step}.{i}", int(np.prod(SHAPES[i]))).reshape(SHAPES[i]) - 1
        return 1e-6 * g if self.gradients == "tiny" else g


def f(xp: Any, matrix: Any, vector: Any) -> Any:
    """A smooth function, neither quadratic nor convex, for the gradients "of f"; ``xp`` is numpy or torch."""
    return (
        xp.sum(xp.log(xp.cosh(matrix @ vector - 1)))
        + xp.sum(xp.sin(matrix) ** 2) / 2
        + xp.sum(xp.exp(vector / 2) - vector)
    )


def wavering(kind: str, settings: dict[str, Any]) -> list[Trajectory]:
    return [Trajectory(kind, settings, gradients) for gradients in ("given", "some", "of f")]


TRAJECTORIES = [
    trajectory
    for kind, all_settings in {
        "SGD": [
            {"lr": 0.1},
            {"lr": 0.1, "weight_decay": 0.3},
            {"lr": 0.1, "momentum": 0.9},
            {"lr": 0.1, "momentum": 0.9, "dampening": 0.5},
            {"lr": 0.1, "momentum": 0.9, "nesterov": True},
            {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3},
            {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.3},
        ],
        "Adagrad": [
            {"lr": 0.1},
            {"lr": 0.1, "lr_decay": 0.2},
            {"lr": 0.1, "weight_decay": 0.3, "initial_accumulator_value": 0.5, "eps": 1e-3},
        ],
        "Adadelta": [{}, {"lr": 0.5, "rho": 0.8, "eps": 1e-4}, {"lr": 1.0, "weight_decay": 0.3}],
        "RMSprop": [
            {},
            {"lr": 0.1, "alpha": 0.9},
            {"lr": 0.1, "eps": 1.0},
            {"lr": 0.05, "weight_decay": 0.3},
            {"lr": 0.05, "centered": True},
            {"lr": 0.02, "momentum": 0.9},
            {"lr": 0.02, "momentum": 0.8, "centered": True, "weight_decay": 0.1, "alpha": 0.9},
        ],
        "Adam": [
            {},
            {"lr": 0.1},
            {"lr": 0.1, "betas": (0.5, 0.9)},
            {"lr": 0.1, "betas": (0.0, 0.5)},
            {"lr": 0.1, "eps": 0.1},
            {"lr": 0.1, "weight_decay": 0.3},
            {"lr": 0.1, "amsgrad": True, "betas": (0.9, 0.5)},
            {"lr": 0.1, "amsgrad": True, "weight_decay": 0.3},
        ],
        "AdamW": [
            {},
            {"lr": 0.1},
            {"lr": 0.1, "weight_decay": 0.5},
            {"lr": 0.1, "weight_decay": 0.0},
            {"lr": 0.1, "amsgrad": True, "betas": (0.8, 0.5)},
        ],
        "Adamax": [
            {},
            {"lr": 0.1, "betas": (0.8, 0.9)},
            {"lr": 0.1, "weight_decay": 0.3},
            {"lr": 0.1, "eps": 0.1},
        ],
        "NAdam": [
            {},
            {"lr": 0.1},
            {"lr": 0.1, "momentum_decay": 0.1},
            {"lr": 0.1, "weight_decay": 0.3},
            {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True},
            {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3},
        ],
        "RAdam": [
            {},
            {"lr": 0.1},
            {"lr": 0.1, "betas": (0.8, 0.9)},
            {"lr": 0.1, "weight_decay": 0.3, "eps": 1e-3},
            {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True, "betas": (0.5, 0.9)},
        ],
    }.items()
    for settings in all_settings
    for trajectory in wavering(kind, settings)
]
TRAJECTORIES += [
    Trajectory(kind, {"lr": 0.01, "weight_decay": 0.3, "maximize": True} | momentum, gradients)
    for kind in ("SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "Adamax", "NAdam", "RAdam")
    for momentum in [{"momentum": 0.9} if kind in ("SGD", "RMSprop") else {}]
    for gradients in ("given", "some", "of f")
]
TRAJECTORIES += [
    Trajectory(kind, {"lr": 0.1}, vector={"maximize": True}) for kind in ("SGD", "Adam", "AdamW")
]
TRAJECTORIES += [
    Trajectory(kind, {"lr": 0.01}, "tiny")
    for kind in ("SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "Adamax", "NAdam", "RAdam")
]

TRAJECTORIES += [
    Trajectory(
        kind, {"lr": 0.1} | momentum, gradients, vector={"lr": 0.03, "weight_decay": 0.2}, halved=halved
    )
    for kind in ("SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "Adamax", "NAdam", "RAdam")
    for momentum in [{"momentum": 0.9} if kind in ("SGD", "RMSprop") else {}]
    for gradients, halved in [("given", False), ("given", True), ("of f", True)]
]

EPOCHS, LR = 25, 0.1


@dataclass(frozen=True)
class Schedule:
    """A schedule of torch.optim.lr_scheduler with its settings, from a rate of `LR`."""

    kind: str
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.kind}({', '.join(f'{k}={v!r}' for k, v in self.settings.items())})"

    def metric(self, epoch: int) -> float:
        """What a plateau is told after an epoch: better at first, then wavering, then better again."""
        waver = 0.1 * uniform(f"{self.name}/{epoch}", 1).item()
        return max(1 - 0.1 * epoch, 0.6) + waver if epoch < 18 else 0.5 - 0.01 * epoch


SCHEDULES = [
    Schedule(kind, settings)
    for kind, all_settings in {
        "StepLR": [{"step_size": 7}, {"step_size": 1, "gamma": 0.9}, {"step_size": 4, "gamma": 0.5}],
        "MultiStepLR": [{"milestones": [5, 12]}, {"milestones": [1, 2, 20], "gamma": 0.5}],
        "ExponentialLR": [{"gamma": 0.9}, {"gamma": 1.05}],
        "PolynomialLR": [
            {"total_iters": 10},
            {"total_iters": 20, "power": 2.0},
            {"total_iters": 30, "power": 0.5},
        ],
        "CosineAnnealingLR": [{"T_max": 25}, {"T_max": 25, "eta_min": 0.01}, {"T_max": 24}],
        "CosineAnnealingWarmRestarts": [{"T_0": 5}, {"T_0": 3, "T_mult": 2}, {"T_0": 7, "eta_min": 0.02}],
        "OneCycleLR": [
            {"max_lr": 0.1, "total_steps": 25},
            {"max_lr": 0.1, "total_steps": 26, "pct_start": 0.5, "div_factor": 10.0},
            {"max_lr": 0.1, "total_steps": 25, "anneal_strategy": "linear", "final_div_factor": 100.0},
            {"max_lr": 1.0, "total_steps": 40, "pct_start": 0.1},
        ],
        "LinearLR": [{}, {"start_factor": 0.25, "total_iters": 3}, {"start_factor": 0.1, "total_iters": 20}],
        "SequentialLR": [
            {
                "schedulers": [
                    ("LinearLR", {"start_factor": 0.25, "total_iters": 5}),
                    ("CosineAnnealingLR", {"T_max": 20}),
                ],
                "milestones": [5],
            },
            {
                "schedulers": [
                    ("ExponentialLR", {"gamma": 0.9}),
                    ("StepLR", {"step_size": 2}),
                    ("PolynomialLR", {"total_iters": 9}),
                ],
                "milestones": [4, 15],
            },
        ],
        "ReduceLROnPlateau": [
            {},
            {"factor": 0.5, "patience": 2},
            {"factor": 0.5, "patience": 1, "cooldown": 3},
            {"factor": 0.1, "patience": 0, "min_lr": 1e-4},
            {"factor": 0.5, "patience": 2, "threshold": 0.05, "threshold_mode": "abs"},
            {"mode": "max", "factor": 0.5, "patience": 3},
        ],
    }.items()
    for settings in all_settings
]
