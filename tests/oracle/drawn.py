"""Layers and optimizers with settings drawn at random: combinations that nobody thought of listing."""

from collections.abc import Callable
from typing import Any

from .cases import Case, case, real, uniform
from .optimizers import Trajectory


class Dice:
    """Choices that a name decides on."""

    def __init__(self, name: str) -> None:
        self.numbers = iter(uniform(name, 100))

    def choose(self, *options: Any) -> Any:
        return options[int(next(self.numbers) * len(options))]

    def pair(self, *options: Any) -> Any:
        """One option for both axes, or one for each."""
        return self.choose(self.choose(*options), (self.choose(*options), self.choose(*options)))


def convolution(dice: Dice) -> Case:
    groups = dice.choose(1, 1, 2, 3)
    settings = {
        "stride": dice.pair(1, 2, 3),
        "padding": dice.pair(0, 1, 2),
        "dilation": dice.pair(1, 1, 2),
        "groups": groups,
        "bias": dice.choose(True, False),
    }
    channels = groups * dice.choose(1, 2), groups * dice.choose(1, 2)
    x = real(dice.choose(1, 2), channels[0], dice.choose(5, 6), dice.choose(5, 7))
    return case("Conv2d", *channels, dice.pair(1, 2, 3), **settings, of=x)


def transposed_convolution(dice: Dice) -> Case:
    groups, stride = dice.choose(1, 1, 2), dice.choose(2, 3)
    settings = {
        "stride": stride,
        "padding": dice.pair(0, 1),
        "output_padding": dice.pair(*range(stride)),
        "groups": groups,
        "dilation": dice.pair(1, 2),
        "bias": dice.choose(True, False),
    }
    channels = groups * dice.choose(1, 2), groups * dice.choose(1, 2)
    return case(
        "ConvTranspose2d",
        *channels,
        dice.pair(2, 3),
        **settings,
        of=real(dice.choose(1, 2), channels[0], dice.choose(2, 3), 3),
    )


def series_convolution(dice: Dice) -> Case:
    groups = dice.choose(1, 1, 2, 3)
    settings = {
        "stride": dice.choose(1, 2, 3),
        "padding": dice.choose(0, 1, 2),
        "dilation": dice.choose(1, 1, 2),
        "groups": groups,
    }
    channels = groups * dice.choose(1, 2), groups * dice.choose(1, 2)
    return case(
        "Conv1d",
        *channels,
        dice.choose(1, 2, 3),
        **settings,
        of=real(dice.choose(1, 2), channels[0], dice.choose(6, 7, 8)),
    )


def max_pool(dice: Dice) -> Case:
    settings = {
        "stride": dice.pair(1, 2, 3),
        "padding": dice.pair(0, 1),
        "dilation": dice.pair(1, 1, 2),
        "ceil_mode": dice.choose(False, True),
    }
    return case(
        "MaxPool2d",
        dice.pair(2, 3),
        **settings,
        of=real(dice.choose(1, 2), 2, dice.choose(5, 6), dice.choose(6, 7)),
    )


def avg_pool(dice: Dice) -> Case:
    settings = {
        "stride": dice.pair(1, 2, 3),
        "padding": dice.pair(0, 1),
        "ceil_mode": dice.choose(False, True),
    }
    settings["count_include_pad"] = dice.choose(True, False)
    return case(
        "AvgPool2d",
        dice.pair(2, 3),
        **settings,
        of=real(dice.choose(1, 2), 2, dice.choose(4, 5, 6), dice.choose(4, 7)),
    )


def recurrent(dice: Dice) -> Case:
    settings = {
        "num_layers": dice.choose(1, 2),
        "bias": dice.choose(True, False),
        "bidirectional": dice.choose(True, False),
    }
    sizes = dice.choose(1, 2), dice.choose(1, 2, 3)
    x = (dice.choose(1, 2, 3), dice.choose(1, 2), sizes[0])
    return case(
        dice.choose("RNN", "LSTM", "GRU"),
        *sizes,
        batch_first=dice.choose(True, False),
        **settings,
        of=real(*x),
    )


def distinct(kind: Callable[[Dice], Case], count: int) -> list[Case]:
    """The first ``count`` different configurations of a kind."""
    cases: dict[str, Case] = {}
    for i in range(3 * count):
        drawn = kind(Dice(f"{kind.__name__} {i}"))
        cases.setdefault(drawn.name, drawn)
    return list(cases.values())[:count]


CASES = [
    *distinct(convolution, 30),
    *distinct(transposed_convolution, 20),
    *distinct(series_convolution, 15),
    *distinct(max_pool, 20),
    *distinct(avg_pool, 20),
    *distinct(recurrent, 15),
]


def optimizer(kind: str, i: int) -> Trajectory:
    """An optimizer whose settings are all drawn."""
    dice = Dice(f"{kind} {i}")
    settings = {"lr": dice.choose(0.3, 0.1, 0.03, 0.01), "weight_decay": dice.choose(0.0, 0.01, 0.3)}
    if kind == "SGD":
        settings["momentum"] = dice.choose(0.5, 0.9, 0.99)
        settings |= (
            {"nesterov": True} if dice.choose(True, False) else {"dampening": dice.choose(0.0, 0.1, 0.7)}
        )
    if kind in ("Adam", "AdamW", "Adamax", "NAdam", "RAdam"):
        settings["betas"] = dice.choose(0.0, 0.5, 0.9), dice.choose(0.5, 0.9, 0.999)
    if kind in ("Adam", "AdamW"):
        settings["amsgrad"] = dice.choose(True, False)
    if kind in ("NAdam", "RAdam"):
        settings["decoupled_weight_decay"] = dice.choose(True, False)
    if kind == "RMSprop":
        settings |= {
            "alpha": dice.choose(0.5, 0.9, 0.99),
            "momentum": dice.choose(0.0, 0.5, 0.9),
            "centered": dice.choose(True, False),
        }
    if kind == "Adadelta":
        settings["rho"] = dice.choose(0.5, 0.9, 0.95)
    if kind == "Adagrad":
        settings |= {"lr_decay": dice.choose(0.0, 0.1), "initial_accumulator_value": dice.choose(0.0, 0.3)}
    if kind != "SGD":
        settings["eps"] = dice.choose(1e-10, 1e-8, 1e-4, 0.1)
    return Trajectory(kind, settings, dice.choose("given", "some", "of f"))


TRAJECTORIES = list(
    {
        t.name: t
        for kind in ("SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "Adamax", "NAdam", "RAdam")
        for t in (optimizer(kind, i) for i in range(8))
    }.values()
)
