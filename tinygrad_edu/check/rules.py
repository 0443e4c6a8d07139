"""What gradcheck puts in the debug mode's place: it runs every rule on read-only arrays, and names the one that fails."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import GradcheckError, TinygradError
from ..graph import Node


class Watch:
    """Runs rules: a rule that writes to what it is given, or raises, is named with its operation and argument."""

    def recorded(self, op: Any, node: Any, out: Any) -> None:
        """Called for each recorded operation: nothing to do."""

    def run(self, node: Node, rule: Callable[..., Any], g: Any, saved: tuple[Any, ...]) -> Any:
        """Run a rule on read-only views of what it gets."""
        try:
            return rule(_read_only(g), *map(_read_only, saved))
        except TinygradError as error:
            error.add_note(
                f"It was raised by {node.name}'s rule of {_argument(node, rule)}, {_source(rule)}."
            )
            raise
        except Exception as error:
            if isinstance(error, ValueError) and "read-only" in str(error):
                raise _writes(node, rule, g, saved) from error
            text = str(error) or "no message"
            raise GradcheckError(
                f"{node.name}: the rule of {_argument(node, rule)}, {_source(rule)}, raised "
                f"{type(error).__name__}: {text}\n"
                f"  It was given {', '.join(map(_described, (g, *saved)))}."
            ) from error


def _writes(node: Node, rule: Callable[..., Any], g: Any, saved: tuple[Any, ...]) -> GradcheckError:
    """Run the rule once more, on copies, to see what it writes to."""
    argument = _argument(node, rule)
    names = ["g", *node.plan.op.rules[argument.split(", ")[0]][1]]
    given = [_copied(v) for v in (g, *saved)]
    rule(*given)
    pairs = zip(names, (g, *saved), given)
    changed = [name for name, old, new in pairs if not np.array_equal(np.asarray(old), np.asarray(new))]
    return GradcheckError(
        f"{node.name}: the rule of {argument} changes {' and '.join(changed) or 'its arguments'} in place; "
        "others still need those values.\n  A rule returns a new array."
    )


def _argument(node: Node, rule: Any) -> str:
    """The argument that a rule belongs to; those of a joint rule are several."""
    if node.plan.joint is rule:
        return ", ".join(node.plan.op.joint[0])
    k = next(i for i, step in enumerate(node.plan.steps) if step[0] is rule)
    return str(node.plan.op.argument(node.plan.positions[k]))


def _source(rule: Any) -> str:
    """Where a rule is written: its name, and its line if it is a Python function."""
    rule = getattr(rule, "rule", rule)  # of an `plan.Indexed`
    name, code = getattr(rule, "__name__", type(rule).__name__), getattr(rule, "__code__", None)
    return name if code is None else f"{name} ({code.co_filename}:{code.co_firstlineno})"


def _described(value: Any) -> str:
    if type(value) is tuple:
        return f"({', '.join(map(_described, value))})"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    return repr(value) if shape is None else f"{type(value).__name__} of shape {shape}, {dtype}"


def _read_only(value: Any) -> Any:
    if type(value) is tuple:
        return tuple(map(_read_only, value))
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    return value


def _copied(value: Any) -> Any:
    if type(value) is tuple:
        return tuple(map(_copied, value))
    return np.array(value) if isinstance(value, np.ndarray) else value
