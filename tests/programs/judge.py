"""The judge: runs a program for this package, compares it with the other languages, and makes a failing one small."""

import importlib.util
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.errors import InPlaceError

from .drawing import draw, replayed
from .languages import Program, run, source, weights
from .plain import Plain

TORCH = importlib.util.find_spec("torch") is not None


class Difference(AssertionError):
    """What came out is not what should."""


def check(program: Program, counts: Counter[str], *, torch: bool = TORCH) -> None:
    """Raise a `Difference` if a value, a dtype or a derivative is not the one of plain NumPy, its differences, or PyTorch."""
    counts["programs"] += 1
    counts["statements"] += len(program.statements)
    function = Plain(program, double=True)
    names = function(program.leaves, first=True)
    try:
        ours = run(program, "ours", double=True)
    except InPlaceError:
        if not program.written:
            raise
        counts["refused: a saved value was written to"] += 1
        return
    _values(ours, names, 1e-9)
    state = replayed(program)
    for name, needs in state.needs.items() if state is not None and program.ending != "functions" else ():
        if getattr(ours[name], "requires_grad", False) != needs:
            raise Difference(f"{name} should {'' if needs else 'not '}need a gradient")
    leaves = list(program.leaves)
    first, second = (
        _arrays(ours["first"], program),
        _arrays(ours["second"], program) if ours["second"] is not None else None,
    )
    _owned(ours, program)
    _numerical(program, function, ours, first, second, counts)
    if any(a.dtype == np.float32 for a in program.leaves.values()) or any("f32" in s.value("ours") for s in program.statements if s.operation):
        counts["of two dtypes"] += 1
        real = run(program, "ours")
        _values(real, Plain(program, double=False)(program.leaves, first=True), 1e-2)
        for name, g, exact in zip(leaves, _arrays(real["first"], program), first):
            if g.dtype != program.leaves[name].dtype:
                raise Difference(f"the gradient of {name} is {g.dtype}; the leaf is {program.leaves[name].dtype}")
            _close(g, exact, 1e-2, f"gradient of {name}, in float32")
    if torch and not program.written and all(s.operation is None or s.operation.torch for s in program.statements):
        _torch(program, first, second, counts)  # which copies in other places than NumPy, so that writes reach other values


def _arrays(gradients: Any, program: Program) -> list[Any]:
    """Gradients as arrays, zeros where there is none."""
    return [np.zeros_like(x) if g is None else plain(g) for g, x in zip(gradients, program.leaves.values())]


def plain(value: Any) -> Any:
    """The values of a tensor, an array or a number."""
    return np.asarray(value.data if isinstance(value, tg.Tensor) else value)


def _values(ours: dict[str, Any], names: dict[str, Any], tolerance: float) -> None:
    for name, expected in names.items():
        if name[0] in "xvt" and isinstance(ours.get(name), tg.Tensor):
            if ours[name].dtype != expected.dtype:
                raise Difference(f"{name} is {ours[name].dtype}; NumPy's is {expected.dtype}")
            _close(ours[name].data, expected, tolerance, f"value of {name}")


def _close(computed: Any, expected: Any, tolerance: float, what: str) -> None:
    computed, expected = np.asarray(computed), np.asarray(expected)
    if computed.shape != expected.shape:
        raise Difference(f"{what}: shape {computed.shape}; expected {expected.shape}")
    if np.any(np.abs(computed - expected) > tolerance * (1 + np.max(np.abs(expected), initial=0))) or not np.all(np.isfinite(computed)):
        raise Difference(f"{what}: {computed.tolist()}; expected {expected.tolist()}")


def _owned(ours: dict[str, Any], program: Program) -> None:
    """Gradients are writable, contiguous, and share memory with nothing."""
    arrays = [plain(g) for g in ours["first"] if isinstance(g, (tg.Tensor, np.ndarray))]
    others = [plain(v) for k, v in ours.items() if k[0] in "xcvt" and isinstance(v, (tg.Tensor, np.ndarray))]
    for i, g in enumerate(arrays):
        if not (g.flags.writeable and g.flags.c_contiguous):
            raise Difference("a gradient is not writable and contiguous")
        if any(np.shares_memory(g, other) for other in [*arrays[:i], *others]):
            raise Difference("a gradient shares memory")


# ---- differences ---------------------------------------------------------------------------------------------------------


def _extrapolated(estimate: Callable[[float], float], h: float) -> tuple[float, float]:
    """The limit of a central difference, and how far two extrapolations are apart."""
    a, b, c = (estimate(h / n) for n in (1, 2, 4))
    coarse, fine = (4 * b - a) / 3, (4 * c - b) / 3
    return fine, abs(fine - coarse)


def _numerical(
    program: Program,
    function: Plain,
    ours: dict[str, Any],
    first: list[Any],
    second: list[Any] | None,
    counts: Counter[str],
) -> None:
    rng = np.random.default_rng(2)
    leaves = program.leaves

    def moved(*steps: tuple[float, dict[str, Any]]) -> dict[str, Any]:
        return {name: x + sum(h * d[name] for h, d in steps if name in d) for name, x in leaves.items()}

    def total(at: dict[str, Any]) -> float:
        return float(function(at)["loss"] + function.before)

    def slope(direction: dict[str, Any]) -> tuple[float, float]:
        extra = dict.fromkeys(program.outputs) if program.ending == "second and on" else {}
        last, k = (next(reversed(program.outputs)), program.outputs[next(reversed(program.outputs))]) if extra else ("", "")

        def value(at: dict[str, Any]) -> float:
            names = function(at)
            return float(names["loss"] + function.before + (np.sum(names[last] * names[k]) if extra else 0))

        return _extrapolated(lambda h: (value(moved((h, direction))) - value(moved((-h, direction)))) / (2 * h), 2e-3)

    def compare(computed: float, found: tuple[float, float], size: float, tolerance: float, what: str) -> None:
        expected, doubt = found
        allowed = tolerance * (1 + size + abs(expected))
        if not doubt < allowed:
            counts["cannot be judged by differences"] += 1
        elif not abs(computed - expected) <= 2 * allowed:
            raise Difference(f"{what}: {computed!r}; by differences {expected!r}")
        else:
            counts["compared with differences"] += 1

    for name, g in zip(leaves, first):
        direction = {name: rng.standard_normal(g.shape)}
        compare(
            float(np.sum(g * direction[name])),
            slope(direction),
            float(np.sum(np.abs(g))),
            1e-6,
            f"gradient of {name} along a direction",
        )
    k = dict(zip(leaves, weights(program).values()))
    if "slope" in ours:
        compare(float(plain(ours["slope"])), slope(k), sum(np.sum(np.abs(g)) for g in first), 1e-6, "jvp")
    if second is not None:
        direction = {name: rng.standard_normal(x.shape) for name, x in leaves.items()}

        def mixed(h: float) -> float:
            f = lambda a, b: float(function(moved((a * h, direction), (b * h, k)))["loss"])
            return (f(1, 1) - f(1, -1) - f(-1, 1) + f(-1, -1)) / (4 * h * h)

        size = float(sum(np.sum(np.abs(s)) for s in second))
        computed = float(sum(np.sum(s * d) for s, d in zip(second, direction.values())))
        compare(computed, _extrapolated(mixed, 8e-3), size, 1e-4, "second derivative along two directions")


# ---- PyTorch -------------------------------------------------------------------------------------------------------------


def _torch(program: Program, first: list[Any], second: list[Any] | None, counts: Counter[str]) -> None:
    if "OTHERWISE" in source(program, "torch"):
        return
    try:
        theirs = run(program, "torch")
    except (RuntimeError, TypeError, IndexError, ValueError):  # it has no such form
        counts["refused by PyTorch"] += 1
        return
    for name, g, t in zip(program.leaves, first, theirs["first"]):
        _close(
            g,
            np.zeros_like(g) if t is None else t.detach().numpy(force=True),
            1e-8,
            f"gradient of {name} (expected: PyTorch's)",
        )
        counts["compared with PyTorch"] += 1
    if second is not None and theirs["second"] is not None:
        for name, g, t in zip(program.leaves, second, theirs["second"]):
            _close(
                g,
                np.zeros_like(g) if t is None else t.detach().numpy(force=True),
                1e-8,
                f"second derivative of {name} (expected: PyTorch's)",
            )
            counts["compared with PyTorch"] += 1


# ---- many, and the small one that is left of a failing one --------------------------------------------------------------------


def wrong(program: Program, *, torch: bool = TORCH) -> str:
    """What is wrong with a program, or nothing."""
    try:
        check(program, Counter(), torch=torch)
    except Exception as error:  # a crash is wrong too
        return f"{type(error).__name__}: {error}"
    return ""


def smaller(program: Program) -> Program:
    """What is left of a failing program when everything is gone without which it fails still."""

    def fails(candidate: Program) -> bool:
        return replayed(candidate) is not None and bool(wrong(candidate))

    shrunk = True
    while shrunk:
        shrunk = False
        for candidate in _less(program):
            if fails(candidate):
                program, shrunk = candidate, True
                break
    return program


def _less(program: Program) -> Any:
    n = len(program.statements)
    if program.ending != "backward":
        yield replace(program, ending="backward")
    for size in (n // 2, n // 4, 2, 1):
        for i in range(0, n - size + 1, size) if size else ():
            yield replace(program, statements=program.statements[:i] + program.statements[i + size :])
    for y in program.outputs if len(program.outputs) > 1 else ():
        yield replace(program, outputs={o: k for o, k in program.outputs.items() if o != y})
    if len(program.outputs) == 1:  # what came before the output may show it too
        (y, k), made = next(iter(program.outputs.items())), [*program.leaves]
        for s in program.statements:
            made += [name for name in s.targets if name not in made]
        yield from (replace(program, outputs={name: k}) for name in made[: made.index(y)] if name[0] in "xv")
    used = {a for s in program.statements for a in (*s.args, *s.targets)} | {
        *program.outputs,
        *program.outputs.values(),
    }
    for kind in ("leaves", "constants"):
        for name, value in getattr(program, kind).items():
            if name not in used:
                yield replace(program, **{kind: {k: v for k, v in getattr(program, kind).items() if k != name}})
            elif value.dtype == np.float32:
                yield replace(program, **{kind: getattr(program, kind) | {name: value.astype(np.float64)}})


def many(
    count: int,
    seed: int,
    *,
    start: int = 0,
    torch: bool = TORCH,
    progress: Callable[[int], None] = lambda done: None,
) -> Counter[str]:
    """Check programs ``start`` to ``start + count`` of a seed; a failing one is made small, and raised as Python that can be run."""
    counts: Counter[str] = Counter()
    for number in range(start, start + count):
        program = draw(number, seed)
        try:
            check(program, counts, torch=torch)
        except Exception as error:
            small = smaller(program)
            raise Difference(
                f"program {number} of seed {seed}: {type(error).__name__}: {error}\nThe smallest like it: {wrong(small)}\n\n{source(small, 'ours')}"
            ) from error
        progress(number + 1 - start)
    return counts


def summary(counts: Counter[str]) -> str:
    """The counts in one line."""
    n = counts
    return (
        f"{n['programs']} programs of {n['statements']} statements; {n['compared with differences']} comparisons with differences "
        f"({n['cannot be judged by differences']} more cannot be judged), {n['compared with PyTorch']} with PyTorch "
        f"({n['refused by PyTorch']} programs it refuses); {n['of two dtypes']} programs of two dtypes, "
        f"{n['refused: a saved value was written to']} rightly refused for what they write"
    )
