"""The judge: runs a program for this package, compares it with the others, and makes a failing one small."""

import importlib.util
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.errors import InPlaceError

from .differences import Differences
from .drawing import draw, replayed
from .languages import Program, run, source, weights
from .plain import Plain

TORCH = importlib.util.find_spec("torch") is not None


class Difference(AssertionError):
    """What came out is not what should."""


def check(program: Program, counts: Counter[str], *, torch: bool = TORCH) -> None:
    """Raise a `Difference` if a value, dtype or derivative is not that of NumPy, its differences,
    or PyTorch.
    """
    counts["programs"] += 1
    counts["statements"] += len(program.statements)
    function = Plain(program, double=True)
    names, state = function(program.leaves, first=True), replayed(program)
    assert state is not None
    try:
        ours = run(program, "ours", double=True)
    except InPlaceError:
        if not state.reached:
            raise
        counts["refused: a saved value was written to"] += 1
        return
    _values(ours, names, 1e-9)
    for name, needs in state.needs.items() if program.ending != "functions" else ():
        if getattr(ours[name], "requires_grad", False) != needs:
            raise Difference(f"{name} should {'' if needs else 'not '}need a gradient")
    first = _arrays(ours["first"], program)
    second = None if ours["second"] is None else _arrays(ours["second"], program)
    _owned(ours, program)
    _numerical(program, Differences(program, function), ours, first, second, counts)
    if "f32" in source(program, "ours").split("\n", 3)[3]:
        counts["of two dtypes"] += 1
        real = run(program, "ours")
        _values(real, Plain(program, double=False)(program.leaves, first=True), 1e-2)
        for name, g, exact in zip(program.leaves, _arrays(real["first"], program), first):
            if g.dtype != program.leaves[name].dtype:
                raise Difference(f"the gradient of {name} is {g.dtype}, unlike the leaf")
            _close(g, exact, 1e-2, f"gradient of {name}, in float32")
    if torch and not program.written:  # it copies in other places than NumPy: writes reach other values
        _torch(program, first, second, counts)


def _arrays(gradients: Any, program: Program) -> list[Any]:
    """Gradients as arrays, zeros where there is none."""
    return [np.zeros_like(x) if g is None else _array(g) for g, x in zip(gradients, program.leaves.values())]


def _array(value: Any) -> Any:
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
    allowed = tolerance * (1 + np.max(np.abs(expected), initial=0))
    if not np.all(np.abs(computed - expected) <= allowed):  # which NaN is not
        raise Difference(f"{what}: {computed.tolist()}; expected {expected.tolist()}")


def _owned(ours: dict[str, Any], program: Program) -> None:
    """Gradients are writable, contiguous, and share memory with nothing."""
    arrays = [_array(g) for g in ours["first"] if isinstance(g, (tg.Tensor, np.ndarray))]
    others = [_array(v) for k, v in ours.items() if k[0] in "xcvt" and isinstance(v, (tg.Tensor, np.ndarray))]
    for i, g in enumerate(arrays):
        if not (g.flags.writeable and g.flags.c_contiguous):
            raise Difference("a gradient is not writable and contiguous")
        if any(np.shares_memory(g, other) for other in [*arrays[:i], *others]):
            raise Difference("a gradient shares memory")


# ---- differences -------------------------------------------------------------------------------------------


def _numerical(
    program: Program,
    differences: Differences,
    ours: dict[str, Any],
    first: list[Any],
    second: Any,
    counts: Counter[str],
) -> None:
    """Compare what must be a number's derivative along directions drawn here."""
    rng = np.random.default_rng(2)

    def compare(
        computed: float, found: tuple[float, float], terms: list[Any], tolerance: float, what: str
    ) -> None:
        expected, doubt = found
        allowed = tolerance * (1 + sum(float(np.sum(np.abs(t))) for t in terms) + abs(expected))
        if not doubt < allowed:
            counts["cannot be judged by differences"] += 1
        elif not abs(computed - expected) <= 2 * allowed:
            raise Difference(f"{what}: {computed!r}; by differences {expected!r}")
        else:
            counts["compared with differences"] += 1

    for name, g in zip(program.leaves, first):
        d = rng.standard_normal(g.shape)
        compare(
            float(np.sum(g * d)), differences.first({name: d}), [g], 1e-6, f"gradient of {name}, along a line"
        )
    k = dict(zip(program.leaves, weights(program).values()))
    if "slope" in ours:
        compare(float(_array(ours["slope"])), differences.first(k), first, 1e-6, "jvp")
    if second is not None:
        along = {name: rng.standard_normal(x.shape) for name, x in program.leaves.items()}
        computed = float(sum(np.sum(s * d) for s, d in zip(second, along.values())))
        compare(
            computed, differences.second(along, k), second, 1e-4, "second derivative along two directions"
        )


# ---- PyTorch -----------------------------------------------------------------------------------------------


def _torch(program: Program, first: list[Any], second: list[Any] | None, counts: Counter[str]) -> None:
    if not all(s.operation is None or s.operation.torch for s in program.statements):
        return
    if "OTHERWISE" in source(program, "torch"):
        return
    try:
        theirs = run(program, "torch")
    except (RuntimeError, TypeError, IndexError, ValueError):  # it has no such form
        counts["refused by PyTorch"] += 1
        return
    for order, ours in ("first", first), ("second", second):
        for name, mine, found in zip(program.leaves, ours, theirs[order]) if ours is not None else ():
            zero = theirs[name].detach() * 0  # a sum with it has memory, which not all zeros of PyTorch have
            expected = zero if found is None else zero + found.detach()
            if expected.isnan().any():  # as of the std of one number: differences have judged ours
                counts["NaN in PyTorch"] += 1
                continue
            _close(mine, expected.numpy(), 1e-8, f"{order} derivative of {name} (expected: PyTorch's)")
            counts["compared with PyTorch"] += 1


# ---- many, and the small one that is left of a failing one -----------------------------------------------


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
    used = {a for s in program.statements for a in (*s.args, *s.targets)}
    used |= {*program.outputs, *program.outputs.values()}
    for kind in ("leaves", "constants"):
        for name, value in getattr(program, kind).items():
            if name not in used:
                yield replace(
                    program, **{kind: {k: v for k, v in getattr(program, kind).items() if k != name}}
                )
            elif value.dtype == np.float32:
                yield replace(program, **{kind: getattr(program, kind) | {name: value.astype(np.float64)}})


def many(
    count: int, seed: int, *, torch: bool = TORCH, progress: Callable[[int], None] = lambda done: None
) -> Counter[str]:
    """Check the first programs of a seed.

    A failing one is made small, and raised as Python that can be run.
    """
    counts: Counter[str] = Counter()
    for number in range(count):
        program = draw(number, seed)
        try:
            check(program, counts, torch=torch)
        except Exception as error:
            small = smaller(program)
            what = f"program {number} of seed {seed}: {type(error).__name__}: {error}"
            raise Difference(
                f"{what}\nThe smallest like it: {wrong(small)}\n\n{source(small, 'ours')}"
            ) from error
        progress(number + 1)
    return counts


def summary(counts: Counter[str]) -> str:
    """The counts in one line."""
    n = counts
    parts = [
        f"{n['programs']} programs of {n['statements']} statements",
        f"{n['compared with differences']} comparisons with differences",
        f"{n['cannot be judged by differences']} more cannot be judged",
        f"{n['compared with PyTorch']} comparisons with PyTorch",
        f"{n['refused by PyTorch']} programs it refuses",
        f"{n['NaN in PyTorch']} gradients of which it has NaN",
        f"{n['of two dtypes']} programs of two dtypes",
        f"{n['refused: a saved value was written to']} refused for what they write",
    ]
    return ", ".join(parts)
