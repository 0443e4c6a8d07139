"""What to say of a loss or gradient that is not finite: where the training was, and what else is not."""

import copy
from typing import Any

import numpy as np

from .inputs import arranged, named
from .training import Training

DEBUG = "tinygrad_edu.debug() names the operation it began with."


class Diverged(Exception):
    """A loss or a gradient is not finite; the message is the story of it."""


def story(training: Training, what: str, group: list[Any]) -> str:
    """The story of a step that was not made, and of the batches that it was to be made from."""
    spoilt = [name for name, p in training.model.named_parameters() if not np.isfinite(p.data).all()]
    state = "the parameters are finite"
    if spoilt:
        state = f"not all of {spoilt[0]} is finite, after the step before"
    found = (_in_batch(training.loader, batch, i - len(group)) for i, batch in enumerate(group))
    cause = _cause(next(filter(None, found), ""), f"A lower learning rate or clip_norm= may help; {DEBUG}")
    place = f"step {training.history.steps + 1} (epoch {len(training.history) + 1})"
    return f"{what} at {place}; {state}{cause}"


def story_of_validation(training: Training, value: float) -> str:
    """The story of a validation loss that is not finite."""
    found = ""
    if getattr(training.held_out, "samples", None):
        batches = copy.copy(training.held_out)  # a copy, so that the loader stays where it is
        batches.epoch = 0
        found = next(filter(None, (_in_batch(batches, arranged(training.model, b), -1) for b in batches)), "")
    cause = _cause(found, f"No epoch counts as better then; {DEBUG}")
    return f"the validation loss is {value} after epoch {len(training.history)}{cause}"


def _cause(found: str, advice: str) -> str:
    remedy = "Remove such examples, or replace such values (data.Imputer)"
    return f"; {found}. {remedy}." if found else f". {advice}"


def _in_batch(loader: Any, batch: Any, place: int) -> str:
    """Which array of a batch is not finite, and where first; -1 is the place of the loader's last batch."""
    for name, array in named(batch):
        if getattr(array, "dtype", np.dtype(int)).kind == "f" and not np.isfinite(array).all():
            first = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
            where, example = f"row {first[0]} of the batch", _example(loader, place, first[0])
            if example is not None:
                where += f", example {example} of the data,"
            return f"the {name} are not finite: {where} holds {array[first]}"
    return ""


def _example(loader: Any, place: int, row: int) -> int | None:
    """The number in the data of a row of a batch; -1 is the place of the loader's last batch."""
    from ..data import DataLoader

    if not isinstance(loader, DataLoader) or loader.samples is None:
        return None
    epoch, given = loader.epoch, loader.state_dict()["batch"]
    if not given:  # the last batch was that of the epoch, which is over
        epoch, given = epoch - 1, len(loader)
    return int(loader.order(epoch)[loader.rows(given + place).start + row])
