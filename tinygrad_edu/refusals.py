"""What is said where a gradient cannot be had: which function or argument has no rule, and what to do about
it.
"""

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .entry import Op, is_ufunc, name_of
from .errors import MissingRule
from .reasons import NO_RULE, reason_of


def refuse(function: Callable[..., Any], argument: str, value: Any) -> MissingRule:
    """The error for a function that has no rule; it says how to give it one or to do without."""
    name, argument = name_of(function), _argument(function, argument)
    reason = reason_of(function)
    why = f"  The reason:      {reason}\n" if reason and reason != NO_RULE else ""
    return MissingRule(
        f"{name} has no derivative rule (argument {argument}: Tensor of shape {value.shape}, "
        f"{value.dtype}).\n"
        f"{why}"
        f"  Give it one:     {_line(function, name, argument)}, once, before the call\n"
        f"  or step around:  {name}(x.detach().numpy(), …), which is a constant to the graph"
    )


def _argument(function: Any, argument: str) -> str:
    """The name of an argument, which may be known by its place only."""
    if not argument.isdigit():
        return argument
    if is_ufunc(function):
        return "x" if function.nin == 1 else f"x{int(argument) + 1}"
    with suppress(ValueError, TypeError, IndexError):
        return list(inspect.signature(function).parameters)[int(argument)]
    return argument


def _line(function: Any, name: str, argument: str) -> str:
    """The line that files a rule for an argument, to be completed."""
    if is_ufunc(function):
        file, taken = "elementwise", [_argument(function, str(i)) for i in range(function.nin)]
    if not is_ufunc(function) or function.signature is not None:
        file, argument = "derivative", "x" if argument.isdigit() else argument
        taken = [argument]
        with suppress(ValueError, TypeError):
            parameters = inspect.signature(function).parameters.values()
            named = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
            taken = named or taken
    return f"tinygrad_edu.{file}({name}, {argument}=lambda g, {', '.join(taken)}: …)"


def refuse_argument(op: Op, argument: str, value: Any) -> MissingRule:
    """The error for an argument that has no rule, of a function that has rules for others."""
    own = "to @tinygrad_edu.primitive, on a function of yours that calls it"
    where = own if op.trusted else f"where {op.name} is filed"
    return MissingRule(
        f"{op.name} has no derivative rule for its argument {argument} (a Tensor of shape {value.shape}, "
        f"{value.dtype}).\n"
        f"  Give it one:     {argument}=lambda g, …: … {where}\n"
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
