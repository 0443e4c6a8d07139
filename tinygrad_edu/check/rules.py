"""Backward passes as gradcheck runs them: every rule on read-only arrays, and one that fails is named."""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from ..aliases import Rule
from ..debug import Inspector, is_write
from ..errors import GradcheckError, TinygradError
from ..graph import Node
from ..modes import MODE, mode
from ..settings import Default
from ..tensor import Tensor


class RuleInspector(Inspector):
    """Names a rule that writes to what it is given, or raises, with its operation and argument."""

    def run(self, node: Node, rule: Rule, g: Any, saved: tuple[Any, ...]) -> Any:
        try:
            return super().run(node, rule, g, saved)
        except TinygradError as error:
            whose = f"{node.name}'s rule of {_argument(node, rule)}, {_source(rule)}"
            error.add_note(f"It was raised by {whose}.")
            raise
        except Exception as error:
            given = (g, *saved)
            refused = _writes(node, rule, given) if is_write(error) else _raises(node, rule, given, error)
            raise refused from error


def inspected() -> AbstractContextManager[None]:
    """The mode in which rules are run: gradcheck's, unless it is the debug mode already."""
    return mode() if MODE.get().debug.value is not None else mode(debug=Default(RuleInspector()))


_ADVICE = (
    "\n  Second order needs rules made of differentiable functions; second_order=False checks the first "
    "derivative alone."
)


def run_backward(tensor: Tensor, cotangent: Any, **keywords: Any) -> None:
    """A backward pass; what the engine raises there is a failed check."""
    try:
        tensor.backward(cotangent, **keywords)
    except GradcheckError:
        raise
    except TinygradError as error:
        second = keywords.get("create_graph")
        what, advice = ("the gradient of the gradient", _ADVICE) if second else ("the backward pass", "")
        where = "".join(f"\n  {note}" for note in getattr(error, "__notes__", ()))
        raise GradcheckError(f"{what} failed: {type(error).__name__}: {error}{where}{advice}") from error
    except ValueError as error:
        if not is_write(error):
            raise
        what = "a rule changes g, or a value that the graph keeps, in place"
        raise GradcheckError(f"{what}; a rule returns a new array.") from error


def _writes(node: Node, rule: Rule, given: tuple[Any, ...]) -> GradcheckError:
    """Run the rule once more, on copies, to see what it writes to."""
    argument = _argument(node, rule)
    names = ["g", *node.plan.op.rules[argument.split(", ")[0]][1]]
    copies = _copied(given)
    rule(*copies)
    pairs = zip(names, given, copies)
    changed = [name for name, old, new in pairs if not np.array_equal(np.asarray(old), np.asarray(new))]
    return GradcheckError(
        f"{node.name}: the rule of {argument} changes {' and '.join(changed) or 'its arguments'} in place; "
        "others still need those values.\n  A rule returns a new array."
    )


def _raises(node: Node, rule: Rule, given: tuple[Any, ...], error: Exception) -> GradcheckError:
    whose = f"the rule of {_argument(node, rule)}, {_source(rule)}"
    said = f"{type(error).__name__}: {str(error) or 'no message'}"
    it_got = ", ".join(map(_described, given))
    return GradcheckError(f"{node.name}: {whose}, raised {said}\n  It was given {it_got}.")


def _argument(node: Node, rule: Rule) -> str:
    """The argument that a rule belongs to; those of a joint rule are several."""
    plan = node.plan
    if plan.joint is rule:
        return ", ".join(plan.op.joint[0])
    k = next(i for i, step in enumerate(plan.steps) if step[0] is rule)
    return str(plan.op.argument(plan.positions[k]))


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


def _copied(value: Any) -> Any:
    if type(value) is tuple:
        return tuple(map(_copied, value))
    return np.array(value) if isinstance(value, np.ndarray) else value
