"""A step of the backward pass as a paragraph."""

import textwrap
from collections.abc import Iterator
from typing import Any

from .known import UNKNOWN
from .numbers import short
from .steps import Sent, Step, Steps

WIDTH, LINE = 100, 76  # columns of a paragraph, and of a line of source in it


def paragraph(step: Step, walk: Steps, width: int = WIDTH) -> Iterator[str]:
    """What happens at one operation, or at a variable, in lines."""
    value = "" if step.value is UNKNOWN else f" = {short(step.value)}"
    yield f"#{step.number}  {step.title}{value}" + (f"    {step.line}" if step.line else "")
    if step.gradient is UNKNOWN:
        yield "    Its gradient is not known: what uses it could not be differentiated."
        return
    yield from _wrapped("gradient: ", _sum(step), width)
    for sent in step.sent:
        yield from _sent(sent, walk, width)
    if step.check:
        yield f"    {step.check.mark} whole program: {step.check.text}"
    if step.held:
        yield f"    {step.held}"
    if failed := walk.flow.failed.get(step.node):
        yield from _wrapped("its rule raised ", failed, width)
    elif not step.sent and walk.graph.boxes[step.node].operation:
        yield "    Its rules need what backward() has let go of: backward(retain_graph=True) keeps it."


def _sum(step: Step) -> str:
    """What arrived, and how it adds up."""
    if not step.arrived:
        return f"{short(step.gradient)}, to begin with"
    terms = [f"{short(value)} from #{number}" for number, _, value in step.arrived]
    return " + ".join(terms) + (f" = {short(step.gradient)}" if len(terms) > 1 else "")


def _sent(sent: Sent, walk: Steps, width: int) -> Iterator[str]:
    """What goes to one argument: the formula, the numbers, the result, its check, and the rule's own line."""
    target, several = walk.called(sent.target), len(sent.target_of.parents) > 1
    whose = f"to {target}, its {sent.argument}: " if several else f"to {target}: "
    yield from _wrapped(whose, f"{sent.calculation()}   {sent.check.mark} {sent.check.text}", width)
    given = {n: v for n, v in sent.numbers.items() if n in sent.source.names}
    if not all(map(_plain, given.values())):
        yield from _wrapped("  with ", ", ".join(f"{n} = {short(v)}" for n, v in given.items()), width)
    if sent.meaning:
        yield from _wrapped("  ", f"{sent.meaning}.", width)
    line = sent.source.line if len(sent.source.line) <= LINE else sent.source.line[: LINE - 1] + "…"
    yield f"      {line or 'its rule'}   ({sent.source.place or 'from no file'})"


def _plain(value: Any) -> bool:
    return getattr(value, "shape", ()) == () and not isinstance(value, tuple)


def _wrapped(start: str, text: str, width: int) -> Iterator[str]:
    """A line with a hanging indent."""
    yield from textwrap.wrap(
        text, width, initial_indent="    " + start, subsequent_indent=" " * 8, break_long_words=False
    ) or ["    " + start]
