"""Every schedule of the learning rate, as a curve over a hundred epochs,
and what some of them do to a training.

    python examples/schedules.py --out schedules.png

A schedule is a plain function of the epoch, so that drawing one is calling it with an array.  The one that is
not, `ReduceOnPlateau`, is shown following a loss that stops falling twice.
"""

import argparse
import math

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import plot
from tinygrad_edu.optim import ReduceOnPlateau, schedule

EPOCHS = np.arange(101)

SCHEDULES = {  # how one writes it: the function
    "constant(1)": schedule.constant(1.0),
    "step(1, 25, gamma=0.5)": schedule.step(1.0, 25, gamma=0.5),
    "multi_step(1, [30, 80], gamma=0.3)": schedule.multi_step(1.0, [30, 80], gamma=0.3),
    "exponential(1, 0.96)": schedule.exponential(1.0, 0.96),
    "inverse_time(1, 0.1)": schedule.inverse_time(1.0, 0.1),
    "polynomial(1, 80, power=2)": schedule.polynomial(1.0, 80, power=2),
    "cosine(1, 80, eta_min=0.1)": schedule.cosine(1.0, 80, eta_min=0.1),
    "cosine_restarts(1, 15, T_mult=2)": schedule.cosine_restarts(1.0, 15, T_mult=2),
    "one_cycle(1, 100)": schedule.one_cycle(1.0, 100),
    "warmup(20, then=cosine(1, 80))": schedule.warmup(20, then=schedule.cosine(1.0, 80)),
    "join([constant(0.3), cosine(1, 60)], [40])": schedule.join(
        [schedule.constant(0.3), schedule.cosine(1.0, 60)], [40]
    ),
}

ENDS = {  # the first and the last value, in closed form
    "constant(1)": (1, 1),
    "step(1, 25, gamma=0.5)": (1, 0.5**4),
    "multi_step(1, [30, 80], gamma=0.3)": (1, 0.3**2),
    "exponential(1, 0.96)": (1, 0.96**100),
    "inverse_time(1, 0.1)": (1, 1 / 11),
    "polynomial(1, 80, power=2)": (1, 0),
    "cosine(1, 80, eta_min=0.1)": (1, 0.1),
    "cosine_restarts(1, 15, T_mult=2)": (
        1,
        (1 + math.cos(math.pi * 55 / 60)) / 2,
    ),  # cycles of 15, 30 and 60 epochs
    "one_cycle(1, 100)": (1 / 25, 1 / 25e4),
    "warmup(20, then=cosine(1, 80))": (1 / 21, 0),
    "join([constant(0.3), cosine(1, 60)], [40])": (0.3, 0),
}


def plateau() -> tuple[np.ndarray, np.ndarray]:
    """A loss that stops falling twice, and the rates that follow from it; both of shape (101,)."""
    losses = np.maximum(np.exp(-EPOCHS / 15), 0.35) - 0.2 * np.clip((EPOCHS - 55) / 15, 0, 1)
    reduce = ReduceOnPlateau(1.0, factor=0.4, patience=25)
    return losses, np.array([reduce(loss) for loss in losses])


def distance(rate: schedule.Schedule, seed: int) -> float:
    """How far from the minimum of a noisy bowl SGD is after the hundred epochs of a schedule."""
    rng = np.random.default_rng(seed)
    x = tg.Tensor(np.full(20, 3.0), requires_grad=True)
    optimizer = tg.optim.SGD([x])
    for epoch in range(len(EPOCHS)):
        optimizer.lr = rate(epoch)
        optimizer.zero_grad()
        # As if from one example: its minimum is near 0, not at it.
        np.sum(0.3 * (x - rng.standard_normal(20)) ** 2).backward()
        optimizer.step()
    return float(np.linalg.norm(x.data))


def save_picture(path: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.3), layout="constrained")
    axes = figure.subplots(3, 4, sharex=True, sharey=True)
    fine = np.linspace(0, 99.99, 1001)  # schedules take fractions of an epoch
    losses, rates = plateau()
    curves = [(title, fine, rate(fine)) for title, rate in SCHEDULES.items()]
    curves.append(("ReduceOnPlateau(1, factor=0.4,\npatience=25)", fine, rates[fine.astype(int)]))
    for ax, (title, x, y) in zip(axes.flat, curves):
        ax.plot(x, y, color="C0", lw=1.6, clip_on=False)
        ax.fill_between(x, y, color="C0", alpha=0.1, lw=0)
        ax.set_title(title.replace("), cosine", "),\ncosine"), fontsize=8, family="monospace")
    axes.flat[-1].plot(EPOCHS, losses, color="C1", lw=1.2)
    axes.flat[-1].annotate("loss", (20, 0.4), color="C1", fontsize=9)
    for ax in axes.flat:
        ax.set(xlim=(0, 100), ylim=(0, 1.05), xticks=(0, 50, 100), yticks=(0, 0.5, 1))
        ax.grid(color="0.92", lw=0.8)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(colors="0.35", length=0)
    figure.supxlabel("epoch")
    figure.supylabel("learning rate")
    plot.save(figure, path)
    print(f"picture: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Evaluate every schedule of the learning rate, and draw them."
    )
    parser.add_argument("--out", metavar="PATH", help="save a picture of the curves here")
    out = parser.parse_args().out
    if out:
        try:
            plot.check_path(out)
        except tg.TinygradError as error:
            parser.error(str(error))
        except ImportError:
            parser.error("the picture needs matplotlib: pip install matplotlib")

    print(f"{'':44}{'epoch 0':>9}{'50':>9}{'100':>9}   distance from the minimum")
    found = {}
    for name, rate in SCHEDULES.items():
        first, middle, last = rate(EPOCHS[[0, 50, 100]])
        found[name] = float(np.median([distance(rate, seed) for seed in range(5)]))
        print(f"{name:44}{first:9.4f}{middle:9.4f}{last:9.4f}   {found[name]:.3f}")
        assert np.allclose((first, last), ENDS[name], rtol=1e-12, atol=1e-15)
    falls = np.flatnonzero(np.diff(plateau()[1])) + 1
    print(f"ReduceOnPlateau falls in the epochs {', '.join(map(str, falls))}")
    assert found["cosine_restarts(1, 15, T_mult=2)"] < found["constant(1)"]
    # A rate that falls averages the noise away.
    assert found["warmup(20, then=cosine(1, 80))"] < found["constant(1)"] / 3
    if out:
        save_picture(out)


if __name__ == "__main__":
    main()
