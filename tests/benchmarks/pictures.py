"""Pictures: milliseconds of CPU to draw graphs of 10, 300 and 30,000 operations, in each form, and to explain
a network of two layers.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .race import progress

REPEATS = 5


def chain(tensor: Any, operations: int) -> Any:
    """A loss of about so many operations: three at each step, one of which uses the first tensor again."""
    y = tensor
    for _ in range(operations // 4):
        y = np.sin(y) * 1.01 + tensor * 0.1
    return np.sum(y)


def milliseconds(function: Callable[[], Any]) -> float:
    """The median of a few calls, after one that is dropped."""
    times = []
    for _ in range(REPEATS + 1):
        start = time.process_time()
        function()
        times.append(1000 * (time.process_time() - start))
    return float(np.median(times[1:]))


def report() -> dict[str, Any]:
    """Draw and explain, after a backward pass that has kept its graph."""
    import tinygrad_edu as tg
    from tinygrad_edu.drawing.player import player

    results: dict[str, Any] = {}
    for size, _ in zip((10, 300, 30_000), progress(3, "pictures")):
        loss = chain(tg.Tensor(np.ones(3), requires_grad=True), size)
        loss.backward(retain_graph=True)
        picture = tg.draw(loss, names={})
        results[f"{size:,} operations"] = {
            "draw": milliseconds(lambda loss=loss: tg.draw(loss, names={})),
            "as text": milliseconds(picture.__str__),
            "as SVG": milliseconds(picture._repr_svg_),
            "as a page": milliseconds(picture._repr_html_),
        }
    model = tg.nn.Sequential(tg.nn.Linear(2, 8, rng=0), tg.nn.ReLU(), tg.nn.Linear(8, 2, rng=1))
    with tg.drawing.watch(model):
        loss = tg.softmax_cross_entropy(model(np.ones((4, 2))), [0, 1, 0, 1])
    walk = tg.explain(loss, names=model)
    results["two layers"] = {
        "explain": milliseconds(lambda: tg.explain(loss, names=model)),
        "as text": milliseconds(walk.__str__),
        "as a page": milliseconds(lambda: player(walk.walk, walk.title, walk.conclusion)),
    }
    print(f"Pictures, milliseconds of CPU, medians of {REPEATS}")
    for name, row in results.items():
        print(f"  {name:18}" + ", ".join(f"{what} {value:.1f}" for what, value in row.items()))
    return results
