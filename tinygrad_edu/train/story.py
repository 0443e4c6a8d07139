"""What to say of a loss or a gradient that is not finite: where the training was, and what else is not finite."""

import copy
from typing import Any

import numpy as np

from .batches import PLACES
from .checkpoint import Training

ADVICE = (
    "A lower learning rate or clip_norm= may help; tinygrad_edu.debug() names the operation it began with."
)


def story(training: Training, what: str, group: list[Any]) -> str:
    """Of a step that was not made, and the batches that it was to be made from."""
    spoilt = [name for name, p in training.model.named_parameters() if not np.isfinite(p.data).all()]
    state = (
        f"not all of {spoilt[0]} is finite, after the step before" if spoilt else "the parameters are finite"
    )
    found = next(
        (f for f in (_in_batch(training.loader, batch, i, len(group)) for i, batch in enumerate(group)) if f),
        "",
    )
    return f"{what} at step {training.history.steps + 1} (epoch {len(training.history) + 1}); {state}{_cause(found, ADVICE)}"


def story_of_validation(training: Training, held_out: Any, value: float) -> str:
    """Of a validation loss that is not finite."""
    found = ""
    if getattr(held_out, "samples", None):
        batches = copy.copy(held_out)  # a copy, so that the loader stays where it is
        batches.epoch = 0
        found = next((f for f in (_in_batch(batches, batch, 0, 1) for batch in batches) if f), "")
    advice = "No epoch counts as better then; tinygrad_edu.debug() names the operation it began with."
    return f"the validation loss is {value} after epoch {len(training.history)}{_cause(found, advice)}"


def _cause(found: str, advice: str) -> str:
    return (
        f"; {found}. Remove such examples, or replace such values (data.Imputer)." if found else f". {advice}"
    )


def _in_batch(loader: Any, batch: Any, place: int, size: int) -> str:
    """Which array of a batch is not finite, and where first; the batch is at a place among the loader's last ones."""
    for name, array in zip(PLACES, batch):
        if getattr(array, "dtype", np.dtype(int)).kind == "f" and not np.isfinite(array).all():
            first = np.argwhere(~np.isfinite(array))[0].tolist()
            value, example = array[tuple(first)], _example(loader, place - size, first[0])
            where = f"row {first[0]} of the batch" + (
                "" if example is None else f", example {example} of the data,"
            )
            return f"the {name} are not finite: {where} holds {value}"
    return ""


def _example(loader: Any, place: int, row: int) -> int | None:
    """The number in the data of a row of a batch, the place-th of those that the loader gave (-1 is the last)."""
    from ..data import DataLoader

    if not isinstance(loader, DataLoader) or loader.samples is None:
        return None
    epoch, given = loader.epoch, loader.state_dict()["batch"]
    if not given:  # the last batch was that of the epoch, which is over
        epoch, given = epoch - 1, len(loader)
    return int(loader.order(epoch)[(given + place) * loader.batch_size + row])
