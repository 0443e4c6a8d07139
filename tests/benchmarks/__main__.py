"""Measure what the framework costs, beside the same thing written by hand in NumPy, in PyTorch and in JAX.

From the project's folder, in an environment with NumPy and, if wanted, torch and jax::

    python -m tests.benchmarks                      everything, one part after the other, which takes long
    python -m tests.benchmarks steps xor iris       training steps, of two workloads
    python -m tests.benchmarks compiled wide cnn    two rows of the table of compiled steps
    python -m tests.benchmarks layers Conv2d LSTM   two layers of the table of layers
    python -m tests.benchmarks ops import           two of the others
    python -m tests.benchmarks estimators wine      one set of the table of estimators
    python -m tests.benchmarks --rounds 31 --json figures.json
    python -m tests.benchmarks speed --rounds 9 --json speed.json      compiled, scan and waits
    python -m tests.benchmarks.speed speed.json                        the README's tables, from these

Parts: steps (of xor, blobs, iris, mnist, wide), ops, adam, import, memory, chain, flat, cnn, layers,
networks, trainings, epochs, transformer, lstm, recurrent, debug, pictures,
estimators, compiled, ranks, scan, waits, size.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import (
    chain,
    cnn,
    compiled,
    estimators,
    flat,
    imports,
    large,
    layers,
    memory,
    mnist,
    networks,
    ops,
    optimizers,
    pictures,
    ranks,
    recurrent,
    report,
    scan,
    steps,
    trainings,
    transformer,
    waits,
    watching,
)
from .workload import WORKLOADS


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", help="parts and workloads; everything by default", metavar="PART")
    parser.add_argument(
        "--rounds", type=int, default=15, help="interleaved rounds, after one that is dropped (default: 15)"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too", metavar="FILE")
    arguments = parser.parse_args()
    named = [name for name in compiled.ALL if name in arguments.parts]
    workloads = [name for name in WORKLOADS if name in named] or list(WORKLOADS)
    parts: dict[str, Callable[[], Any]] = {
        "steps": lambda: steps.report(workloads, arguments.rounds),
        "ops": lambda: ops.report(arguments.rounds),
        "adam": lambda: optimizers.report(arguments.rounds),
        "import": lambda: imports.report(arguments.rounds),
        "memory": memory.report,
        "chain": chain.report,
        "flat": flat.report,
        "transformer": lambda: transformer.report(arguments.rounds),
        "cnn": lambda: cnn.report(arguments.rounds),
        "layers": lambda: layers.report(arguments.rounds, [p for p in arguments.parts if p in layers.NAMES]),
        "networks": lambda: networks.report(arguments.rounds),
        "trainings": trainings.report,
        "epochs": lambda: mnist.report(arguments.rounds),
        "lstm": lambda: recurrent.report(arguments.rounds),
        "recurrent": lambda: recurrent.grid(min(arguments.rounds, 5)),
        "debug": lambda: watching.report(arguments.rounds),
        "pictures": pictures.report,
        "estimators": lambda: estimators.report(
            [name for name in estimators.SETS if name in arguments.parts] or estimators.SETS
        ),
        "scan": lambda: scan.report(arguments.rounds),
        "waits": lambda: waits.report(min(arguments.rounds, 3)),
        "compiled": lambda: compiled.report(named or list(compiled.ALL), arguments.rounds),
        "size": large.report,
        "ranks": lambda: ranks.report(arguments.rounds),
    }
    subparts = {*compiled.ALL, *estimators.SETS, *layers.NAMES}
    chosen = {name for name in arguments.parts if name not in subparts} - {"speed"}
    chosen |= {"compiled", "scan", "waits"} if "speed" in arguments.parts else set()
    if "compiled" not in chosen:  # the names of networks are those of parts, too
        chosen |= {name for name in ("cnn", "lstm", "transformer") if name in arguments.parts}
    chosen = chosen or ({"steps"} if arguments.parts else set(parts))
    if unknown := sorted(chosen - set(parts)):
        parser.error(f"unknown part {unknown[0]!r}; expected {', '.join([*parts, *compiled.ALL])}")
    if arguments.rounds < 1:
        parser.error("--rounds is at least 1")
    start, figures = time.perf_counter(), {"machine": report.machine() | {"pinned": report.pin()}}
    print(", ".join(f"{name} {value}" for name, value in figures["machine"].items() if value))
    for name, run in parts.items():
        if name in chosen:
            print()
            figures[name] = run()
            if arguments.json:
                report.write_json(arguments.json, figures)
    print(f"\n{time.perf_counter() - start:.0f} seconds")


if __name__ == "__main__":
    main()
