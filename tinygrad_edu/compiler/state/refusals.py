"""Refusals of what a run has changed, by its name and its line, which compiled code would not change."""

import re
import types
from collections.abc import Collection
from pathlib import Path

from ...errors import TraceError
from ...versions import SETTINGS
from .assigned import Change, Changed
from .before import Before
from .code import line_of_change
from .state import State

Codes = Collection[types.CodeType]


def refuse(rebound: list[str], changes: list[Change], drawn: bool, codes: Codes) -> None:
    """Raise if what a run of such code has done cannot be done again by NumPy's calls alone."""
    if rebound:
        raise TraceError(
            f"The step puts another array in the place of {', '.join(rebound)}{where('data', codes)}. Write "
            "into it: x[...] = values, under no_grad()."
        )
    if changes:
        what = ", ".join(f"{name!r}{where(name, codes)}" for name in dict.fromkeys(c.name for c in changes))
        may_be = all(change.lists or change.places for change in changes)
        error = (Changed if may_be else TraceError)(
            f"The step changes {what}, which the compiled step would not. Do that outside of it."
        )
        if isinstance(error, Changed):
            error.changes = changes
        raise error
    if drawn:
        raise TraceError(
            "The step draws from NumPy's or Python's global generator, whose numbers would be the first "
            "step's for ever.\n  Take a generator of your own, np.random.default_rng(), outside of the step."
        )


def refuse_settings(state: State, before: Before, codes: Codes) -> None:
    """Raise if a run has set settings of optimizers, which the compiled step would leave as they are."""
    if before.rates != SETTINGS.rates and state.optimizers:
        raise TraceError(
            f"The step sets a learning rate{where('lr', codes)}, which the compiled step would not. Set it "
            "before the step: it is read anew in every one."
        )
    for group, known in state.settings if before.count != SETTINGS.count else ():
        now = {key: value for key, value in group.settings().items() if key != "lr"}
        if now != known:
            key = next((key for key in now if now[key] != known.get(key)), "")
            raise TraceError(
                f"The step changes {key!r}, a setting of an optimizer{where(key, codes)}. Do that outside of "
                "it."
            )


def where(name: str, codes: Codes) -> str:
    """The file and the line in which code changes what has such a name in messages, if that can be seen."""
    words = re.findall(r"[^\W\d]\w*", name.partition("[")[0])
    for code in codes:
        if words and (line := line_of_change(code, words[-1])):
            return f" (in {Path(code.co_filename).name}, line {line})"
    return ""
