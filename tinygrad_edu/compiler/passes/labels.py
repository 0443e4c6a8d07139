"""Labels: a mask of where they are becomes their places, which NumPy takes and writes to faster.

``hit = labels[:, None] == np.arange(c)`` marks one class of each example, and ``z[hit]`` are its scores.
Where a step does nothing else with such a mask but to take by it, to subtract it, and to see that every label
is a class, it takes by whole numbers instead, and subtracts rows of an identity matrix.
"""

import operator
from typing import Any

import numpy as np

from ..program import Call, Check, Input, Program, Ref, Step
from .checks_first import staying

LESS = np.less, operator.lt  # the latter before NumPy 2.3, where counts are numbers of Python's
LARGEST = 1 << 16  # bytes of an identity matrix
NO_CLASS = 1 << 40  # no place in any array


def with_places(program: Program) -> set[Ref]:
    """Change a program so; returns what raises an IndexError where a label is no class."""
    attempts: set[Ref] = set()
    for step in list(program.steps):
        labels = _labels(program, step) if isinstance(step, Call) else None
        if labels is not None:
            found = Places(program, program.steps.index(step), labels)
            if found.is_all:
                program.steps = found.steps()
                attempts |= found.attempts
    return attempts


def _labels(program: Program, call: Call) -> Ref | None:
    """The labels that a call compares with all classes, if it does."""
    if call.function is not np.equal or call.kwargs or call.writes or len(call.args) != 2:
        return None
    column, classes = call.args
    row = program.values[classes.number] if type(classes) is Ref else classes
    is_constant = type(classes) is not Ref or (
        classes in program.inputs and program.inputs[classes].kind == "constant"
    )
    if not (is_constant and isinstance(row, np.ndarray) and row.ndim == 1 and type(column) is Ref):
        return None
    if row.dtype.kind != "i" or not np.array_equal(row, np.arange(row.size)):
        return None
    for step in program.steps:
        if isinstance(step, Call) and step.outputs == (column,) and step.function == "__getitem__":
            source, key = step.args
            labels = program.values[source.number]
            column_shape = program.values[column.number].shape
            whole = isinstance(labels, np.ndarray) and labels.ndim == 1 and labels.size > 1
            fits = whole and column_shape == (labels.size, 1) and np.can_cast(labels.dtype, np.intp)
            return source if fits and key in ((slice(None), None), (Ellipsis, None)) else None
    return None


class Places:
    """What a program does with a mask of labels, and how it does that by their places.

    Attributes
    ----------
    is_all : bool
        Whether that is all that it does with it.
    attempts : set of Ref
        What raises an IndexError where a label is no class.
    """

    def __init__(self, program: Program, place: int, labels: Ref) -> None:
        self.program, self.place, self.labels = program, place, labels
        compare: Any = program.steps[place]
        self.mask: Ref = compare.outputs[0]
        self.shape = program.values[self.mask.number].shape
        self.attempts: set[Ref] = set()
        self._rows: dict[Any, Ref] = {}
        owner = program.owner(self.mask)
        users = [i for i, s in enumerate(program.steps) if owner in program.owners(s.used)]
        others = [i for i in users if i != place]
        known = all(self._is_known(i) for i in others)
        both = any(map(self._takes, others)) and any(map(self._subtracts, others))
        self.is_all = known and both and bool(self._counts(others))

    def _takes(self, i: int) -> bool:
        step: Any = self.program.steps[i]
        if step.function != "__getitem__" or step.args[1] != self.mask:
            return False
        z = self.program.values[step.args[0].number]
        return bool(z.shape == self.shape and z.flags.c_contiguous)

    def _subtracts(self, i: int) -> bool:
        step: Any = self.program.steps[i]
        if step.function is not np.subtract or step.kwargs or step.writes or len(step.args) != 2:
            return False
        x = step.args[0]
        if type(x) is not Ref or step.args[1] != self.mask:
            return False
        value = self.program.values[x.number]
        fits = isinstance(value, np.ndarray) and value.shape == self.shape and value.dtype.char in "fd"
        return fits and self.shape[1] ** 2 * value.dtype.itemsize <= LARGEST

    def _counts(self, users: list[int]) -> list[int]:
        """The steps that count the labels that are classes, and check that all are."""
        steps: list[Any] = self.program.steps
        for i in users:
            if steps[i][:3] == (np.count_nonzero, (self.mask,), {}):
                (count,) = steps[i].outputs
                later = [k for k, s in enumerate(steps) if k != i and count in s.used]
                if len(later) != 1 or not isinstance(steps[later[0]], Call):
                    return []
                less = steps[later[0]]
                checks = [k for k, s in enumerate(steps) if k != later[0] and less.outputs[0] in s.used]
                is_less = less.function in LESS and less.args == (count, self.shape[0])
                if is_less and len(checks) == 1 and steps[checks[0]][:2] == (less.outputs[0], False):
                    return [i, later[0], checks[0]]
        return []

    def _is_known(self, i: int) -> bool:
        if not isinstance(self.program.steps[i], Call):
            return False
        return self._takes(i) or self._subtracts(i) or i in self._counts([i])

    # ---- by places -----------------------------------------------------------------------------------------

    def _new(self, value: Any) -> Ref:
        return self.program.new(value)

    def _constant(self, value: Any, name: str) -> Ref:
        ref = self.program.new(value)
        self.program.inputs[ref] = Input("constant", name)
        return ref

    def steps(self) -> list[Step]:
        """The steps of the program, changed."""
        program, (n, c) = self.program, self.shape
        like: Any = program.steps[self.place]
        taken, self.at = self._new(np.empty(n, np.intp)), self._new(np.empty(n, np.intp))
        users = [i for i, s in enumerate(program.steps) if self.mask in s.used and i != self.place]
        made: dict[int, list[Step]] = {i: [] for i in range(len(program.steps))}  # before which step
        for i in users:  # labels that are neither in [0, c) nor in [-c, 0) are found here
            made[self._latest(i)] += self._rows_for(program.steps[i]) if self._subtracts(i) else []
        table = np.concatenate([np.arange(c), np.full(c, NO_CLASS)])  # and those in [-c, 0) here
        classes, starts = self._constant(table, "classes"), self._constant(np.arange(n) * c, "starts")
        first = self._latest(next(filter(self._takes, users)))
        made[first].append(self._call(like, "take", (classes, self.labels), taken))
        made[first].append(self._call(like, np.add, (starts, taken), self.at))
        self.attempts.add(taken)
        dropped = set(self._counts(users))
        steps: list[Step] = []
        for i, step in enumerate(program.steps):
            steps += made[i]
            if i == self.place or i in dropped:
                continue
            elif i in users and self._takes(i):
                steps += self._taking(step)
            elif i in users:
                steps += self._subtracting(step)
            elif not (isinstance(step, Check) and step.ref in self.attempts):  # of how many were taken
                steps.append(step)
        return steps

    def _latest(self, i: int) -> int:
        """The latest step before which a label may be found wrong that the i-th uses: nothing that stays is
        written before.
        """
        stay, steps = staying(self.program), enumerate(self.program.steps[self.place : i], self.place)
        return next((k for k, step in steps if stay(step)), i)

    def _call(self, like: Any, function: Any, args: tuple[Any, ...], out: Ref) -> Call:
        return Call(function, args, {}, (out,), False, (), like.errors, like.where)

    def _taking(self, step: Any) -> list[Step]:
        z, (out,) = step.args[0], step.outputs
        flat = self._new(self.program.values[z.number].reshape(-1))
        self.attempts.add(out)
        size = self.shape[0] * self.shape[1]
        return [self._call(step, "reshape", (z, size), flat), self._call(step, "take", (flat, self.at), out)]

    def _rows_for(self, step: Any) -> list[Step]:
        """What makes a row of an identity matrix for each label, of the dtype of what they are taken from."""
        dtype = self.program.values[step.args[0].number].dtype
        if dtype in self._rows:
            return []
        rows = self._rows[dtype] = self._new(np.empty(self.shape, dtype))
        matrix = self._constant(np.eye(self.shape[1], dtype=dtype), "identity")
        self.attempts.add(rows)
        return [self._call(self.program.steps[self.place], "take", (matrix, self.labels, 0), rows)]

    def _subtracting(self, step: Any) -> list[Step]:
        dtype = self.program.values[step.args[0].number].dtype
        return [step._replace(args=(step.args[0], self._rows[dtype]))]
