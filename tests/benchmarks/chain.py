"""A chain of a million operations: seconds forward, backward, and to delete it, and the bytes of a node."""

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from .race import progress

LENGTH, COUNTED = 10**6, 10**5


def chain(operation: Callable[[Any], Any], x: Any, length: int) -> Any:
    """Apply an operation again and again."""
    for _ in range(length):
        x = operation(x)
    return x


def seconds(operation: Callable[[Any], Any], x: Any) -> dict[str, float]:
    """How long a chain takes to record, to differentiate and to delete."""
    clock = [time.perf_counter()]
    y = chain(operation, x, LENGTH)
    clock.append(time.perf_counter())
    y.backward()
    clock.append(time.perf_counter())
    del y
    clock.append(time.perf_counter())
    return dict(zip(("forward", "backward", "deletion"), np.diff(clock).tolist()))


def bytes_a_node(operation: Callable[[Any], Any], x: Any) -> float:
    """What a recorded operation keeps alive, its saved values included, from a shorter chain:
    counting is slow.
    """
    tracemalloc.start()
    y = chain(operation, x, 1)
    before = tracemalloc.get_traced_memory()[0]
    y = chain(operation, y, COUNTED)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del y
    return (after - before) / COUNTED


def report() -> dict[str, Any]:
    """Two chains: one that saves nothing but a constant, and one that saves an array at every step."""
    import tinygrad_edu as tg

    x = tg.Tensor(1.0, requires_grad=True)
    operations: dict[str, Callable[[Any], Any]] = {
        "y = y * 1.0000001": lambda y: y * 1.0000001,
        "y = np.sin(y)": np.sin,
    }
    results: dict[str, Any] = {}
    for (name, operation), _ in zip(operations.items(), progress(len(operations), "chain")):
        x.grad = None
        results[name] = seconds(operation, x) | {"bytes a node": bytes_a_node(operation, x)}
    print(f"A chain of {LENGTH:,} operations on one number")
    for name, row in results.items():
        durations = ", ".join(f"{what} {row[what]:.2f} s" for what in ("forward", "backward", "deletion"))
        print(f"  {name:20}{durations}, {row['bytes a node']:.0f} bytes a node")
    return results
