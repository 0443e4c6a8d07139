"""The call of a trace, as text: what is asked, the step, and what becomes of its results.

It is the function that runs when a compiled one is called, and every line of it takes time in every
step.  What the trace does not hold for it gives to ``missed``; a call while another one is under way, in
another thread, to ``busy``; and one in which a check of values has failed to ``failed``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..memory.inner import OF_A_CALL

MISSED = "return missed(one, args, kwargs)"


@dataclass
class CallText:
    """What a call is made of, of which `text` is the text.

    Parameters
    ----------
    conditions : list of str
        What is asked, in this order.
    quick : Quick
        What asks for some of it at once.
    leaves : int
        How many leaves the arguments of a call have, ``a0``, ``a1`` …
    is_simple : bool
        Whether these are the arguments themselves, all by position.
    takes : list of str
        Lines that take the leaves of places of outside, behind them.
    arrays : list of str
        What the step is given.
    written : list of int
        The memories whose versions change.
    keeps : str
        The condition that gradients may stay in their places; "" if there are none.
    learned : list of (str or None, bool)
        The variables of the gradients ``g0``, ``g1`` … that the step gives, None where it adds to the one
        that was there; and whether what it gives is a number.
    returned : int
        How many other arrays it gives, ``r0``, ``r1`` …
    effects : list of str
        Lines that do what else the function did, before those that add and assign: gradients are cleared.
    puts : list of str
        Lines that add to lists, and assign to places.
    results : str
        The expression of what is returned.
    """

    conditions: list[str]
    quick: Any
    leaves: int
    is_simple: bool
    takes: list[str]
    arrays: list[str]
    written: list[int]
    keeps: str
    learned: list[tuple[str | None, bool]]
    returned: int
    effects: list[str]
    puts: list[str]
    results: str

    @property
    def text(self) -> str:
        """Of the function ``call``."""
        tensors = [f"b{i}" for i in range(len(self.learned))]  # of gradients, from call to call
        body = [
            *([f"global {', '.join(tensors)}"] if tensors else []),
            *self._take_arguments(),
            f"if settings.count != one.count and not settled(): {MISSED}",
            "if get_mode() is not mode or debug.value is not None:",
            "    now = get_mode()",  # of another block, or under debug()
            f"    if now.recording is not recording or now.debug.value is not None: {MISSED}",
            *_attempted(self.takes),
            *_asked(self._asked_here()),
            "try: pop()",
            "except IndexError: return busy(args, kwargs)",
            "try:",
            *_within(self._make_step()),
            "finally: append(None)",
            "if found is None: return failed(one, args, kwargs)",
            *self._return(),
        ]
        lines = [*(f"{tensor} = new(Tensor)" for tensor in tensors), "def call(*args, **kwargs):"]
        return "\n".join([*lines, *_within(body)]) + "\n"

    # ---- what is asked -------------------------------------------------------------------------------------

    def _take_arguments(self) -> list[str]:
        """Lines that take the leaves of the arguments, and ask C for them where it looks at arguments."""
        names = "".join(f"a{i}, " for i in range(self.leaves))
        if self.quick.takes and self.quick.hold:
            holds = f"({self.quick.hold}(*args) or slowly(*args))"
            return [f"if kwargs or not {holds}: {MISSED}", f"{names}= args"]
        if self.is_simple:
            taken = [f"if kwargs or len(args) != {self.leaves}: {MISSED}", f"{names}= args"]
        else:
            taken = ["leaves = leaves_of(args, kwargs)", f"if leaves is None: {MISSED}", f"{names}= leaves"]
        return taken if self.leaves else taken[:-1]

    def _asked_here(self) -> list[str]:
        """What is asked but for what C, or a class, says at once; and what says so, if it has not before."""
        others = [condition for condition in self.conditions if condition not in self.quick.texts]
        if len(others) < len(self.conditions) and not self.quick.takes:
            return [f"({self.quick.asks} or slowly())", *others]
        return others

    # ---- the step ------------------------------------------------------------------------------------------

    def _make_step(self) -> list[str]:
        lines = []
        taken = [line.partition(" = ") for line in self.takes if line[:1] != "["]
        other = {True: "!=", False: "is not"}  # a length is a number that is made anew
        if again := " or ".join(f"{place} {other[place[:4] == 'len(']} {value}" for value, _, place in taken):
            lines.append(f"if {again}: {MISSED}")  # another call has ended in between
        if self.keeps:
            lines += [f"is_new = not ({self.keeps})", "if is_new: kept.renew()"]
        if self.written:
            lines += ["n = writes.count = writes.count + 1", *(f"last[{key}] = n" for key in self.written)]
        step = f"found = step({', '.join(self.arrays)})"
        if self.keeps:
            lines += _or_undone(step, ["kept.forget()", "raise"])
            lines += ["except BaseException:", "    kept.forget()", "    raise"]
            lines += ["if is_new: kept.settle(found is None)"]
        else:
            lines += _or_undone(step, ["raise"])
        return [*lines, "if found is not None:", *_within(self._use_results())]

    def _use_results(self) -> list[str]:
        """Lines that follow a step that was made; nobody else calls meanwhile."""
        lines = ["if compiled.latest is not one: compiled.found(one)"]
        outs = [f"g{i}, " for i in range(len(self.learned))] + [f"r{i}, " for i in range(self.returned)]
        lines += [f"{''.join(outs)}= found"] if outs else []
        lines += ["if kept.are_lent: kept.lend()"] if self.keeps else []
        for i, (leaf, is_number) in enumerate(self.learned):
            if leaf is None:
                continue
            # The tensor of the step before, if nobody has kept it; the array is another one anyway.
            kept = f"references(b{i}) > {2 + OF_A_CALL}"
            lines.append(f"if {leaf}.grad is not b{i} or b{i}._node is not None or {kept}:")
            lines.append(f"    b{i} = {leaf}.grad = new(Tensor); b{i}._node = b{i}._leaf = None")
            lines.append(f"b{i}._array = {f'asarray(g{i})' if is_number else f'g{i}'}")
        lines += self.effects
        return [*lines, f"result = {self.results}", *self.puts] if self.puts else lines

    def _return(self) -> list[str]:
        results = "result" if self.puts else self.results
        array = {"tensor_of(r0)": "asarray(r0)", "tensor(r0, None)": "r0"}.get(results)
        if array is None:
            return [f"return {results}"]
        # What most steps return is made here.
        made = ["loss = new(Tensor)", f"loss._array = {array}", "loss._node = loss._leaf = None"]
        return [*made, "return loss"]


def _or_undone(step: str, otherwise: list[str]) -> list[str]:
    """Lines of a step that is undone if it raises an exception, if that can be; others if it cannot."""
    return [
        f"try: {step}",
        "except Exception as error:",
        "    if not undone(error):",
        *_within(_within(otherwise)),
        "    found = None",
    ]


def _within(lines: Iterable[str]) -> list[str]:
    """Lines in a block."""
    return [f"    {line}" for line in lines]


def _attempted(lines: list[str]) -> list[str]:
    """Lines that take what may not be there."""
    if not lines:
        return []
    errors = "LookupError, AttributeError, ValueError, TypeError"
    return ["try:", *_within(lines), f"except ({errors}): {MISSED}"]


def _asked(conditions: list[str]) -> list[str]:
    """Lines that ask for conditions."""
    if not conditions:
        return []
    first, *others = conditions
    return [
        "try:",
        "    fits = (",
        f"        {first}",
        *(f"        and {condition}" for condition in others),
        "    )",
        "except (LookupError, AttributeError, ValueError): fits = False",
        f"if not fits: {MISSED}",
    ]
