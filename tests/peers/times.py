"""What a value and its gradient cost, in all engines, interleaved in one run.

Each program is written once, in the functions of whatever ``np`` it is given.  Before anything is timed, all
engines must give the same numbers; one that refuses a program is left out of it, and says so.  In every round
all run one after the other, in an order that rotates, and ratios are taken within a round.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tests.benchmarks.race import quartiles, race, summary
from tinygrad_edu.compiler.c.cache import compiler

from .engines import Answer, Engine, Loss, by_backward, staged


@dataclass(frozen=True)
class Program:
    """What is timed.

    Attributes
    ----------
    name : str
    loss : callable
        Of a namespace and of the inputs.
    inputs : tuple of ndarray
        What it is differentiated with respect to.
    repeats : int
        Calls that make a round.
    per : int, default=1
        What the seconds of a call are divided by.
    rate : float, default=0
        How far the inputs go against their gradients after each call; not 0 for a fit.
    """

    name: str
    loss: Callable[..., Any]
    inputs: tuple[Any, ...]
    repeats: int
    per: int = 1
    rate: float = 0.0


RNG = np.random.default_rng(0)


def one_op(np: Any, x: Any) -> Any:
    return np.sum(x * x)


def chain(np: Any, x: Any) -> Any:
    y = x
    for _ in range(99):
        y = y * x
    return np.sum(y)


def twenty_ops(np: Any, x: Any) -> Any:
    y = np.sin(x) * np.exp(-x) + x**2  # 5
    y = np.tanh(y) / (1 + y * y) - np.cos(y)  # 10
    y = np.sqrt(y * y + 1) + np.log(1 + np.exp(y))  # 17
    return np.sum(np.arctan(y) * x)  # 20


POINTS, VALUES = RNG.standard_normal((50, 5)), RNG.standard_normal(50)


def least_squares(np: Any, w: Any) -> Any:
    return np.mean((POINTS @ w - VALUES) ** 2)


XOR, LABELS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[1.0, 0], [0, 1], [0, 1], [1, 0]])
NETWORK = (RNG.standard_normal((2, 8)), np.zeros(8), RNG.standard_normal((8, 2)), np.zeros(2))


def network(np: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    scores = np.tanh(XOR @ W1 + b1) @ W2 + b2
    log_sums = np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    return np.mean(np.sum(LABELS * (log_sums - scores), axis=1))


def process(n: int) -> Callable[..., Any]:
    """The likelihood of n values under a Gaussian process, of the logarithms of its three settings."""
    places = np.sort(RNG.uniform(0, 10, n))
    squares, eye = (places[:, None] - places) ** 2, np.eye(n)
    values = np.sin(places) + 0.1 * RNG.standard_normal(n)

    def likelihood(np: Any, log_settings: Any) -> Any:
        settings = np.exp(log_settings)
        size, length, noise = settings[0], settings[1], settings[2]
        K = size * np.exp(-0.5 * squares / length**2) + noise * eye
        L = np.linalg.cholesky(K)
        whitened = np.linalg.solve(L, values)
        return 0.5 * np.dot(whitened, whitened) + np.sum(np.log(np.diag(L)))

    return likelihood


SIGNAL = np.sin(np.arange(256) / 9) + 0.3 * RNG.standard_normal(256)
CLEAN = np.sin(np.arange(256) / 9)


def filtered(np: Any, gains: Any) -> Any:
    return np.mean((np.fft.irfft(np.fft.rfft(SIGNAL) * gains, 256) - CLEAN) ** 2)


def filtered_signal(np: Any, signal: Any, gains: Any) -> Any:
    return np.mean((np.fft.irfft(np.fft.rfft(signal) * gains, 256) - CLEAN) ** 2)


COLUMNS = (
    "ours", "by backward()", "compiled", "compiled to C", "advect", "advect staged", "autograd", "MyGrad"
)  # fmt: skip
OF = {"by backward()": "ours", "compiled": "ours", "compiled to C": "ours", "advect staged": "advect"}
SETTINGS = np.log(np.array([1.0, 1.0, 0.05]))
PROGRAMS = (
    Program("one op of 4 numbers, alone", one_op, (np.full(4, 0.9),), 200),
    Program("one op, in a chain of 100", chain, (np.full(4, 0.99),), 10, per=100),
    Program("20 ops of 100 numbers", twenty_ops, (RNG.uniform(0.2, 1, 100),), 50),
    Program("a step of least squares, 50 × 5", least_squares, (np.zeros(5),), 100, rate=0.05),
    Program("a step of a network, 2-8-2", network, NETWORK, 30, rate=0.1),
    Program("likelihood of a GP, n = 20", process(20), (SETTINGS,), 30),
    Program("likelihood of a GP, n = 300", process(300), (SETTINGS,), 2),
    Program("FFT filter's gains, 256", filtered, (np.ones(129),), 50),
    Program("FFT filter's gains and signal, 256", filtered_signal, (SIGNAL, np.ones(129)), 50),
)


def _together(gradients: Any) -> tuple[Any, ...]:
    return gradients if isinstance(gradients, tuple) else (gradients,)


def run(program: Program, value_and_grad: Callable[..., Answer]) -> float:
    """Seconds of the processor that a round takes: what else runs on the machine does not count."""
    inputs = [x.copy() for x in program.inputs]
    start = time.process_time()
    for _ in range(program.repeats):
        _, gradients = value_and_grad(*inputs)
        if program.rate:
            inputs = [x - program.rate * g for x, g in zip(inputs, _together(gradients))]
    return time.process_time() - start


def compiled(engine: Engine, loss: Loss, count: int, backend: str) -> Callable[..., Answer]:
    """Ours, traced by the first call."""
    import tinygrad_edu as tg

    return tg.compile(engine.transform(loss, count), backend=backend)


def contestants(program: Program, engines: dict[str, Engine]) -> tuple[dict[str, Any], dict[str, str]]:
    """A function of the inputs for each engine, and why others have none."""
    makers: dict[str, Callable[[], Callable[..., Answer]]] = {}
    for name, engine in engines.items():
        loss: Loss = partial(program.loss, engine.namespaces["np"])
        makers[name] = partial(engine.transform, loss, len(program.inputs))
        if name == "ours":
            makers["by backward()"] = partial(by_backward, loss, len(program.inputs))
            makers["compiled"] = partial(compiled, engine, loss, len(program.inputs), "numpy")
            if compiler() is not None:
                makers["compiled to C"] = partial(compiled, engine, loss, len(program.inputs), "c")
        if name == "advect":
            makers["advect staged"] = partial(staged, loss, program.inputs)
    found: dict[str, Any] = {}
    refused: dict[str, str] = {}
    reference: Answer | None = None
    for name, make in makers.items():
        try:
            value_and_grad = make()
            value, gradients = value_and_grad(*program.inputs)
            gradients = _together(gradients)
        except Exception as error:
            refused[name] = f"{type(error).__name__}: {error}".partition("\n")[0]
            continue
        reference = reference or (value, gradients)
        for a, b in zip((value, *gradients), (reference[0], *reference[1]), strict=True):
            if not np.allclose(a, b, rtol=1e-9, atol=1e-9):
                raise AssertionError(f"{program.name}: {name} computes something else")
        found[name] = value_and_grad
    return found, refused


def report(engines: dict[str, Engine], rounds: int) -> dict[str, Any]:
    """Race all programs, and print a table: microseconds, and how many times ours."""
    columns = [name for name in COLUMNS if OF.get(name, name) in engines]
    print(
        "Value and gradient: microseconds of the processor, and ratios to ours with quartiles "
        f"(medians of {rounds} rounds).\n"
        "ours: value_and_grad; by backward(): ours too, of tensors; compiled: tg.compile of ours, which its "
        "first call\ntraces; advect staged: its compiled program\n"
    )
    print(f"{'':35}" + "".join(f"{name:>28}" for name in columns))
    results = {}
    for program in PROGRAMS:
        racers, refused = contestants(program, engines)
        if "ours" not in racers:
            print(f"{program.name:36}ours refuses: {refused['ours'][:100]}")
            continue
        seconds = race({name: partial(run, program, f) for name, f in racers.items()}, rounds, program.name)
        table = summary(seconds, program.repeats * program.per, ("ours",))
        results[program.name] = table
        cells = [
            f"{table[name]['us']:.1f} {quartiles(table[name]['to ours'])}" if name in table else "refused"
            for name in columns
        ]
        print(f"{program.name:35}" + "".join(f"{cell:>28}" for cell in cells), flush=True)
    return results
