"""The judge: an engine's answer against numerical derivatives of the same line in plain NumPy.

The loss of a line is the sum of all its floating results, each number with a weight of its own.  It is
differentiated by central differences at three steps, extrapolated twice, and from both sides alone: where
those disagree the line has no derivative, and nothing is judged.  A second derivative is that along two
directions.
"""

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from .calls import Call, inputs_of
from .engines import Engine

VERDICTS = ("right", "wrong", "refused", "no rule")
STEP, TOLERANCE = 2e-3, 1e-6


class NoDerivative(ArithmeticError):
    """The line has no derivative here, or differences cannot tell."""


@dataclass(frozen=True)
class Verdict:
    """What an engine made of a line, and in what way it is wrong or what its error says."""

    kind: str
    words: str = ""


def loss_of(call: Call, namespaces: dict[str, Any]) -> Callable[..., Any]:
    """The loss of a line as a function of its variables, in an engine's functions."""
    np_ = namespaces["np"]

    def loss(*variables: Any) -> Any:
        inputs = inputs_of(call) | dict(zip(call.variables, variables))
        parts = _parts(call(namespaces, inputs))
        total: Any = 0.0
        for part, weights in zip(parts, _weights(call), strict=True):
            if weights is not None:
                product = np_.sum(weights * part)
                total = total + (np_.real(product) if weights.dtype.kind == "c" else product)
        return total

    return loss


def _parts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (tuple, list)) else [value]


@cache
def _weights(call: Call) -> list[Any]:
    """Numbers to weigh the results with; none for results that are not floating."""
    rng = np.random.default_rng(7)
    weights = []
    for part in map(np.asarray, _parts(call(_plain(), inputs_of(call)))):
        kind, drawn = part.dtype.kind, rng.uniform(0.5, 1.5, (2, *part.shape))
        weights.append(drawn[0] + 1j * drawn[1] if kind == "c" else drawn[0] if kind == "f" else None)
    return weights


@cache
def _plain() -> dict[str, Any]:
    try:
        import scipy.special as special
    except ImportError:
        return {"np": np}
    return {"np": np, "special": special}


@cache
def expected(call: Call) -> tuple[float, tuple[Any, ...]]:
    """The value of the loss of a line, and its gradients ∂L/∂re + i ∂L/∂im, by differences."""
    loss, inputs = loss_of(call, _plain()), inputs_of(call)
    variables = [inputs[name] for name in call.variables]
    gradients = []
    for x in variables:
        gradient = np.zeros_like(x)
        for k in np.ndindex(x.shape):
            along = [
                _slope(loss, variables, x, k, unit) for unit in ((1, 1j) if x.dtype.kind == "c" else (1,))
            ]
            gradient[k] = along[0] + 1j * along[1] if len(along) == 2 else along[0]
        gradients.append(gradient[()] if np.ndim(x) == 0 else gradient)
    return float(loss(*variables)), tuple(gradients)


def _slope(
    loss: Callable[..., Any], variables: list[Any], x: Any, k: tuple[int, ...], unit: complex
) -> float:
    """The slope of the loss when one element of one variable moves."""
    if x[k] != x[k]:
        return 0.0  # a NaN does not move

    def at(h: float) -> float:
        moved = np.array(x)
        moved[k] += h * unit
        moved = moved[()] if x.ndim == 0 else moved
        return float(loss(*(moved if v is x else v for v in variables)))

    def central(h: float) -> float:
        return (at(h) - at(-h)) / (2 * h)

    a, b, c = (central(STEP / n) for n in (1, 2, 4))
    coarse, fine = (4 * b - a) / 3, (4 * c - b) / 3
    here, h = at(0.0), STEP / 4
    right, left = ((4 * at(sign * h) - 3 * here - at(sign * 2 * h)) / (2 * h * sign) for sign in (1, -1))
    size = 1 + abs(fine)
    if not (abs(coarse - fine) < 1e-6 * size and abs(right - left) < 1e-3 * size):
        raise NoDerivative(f"slopes {coarse!r}, {fine!r}; from the right {right!r}, from the left {left!r}")
    return (16 * fine - coarse) / 15


def judge(call: Call, engine: Engine) -> Verdict:
    """Ask an engine for the gradients of a line, and compare."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, gradients = expected(call)
        inputs = inputs_of(call)
        try:
            value_and_grad = engine.transform(loss_of(call, engine.namespaces), len(call.variables))
            found, answer = value_and_grad(*(inputs[name] for name in call.variables))
            answer = (answer,) if len(call.variables) == 1 else answer
            found, answer = float(found), tuple(np.asarray(g) for g in answer)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a panic of compiled code is no Exception
            words = f"{type(error).__name__}: {error}".partition("\n")[0]
            return Verdict("no rule" if engine.lacks(error) else "refused", words)
    if not _close(found, value):
        return Verdict("wrong", f"the value is {found!r}, not {value!r}")
    for name, computed, exact in zip(call.variables, answer, gradients, strict=True):
        exact = np.conj(exact) if engine.conjugated else np.asarray(exact)
        if computed.shape != exact.shape:
            return Verdict("wrong", f"the gradient of {name} has shape {computed.shape}, not {exact.shape}")
        if not _close(computed, exact):
            return Verdict("wrong", f"the gradient of {name} is {_shown(computed)}, not {_shown(exact)}")
    return Verdict("right")


# ---- second derivatives ------------------------------------------------------------------------------------


def directions(call: Call) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Two directions, each with a part for every variable of a line."""
    rng = np.random.default_rng(11)
    both = []
    for _ in range(2):
        parts = [rng.uniform(-1, 1, (2, *np.shape(call.inputs[name]))) for name in call.variables]
        kinds = [call.inputs[name].dtype.kind for name in call.variables]
        both.append(tuple(p[0] + 1j * p[1] if k == "c" else p[0] for p, k in zip(parts, kinds)))
    return both[0], both[1]


@cache
def expected_second(call: Call) -> float:
    """The second derivative of the loss of a line along its two directions, by mixed differences."""
    loss, inputs = loss_of(call, _plain()), inputs_of(call)
    variables = [inputs[name] for name in call.variables]
    v, w = directions(call)

    def at(a: float, b: float) -> float:
        return float(loss(*(x + a * p + b * q for x, p, q in zip(variables, v, w))))

    def mixed(h: float) -> float:
        return (at(h, h) - at(h, -h) - at(-h, h) + at(-h, -h)) / (4 * h * h)

    a, b, c = (mixed(4 * STEP / n) for n in (1, 2, 4))
    coarse, fine = (4 * b - a) / 3, (4 * c - b) / 3
    if not abs(coarse - fine) < 1e-4 * (1 + abs(fine)):
        raise NoDerivative(f"second derivatives {coarse!r}, {fine!r}")
    return (16 * fine - coarse) / 15


def judge_second(call: Call, engine: Engine) -> Verdict:
    """Ask an engine for the derivative of a gradient of a line, and compare."""
    np_, count = engine.namespaces["np"], len(call.variables)
    v, w = directions(call)

    def along(gradients: Any, direction: tuple[Any, ...]) -> Any:
        total: Any = 0.0
        for g, d in zip((gradients,) if count == 1 else gradients, direction):
            product = np_.sum((d if engine.conjugated else np.conj(d)) * g)
            total = total + (np_.real(product) if d.dtype.kind == "c" else product)
        return total

    def slope(*variables: Any) -> Any:
        return along(engine.transform(loss_of(call, engine.namespaces), count)(*variables)[1], v)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exact = expected_second(call)
        inputs = inputs_of(call)
        try:
            _, gradients = engine.transform(slope, count)(*(inputs[name] for name in call.variables))
            found = float(along(gradients, w))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            words = f"{type(error).__name__}: {error}".partition("\n")[0]
            return Verdict("no rule" if engine.lacks(error) else "refused", words)
    if abs(found - exact) <= 1e-4 * (1 + abs(exact)):
        return Verdict("right")
    return Verdict("wrong", f"along two directions {found!r}, not {exact!r}")


def _close(computed: Any, exact: Any) -> bool:
    return bool(np.all(np.abs(computed - exact) <= TOLERANCE * (1 + np.max(np.abs(exact), initial=0))))


def _shown(array: Any) -> str:
    return np.array2string(np.ravel(array), precision=4, threshold=6, edgeitems=3, max_line_width=1000)


def many(
    calls: tuple[Call, ...],
    engines: dict[str, Engine],
    progress: Callable[[int], None] = lambda done: None,
    one: Callable[[Call, Engine], Verdict] = judge,
) -> tuple[dict[Call, dict[str, Verdict]], dict[Call, str]]:
    """Every engine's verdict on every line, and the lines that cannot be judged, with the reason."""
    verdicts: dict[Call, dict[str, Verdict]] = {}
    left_out: dict[Call, str] = {}
    for done, call in enumerate(calls, 1):
        try:
            verdicts[call] = {name: one(call, engine) for name, engine in engines.items()}
        except NoDerivative as reason:
            left_out[call] = str(reason)
        progress(done)
    return verdicts, left_out


def counts(verdicts: dict[Call, dict[str, Verdict]], name: str, family: str | None = None) -> Counter[str]:
    """How many verdicts of each kind an engine has, over a family or over all."""
    return Counter(v[name].kind for call, v in verdicts.items() if family in (None, call.family))
