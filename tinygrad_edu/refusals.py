"""What is said where a gradient cannot be had: which function or argument has no rule, and what to do about
it.
"""

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .entry import Op, name_of
from .errors import MissingRule
from .reasons import LATER, reason_of


def refuse(function: Callable[..., Any], argument: str, value: Any) -> MissingRule:
    """The error for a function that has no rule; it says how to give it one or to do without."""
    name = name_of(function)
    if argument.isdigit():  # known by its place only
        with suppress(ValueError, TypeError, IndexError):
            argument = list(inspect.signature(function).parameters)[int(argument)]
    reason = reason_of(function)
    why = f"  The reason:      {reason}\n" if reason and reason != LATER else ""
    return MissingRule(
        f"{name} has no derivative rule (argument {argument}: Tensor of shape {value.shape}, "
        f"{value.dtype}).\n"
        f"{why}"
        f"  Give it one:     @tinygrad_edu.primitive(x=lambda g, x: …) on a function that calls {name} (see "
        "examples/define_an_op.py)\n"
        f"  or step around:  {name}(x.detach().numpy(), …), which is a constant to the graph"
    )


def refuse_argument(op: Op, argument: str, value: Any) -> MissingRule:
    """The error for an argument that has no rule, of a function that has rules for others."""
    return MissingRule(
        f"{op.name} has no derivative rule for its argument {argument} (a Tensor of shape {value.shape}, "
        f"{value.dtype}).\n"
        f"  Give it one:     {argument}=lambda g, …: … where {op.name} is filed\n"
        f"  or step around:  pass {argument}.detach(), which is a constant to the graph; its rules are for "
        f"{', '.join(op.rules)}"
    )


def lost_inside(primitive: str, operation: str, value: Any) -> MissingRule:
    """The error for a tensor that a primitive's forward uses, and that no argument with a rule has brought
    there.
    """
    return MissingRule(
        f"{primitive}: its forward uses, in {operation}, a Tensor of shape {value.shape}, {value.dtype}, "
        "whose gradient would be lost.\n"
        f"  Pass it to {primitive} as an argument, and give that a rule; or use its .detach(), which is a "
        "constant to the graph."
    )
