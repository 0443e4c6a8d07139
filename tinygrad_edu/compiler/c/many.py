"""Many steps in one call of C: batches are gathered from rows of arrays, and optimizers count their steps.

No Python runs in between, so what a step depends on is looked at once, before the first of them.
"""

import os
import sys
from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, Self

import numpy as np

from ..loops.memories import NoLoop, Operand
from ..loops.plan import Plan
from ..memory.random_functions import held
from ..program import Call, Live, Ref, drawn_from
from .numbers import Counting, is_whole
from .orders import Orders, Shuffled, orders_of, words_of

# Places in what C is given.
N, DONE, FIRST, PERIOD, ROWS, SEED, WORDS, EPOCH, SAMPLES, ORDER, TABLE, RATES, COUNTS = range(13)


class Many:
    """How many steps of a program are made in one call.

    C is given a list of words: how many steps, how many of them are done, the number of the first row, after
    how many rows they begin again, the addresses of the rows' numbers (0 if they follow one another) and of a
    seed (0 if these numbers are there; else they are made, epoch by epoch), the words of the seed, the first
    epoch, the number of rows that it shuffles, the addresses of the function that does it, of a table of the
    optimizers' numbers (0 if C computes them) and of the rates; then for each optimizer how many steps it has
    made, for each argument the address of the rows, and for each result where to put those of all steps (0 if
    nobody asks).

    Attributes
    ----------
    batch : int
        The number of rows of a batch.
    widths : list of int
        The bytes of a row, of each argument.
    """

    def __init__(
        self, plan: Plan, arguments: list[Ref], batch: int, counting: Counting,
        folder: str | os.PathLike[str] | None,
    ) -> None:  # fmt: skip
        self.folder, self.lives, self.batch, values = folder, plan.lives, batch, plan.program.values
        self.widths = [values[r.number].nbytes // batch for r in arguments]
        self.results = [self._result(plan, ref) for ref in plan.results]
        self.counting = counting
        self.data = COUNTS + len(self.lives)
        self.outs = self.data + len(arguments)
        self.words = np.zeros(self.outs + len(self.results), np.intp)
        self.draws = [s for s in plan.program.steps if isinstance(s, Call) and drawn_from(s) is not None]
        self.generators = list({id(g): g for g in map(drawn_from, self.draws)}.values())
        self.rates, self.function = np.zeros(max(len(self.lives), 1)), None  # type: tuple[Any, Any]

    @classmethod
    def of(
        cls, plan: Plan, arguments: list[Ref], counting: Counting, folder: str | os.PathLike[str] | None
    ) -> Self:
        """Many steps of a plan; raises `NoLoop` if C cannot make them alone, or there are no batches."""
        values, inputs = [plan.program.values[r.number] for r in arguments], plan.program.inputs
        alone = len(plan.segments) == 1 and plan.segments[0].step is None
        given = [r for r, i in inputs.items() if i.kind == "argument"]
        lengths = {v.shape[:1] for v in values}
        reasons = {
            "it has lines of NumPy": not alone,
            "gradients are added to what was there": arguments != given,
            "its arguments are no batches of one length": len(lengths) != 1 or lengths <= {(), (0,)},
            "an argument is not contiguous": not all(v.flags.c_contiguous and v.nbytes for v in values),
            "some parameters have made more steps than others": not all(map(is_whole, plan.lives)),
        }
        for why, is_so in reasons.items():
            if is_so:
                raise NoLoop(why)
        return cls(plan, arguments, values[0].shape[0], counting, folder)

    @staticmethod
    def _result(plan: Plan, ref: Ref) -> Operand | None:
        """Where a result lies; None if it is not to be copied."""
        m, value = plan.memories.of[ref], plan.program.values[ref.number]
        dense = not isinstance(value, np.ndarray) or value.flags.c_contiguous
        if plan.kinds[m] not in ("result", "shared") or not dense or ref in plan.memories.moving:
            return None
        return plan.memories.operand(ref)

    # ---- C -------------------------------------------------------------------------------------------------

    def text(self, parameters: str, conditions: str, slot: Callable[[Any], int]) -> str:
        """The function in C, given its parameters, and the lines that look at the arguments."""
        parts = self._take_batch(), self._count(slot), self._put_results(slot)
        before = [line for lines, _ in parts for line in lines]
        take, count, put = ([f"    {line}" for line in lines] for _, lines in parts)
        values = "".join(f", d{k}" for k in range(len(self.widths)))
        lines = [
            f"const word n = c[{N}], period = c[{PERIOD}];",
            *before,
            f"word s = 0, at = c[{FIRST}];",
            "for (; s < n; s++) {",
            *take,
            *count,
            f"    if (body_0(p{values})) break;",
            *put,
            f"    at = at + {self.batch} < period ? at + {self.batch} : 0;",
            "}",
            f"c[{DONE}] = s;",
            "return s < n;",
        ]
        body = "".join(f"    {line}\n" for line in lines)
        return f"int steps({parameters}, word *c) {{\n{conditions}{body}}}\n"

    def _take_batch(self) -> tuple[list[str], list[str]]:
        """Lines before the loop of the steps, and in it: the rows of a batch become the arguments."""
        before = [
            f"word *const rows = (word *)c[{ROWS}], epoch = c[{EPOCH}];",
            f"const uint32_t *const seed = (uint32_t *)c[{SEED}];",
            "typedef void (*making)(const uint32_t *, word, word, word, word, word *);",
            f"const making make_order = (making)c[{ORDER}];",
        ]
        take, gather = [], []
        for k, width in enumerate(self.widths):
            before.append(f"char *const d{k} = DATA(x{k});")
            before.append(f"const char *const b{k} = (char *)c[{self.data + k}];")
            take.append(f"    memcpy(d{k}, b{k} + at * {width}, {self.batch * width});")
            gather.append(f"    memcpy(d{k} + i * {width}, b{k} + rows[at + i] * {width}, {width});")
        order = f"if (seed && !at) make_order(seed, c[{WORDS}], epoch++, 1, c[{SAMPLES}], rows);"
        one_by_one = f"else for (word i = 0; i < {self.batch}; i++) {{"
        return before, [order, "if (!rows) {", *take, "}", one_by_one, *gather, "}"]

    def _count(self, slot: Callable[[Any], int]) -> tuple[list[str], list[str]]:
        """Likewise, what the optimizers count, which is in a table, or is computed of their rates."""
        before = [f"const double *const table = (double *)c[{TABLE}], *const rates = (double *)c[{RATES}];"]
        places = [self.counting.scalar(k, slot) for k in range(len(self.counting.scalars))]
        table = " ".join(f"{at} = table[s * {len(places)} + {k}];" for k, at in enumerate(places))
        count = [f"if (table) {{ {table} }}"] * bool(places)
        if self.counting.formulas:
            lives = range(len(self.lives))
            before += [f"const word made{k} = c[{COUNTS + k}];" for k in lives]
            begins, calls = zip(*(self.counting.of_many(k, f"made{k}") for k in lives))
            before += [line for begin in begins for line in begin]
            count += ["else {", *(f"    {call}" for call in calls), "}"]
        return before, count

    def _put_results(self, slot: Callable[[Any], int]) -> tuple[list[str], list[str]]:
        """Likewise, results are put behind those of the steps before."""
        before, put = [], []
        for k, r in enumerate(self.results):
            if r is not None:
                size = prod(r.shape) * r.dtype.itemsize
                at = f"(char *)p[{slot(('memory', r.memory))}] + {r.offset}"
                before.append(f"char *const o{k} = (char *)c[{self.outs + k}];")
                put.append(f"if (o{k}) memcpy(o{k} + s * {size}, {at}, {size});")
        return before, put

    # ---- what runs -----------------------------------------------------------------------------------------

    def orders(self) -> Orders | None:
        """What gives the orders of epochs, if C does; its library is made when it is first asked for."""
        return orders_of(self.folder)

    def prepare(
        self, n: int, first: int, rows: Any, data: Sequence[Any], outs: Sequence[Any], rate: Any = None,
        period: int = sys.maxsize,
    ) -> None:  # fmt: skip
        """Get ready for n steps, or for those before the first one that an optimizer makes in another way.

        They are of consecutive rows from the first on, which begin again after ``period`` of them, or of rows
        by their numbers, all of them, or those of whole epochs.

        Parameters
        ----------
        n, first, period : int
        rows : ndarray of int64, shape (n · batch,), Shuffled, or None
        data : sequence of ndarray
            The rows of each argument, in C order.
        outs : sequence of ndarray or None
            Where the results of all steps are put, for each of them.
        rate : callable, optional
            Sets the rates of the k-th of these steps.
        """
        self.rate, n = rate, min([n, *(steps_alike(live, n) for live in self.lives)])
        words = [n, 0, first, period, 0, 0, 0, 0, 0, 0, 0, self.rates.ctypes.data]
        if isinstance(rows, Shuffled):
            seed, numbers = words_of(rows.seed), np.empty(rows.samples, np.int64)
            words[ROWS:ORDER] = numbers.ctypes.data, seed.ctypes.data, len(seed), rows.epoch, rows.samples
            words[ORDER] = rows.orders.address
            rows = seed, numbers
        elif rows is not None:
            words[FIRST : ROWS + 1] = 0, sys.maxsize, rows.ctypes.data
        self.held: Any = rows, data, outs  # what is held stays where it is
        words += [live.of[0].counts[0] for live in self.lives]
        words += [d.ctypes.data for d in data]
        words += [0 if o is None else o.ctypes.data for o in outs]
        self.words[:] = words
        self.before = [list(live.of[0].counts) for live in self.lives]  # one parameter changes its own
        self.states = [(g.bit_generator, g.bit_generator.state) for g in self.generators]
        self.table = None
        rates = [live.of[0].group.lr for live in self.lives]
        if self.counting.formulas and rate is None and all(type(lr) is float for lr in rates):
            self.rates[: len(rates)] = rates
            for live in self.lives:
                live.function()  # for what the rates alone decide
        elif self.counting.scalars:
            self.table = np.array(self._counted_until(n))
            self.words[N], self.words[TABLE] = len(self.table), self.table.ctypes.data

    def _counted_until(self, n: int) -> list[list[float]]:
        """The optimizers' numbers in n steps, or in those before one whose rate raises an exception."""
        found: list[list[float]] = []
        try:
            while len(found) < n:
                found.append(self._counted(len(found)))
        except Exception:
            if not found:
                self._settle(0)
                raise
        return found

    def _counted(self, k: int) -> list[float]:
        """The optimizers' numbers in the k-th step."""
        if self.rate is not None:
            self.rate(k)
        for live in self.lives:
            live.function()
        return [scalar.item() for scalar in self.counting.scalars]

    def run(self, table: Any, *given: Any) -> int:
        """Make the steps, by a table of addresses.

        It gives 0 if at least one of them was made, 1 if none, and 2 if a result is still held.
        """
        with held(self.generators):
            code = self.function(table.ctypes.data, *given, self.words.ctypes.data)
        if code != 2:
            if code:
                self._draw_again(int(self.words[DONE]))
            self._settle(int(self.words[DONE]))
            self.held = ()
        return 0 if self.words[DONE] else code

    def _draw_again(self, done: int) -> None:
        """Leave the generators as so many steps have left them, where another one has drawn and failed."""
        for generator, state in self.states:
            generator.state = state
        for _ in range(done):
            for draw in self.draws:
                draw.function(*draw.args, **draw.kwargs)

    def _settle(self, done: int) -> None:
        """Leave the optimizers as so many steps have left them."""
        if self.rate is not None and done:
            self.rate(done - 1)
        for live, before in zip(self.lives, self.before):
            pack = live.of[0]
            if self.table is not None:  # C has written what these numbers do not tell
                pack.decays.floats = [np.nan] * len(pack.decays.floats)
            pack.counts = [t + max(done - 1, 0) for t in before]
            live.function()
            if not done:
                pack.counts = before


def steps_alike(live: Live, n: int) -> int:
    """How many of the next n steps an optimizer makes in the way of the first, which comes once."""
    pack, optimizer, _ = live.of
    first = pack.counts[0] + 1

    def is_other(k: int) -> bool:
        return bool(optimizer.phase(pack.group, first + k) != optimizer.phase(pack.group, first))

    return bisect_left(range(n), True, key=is_other) if is_other(n - 1) else n
