"""Drawing a program: statement by statement, each one tried on plain arrays before it is taken."""

import random
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from .languages import ENDINGS, Program, Statement
from .operations import DETACH, OPERATIONS, a_key
from .plain import OWN

LARGEST = 20.0  # of the values: derivatives stay of a size that can be judged
MOST = 48  # elements of an array
# how often each kind of statement is drawn
KINDS = {"compute": 70, "alias": 3, "write": 11, "update": 8, "data": 1.5, "backward": 2, "detach": 3}
REFUSALS = (
    ValueError,
    IndexError,
    TypeError,
    KeyError,
    AttributeError,
    SyntaxError,
    NameError,
    RuntimeWarning,
)


class State:
    """What the names hold after the statements so far; `attempt` takes one more, or refuses it."""

    def __init__(self, leaves: dict[str, Any], constants: dict[str, Any]) -> None:
        self.leaves = leaves
        self.values = {name: value.copy() for name, value in {**leaves, **constants}.items()}
        self.needs = {name: name in leaves for name in self.values}
        self.same = {name: [name] for name in self.values}
        self.constants: list[Any] = []  # to the derivatives: nobody may write into their memory
        self.seen: list[Any] = []  # what recorded operations were given and made: derivatives may need it
        self.reached = False  # whether a write reached any of it, so that a backward pass may refuse
        self.namespace = {"np": np, "tg": OWN, "f32": np.float32, "f64": np.float64}

    def attempt(self, s: Statement) -> bool:
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("error")  # of the mean of nothing
                return self._compute(s) if s.kind == "compute" else self._change(s)
        except REFUSALS:
            return False

    def _value(self, text: str) -> Any:
        return eval(text, self.namespace, self.values)  # noqa: S307  # a statement drawn here

    def _compute(self, s: Statement) -> bool:
        arrays = [self.values[a] for a in s.args]
        if all(a[0] in "ck" for a in s.args):  # which would not be a tensor
            return False
        if s.operation is DETACH:
            results = arrays
        else:
            if s.operation.guard is not None and not s.operation.guard(*arrays):
                return False
            value = self._value(s.value("plain"))
            results = [np.asarray(r) for r in (value if s.operation.outputs > 1 else [value])]
        if len(results) != s.operation.outputs or not all(map(_usable, results)):
            return False
        constant = s.quiet or s.operation is DETACH
        for name, result in zip(s.targets, results):
            self._bind(name, result, not constant and any(self.needs[a] for a in s.args))
            (self.constants if constant else self.seen).append(result)
        self.seen += [] if s.quiet else arrays
        return True

    def _bind(self, name: str, value: Any, needs: bool, same: list[str] | None = None) -> None:
        if name in self.same:
            self.same[name].remove(name)
        self.same[name] = [] if same is None else same
        self.same[name].append(name)
        self.values[name], self.needs[name] = value, needs

    def _change(self, s: Statement) -> bool:
        target, value = s.targets[0], self._value(s.args[0])
        if s.kind == "alias":
            self._bind(target, value, self.needs[s.args[0]], self.same[s.args[0]])
            return True
        old, leaf = self.values[target], any(name in self.leaves for name in self.same[target])
        if s.kind == "backward":
            return self.needs[target] and value.shape == old.shape
        if target[0] in "ck" or (leaf != (s.kind == "data") and not s.quiet):
            return False
        if s.kind == "write":
            new = old.copy()
            new[self._value(f"({s.settings['key']},)")] = value
        elif s.kind == "data" and s.settings["form"] == "new":
            new = old * 0.5
        else:
            sign = s.settings.get("sign", "-")
            if sign == "/" and np.any(np.abs(value) < 0.3):
                return False
            new = np.asarray(self._value(f"{target} {sign} {s.args[0]}"))
        if not _usable(new) or new.shape != old.shape:
            return False
        if s.quiet or (s.kind == "data" and s.settings["form"] != "new"):
            if any(np.may_share_memory(old, c) for c in self.constants):
                return False
            self._reach(old)
            np.copyto(old, new, casting="same_kind")  # refuses what is read-only
        elif s.kind == "update":
            self.seen += [old, np.asarray(value), new]
            self._bind(target, new, self.needs[target] or self.needs.get(s.args[0], False))
        else:
            if s.kind == "data":
                self._reach(old)
            self.seen += [np.asarray(value), new]
            for name in self.same[target]:
                self.values[name] = new
                self.needs[name] = self.needs[name] or (
                    s.kind == "write" and self.needs.get(s.args[0], False)
                )
        return all(map(_usable, self.values.values()))

    def _reach(self, array: Any) -> None:
        self.reached = self.reached or any(np.may_share_memory(array, a) for a in self.seen)


def _usable(value: Any) -> bool:
    small = value.size <= MOST and value.ndim <= 4
    return value.dtype.kind == "f" and small and bool(np.all(np.abs(value) <= LARGEST))


def replayed(program: Program) -> State | None:
    """The state at the end; None, for what is left of a program, if it cannot run, or kinks are near."""
    state = State(program.leaves, program.constants)
    if not (program.outputs and program.leaves and all(map(state.attempt, program.statements))):
        return None
    shapes = {name: value.shape for name, value in state.values.items()}
    fine = all(state.needs.get(y, False) and shapes[y] == shapes[k] for y, k in program.outputs.items())
    return state if fine else None


def _array(rng: random.Random, shape: tuple[int, ...], dtype: Any = np.float64) -> Any:
    low = rng.choice([-2.0, -2.0, 0.4])
    return np.array([round(rng.uniform(low, 2.0), 2) for _ in range(int(np.prod(shape)))], dtype).reshape(
        shape
    )


def _statement(rng: random.Random, state: State, name: str) -> Statement:
    """A statement that may or may not make sense; new values get the name."""
    names = list(state.values)
    tensors = [n for n in names if n[0] != "c"]
    pick = lambda: rng.choice(names[-6:] if rng.random() < 0.5 else names)
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    quiet = rng.random() < (0.05 if kind == "compute" else 0.15)
    if kind == "compute":
        operation = rng.choice(OPERATIONS)
        args = tuple(pick() for _ in range(operation.arity))
        settings = operation.settings(rng, *(state.values[a] for a in args)) if operation.settings else {}
        targets = (name,) if operation.outputs == 1 else (name, name + "b")
        if settings is None:
            return _statement(rng, state, name)
        return Statement("compute", targets, args, operation, settings, quiet)
    target = rng.choice(tensors)
    if kind == "detach":
        return Statement("compute", (name,), (target,), DETACH)
    if kind == "alias":
        return Statement("alias", (name,), (target,))
    value = rng.choice([pick(), "0.5"])
    if kind == "write":
        return Statement(
            "write", (target,), (value,), None, a_key(rng, state.values[target], write=True), quiet
        )
    if kind == "update":
        return Statement("update", (target,), (value,), None, {"sign": rng.choice("+-*/")}, quiet)
    if kind == "data":
        return Statement(
            "data",
            (rng.choice(list(state.leaves)),),
            ("0.5",),
            None,
            {"form": rng.choice(["in place", "new"])},
        )
    return Statement("backward", (target,), (pick(),))


def draw(number: int, seed: int) -> Program:
    """The program with a number, of a seed."""
    rng = random.Random(f"{seed} {number}")
    dtypes = [np.float32, np.float64] if rng.random() < 0.25 else [np.float64]
    shapes = [tuple(rng.randint(1, 3) for _ in range(rng.choice([0, 1, 1, 2, 2, 3]))) for _ in range(2)]
    leaves = {f"x{i}": _array(rng, rng.choice(shapes), rng.choice(dtypes)) for i in range(rng.randint(1, 3))}
    kinds = rng.choice(["", "c", "t", "ct"])
    constants = {f"{kind}{i}": _array(rng, rng.choice(shapes)) for i, kind in enumerate(kinds)}
    state = State(leaves, constants)
    statements: list[Statement] = []
    length, tries = rng.randint(2, 16), 0
    while len(statements) < length and tries < 40 * length:
        tries += 1
        s = _statement(rng, state, f"v{len(statements)}")
        if s.kind == "backward" and not any(state.needs.values()):
            continue
        if s.kind == "backward":  # its cotangent is a constant of its own
            k = f"c{len(constants) + 9}"
            constants[k] = state.values[k] = _array(rng, state.values[s.targets[0]].shape)
            state.needs[k], state.same[k] = False, [k]
            s = replace(s, args=(k,))
        if state.attempt(s):
            statements.append(s)
    wanted = [n for n, needed in state.needs.items() if needed and n not in leaves] or list(leaves)
    outputs = {}
    for y in dict.fromkeys(rng.choice(wanted[-5:]) for _ in range(rng.randint(1, 3))):
        outputs[y] = k = f"c{len(constants) + 9}"
        constants[k] = _array(rng, state.values[y].shape)
    writes = [s.targets[0] for s in statements if s.kind in ("write", "update", "data")]
    changed = {name for target in writes for name in state.same[target]}
    program = Program(leaves, constants, tuple(statements), outputs, "backward")
    pure = not program.written and all(s.kind != "backward" for s in statements)  # as a function has to be
    pure = pure and not any(name[0] in "tx" for name in changed)
    return replace(program, ending=rng.choice(ENDINGS if pure else ENDINGS[:-1]))
