"""The patient: copies of a model, its loss and its optimizer, some batches, and ways to run them."""

import copy
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from ...debug import debug
from ...errors import ArgumentError, NonFiniteError
from ...modes import enable_grad, no_grad
from ...nn.dropout import Dropout
from ...nn.embedding import Embedding
from ...nn.loss import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, Loss, MultiMarginLoss, NLLLoss
from ...nn.mode import training_mode
from ...nn.module import Module
from ...optim.adam import Adam
from ...optim.clip import clip_grad_norm
from ...optim.lbfgs import LBFGS
from ...optim.optimizer import Optimizer
from ...tensor import Tensor
from ..batches import loader_of, loss_of, no_tensor, reduction_of
from .trace import Trace, values_of, watching

MOST, BATCHES = 2000, 64  # examples and batches that are looked at
KINDS = {  # losses by what they expect of the outputs
    "classes": (CrossEntropyLoss, "softmax_cross_entropy"),
    "logs": (NLLLoss, "nll_loss"),
    "margins": (MultiMarginLoss, "multi_margin_loss"),
    "logits": (BCEWithLogitsLoss, "binary_cross_entropy_with_logits"),
    "probabilities": (BCELoss, "binary_cross_entropy"),
}
OPERATIONS = {  # and by the operations that they are made of, for functions of the user's own
    "cross_entropy_of_labels": "classes", "softmax_of_rows": "classes", "cross_entropy_of_logits": "logits",
    "lowest_log": "probabilities", "np.square": "numbers", "np.absolute": "numbers", "huber": "numbers",
}  # fmt: skip


@dataclass
class Course:
    """What a few steps did: the mean loss of the batches before and after, and the largest gradients."""

    before: float
    after: float
    model: Module
    gradients: dict[str, float]  # by parameter: the largest element in any step, or -1 if it never had one

    @property
    def fall(self) -> float:
        """The part of the loss that is gone: negative if it rose."""
        if not math.isfinite(self.after):
            return -math.inf
        return (self.before - self.after) / abs(self.before) if self.before else 0.0


class Patient:
    """What is examined; nothing that the user gave is written to.

    Parameters
    ----------
    model, loss, optimizer
        The user's; they are copied anew for each run.
    data : as `fit` takes it
    batch_size, seed, steps : int
    clip_norm : float or None
    """

    def __init__(
        self,
        model: Module,
        loss: Any,
        data: Any,
        optimizer: Optimizer | None,
        batch_size: Any,
        seed: int,
        steps: int,
        clip_norm: float | None,
    ) -> None:
        self.given, self.steps, self.clip_norm = (model, loss, optimizer), steps, clip_norm
        self.loader = copy.copy(
            loader_of("doctor", data, model, batch_size=batch_size, shuffle=True, seed=seed)
        )
        self.data = data
        self.batches: list[Any] = []
        held = 0
        for batch in islice(self.loader, BATCHES):
            self.batches.append(tuple(np.asarray(getattr(part, "data", part)) for part in batch))
            held += len(batch[0])
            if held >= MOST:
                break
        if not self.batches or not held:
            raise ArgumentError("there are no examples in the data.")
        if len(self.batches[0]) < 2:
            raise ArgumentError("data are inputs and targets, (x, y); got batches of one array.")
        self.model, self.loss, self.optimizer = self.copies()

    def copies(self) -> tuple[Module, Any, Optimizer | None]:
        """The three once more, the optimizer with the parameters of the model beside it."""
        return copy.deepcopy(self.given)

    # ---- the data ------------------------------------------------------------------------------------------

    def all_of(self, place: int) -> Any:
        """The inputs (0) or the targets (1): all of them, if they are arrays, or those of the batches."""
        if isinstance(self.data, tuple) and hasattr(self.data[place], "shape"):
            given = self.data[place]
            return np.asarray(given.data if isinstance(given, Tensor) else given)
        return self.sample[place]

    @cached_property
    def sample(self) -> tuple[Any, Any]:
        """Inputs and targets of the batches, put together; of the first batch, if they differ in shape."""
        try:
            x, y = (np.concatenate([batch[i] for batch in self.batches]) for i in (0, 1))
            return x, y
        except ValueError:
            return self.batches[0][:2]

    @property
    def embeds(self) -> bool:
        """Whether integers go in as the numbers of words."""
        return any(isinstance(module, Embedding) for module in self.model.modules())

    # ---- the loss ------------------------------------------------------------------------------------------

    @cached_property
    def kind(self) -> str:
        """What the loss expects: classes, logs, margins, logits, probabilities, numbers, or "" if unknown."""
        for kind, (cls, name) in KINDS.items():
            if isinstance(self.loss, cls) or getattr(self.loss, "__name__", "") == name:
                return kind
        if isinstance(self.loss, Loss):
            return "numbers"
        names = [op.name for op in self.traced[0].operations[self.traced[2] :]] if self.traced else []
        return next((OPERATIONS[name] for name in names if name in OPERATIONS), "")

    @cached_property
    def summed(self) -> bool:
        """Whether the loss of a batch grows with its size: of the same examples twice, to the double."""
        if reduction_of(self.loss) == "sum":
            return True
        model, loss, _ = self.copies()
        once = self.batches[0]
        twice = tuple(np.concatenate([part, part]) for part in once)
        try:
            with quiet(), no_grad(), training_mode(model, False):
                one, two = (self.loss_and_outputs(model, loss, batch)[0].item() for batch in (once, twice))
        except Exception:
            return False
        return abs(two - 2 * one) < 0.01 * abs(one)

    # ---- runs ----------------------------------------------------------------------------------------------

    def loss_and_outputs(self, model: Module, loss: Any, batch: Any) -> tuple[Any, Any]:
        """The loss of a batch as a tensor that a gradient can be taken of, and the outputs."""
        outputs = model(batch[0])
        value, _ = loss_of(loss, outputs, batch)
        if not isinstance(value, Tensor):
            raise no_tensor(value)
        return value, outputs

    @cached_property
    def traced(self) -> tuple[Trace, Any, int] | None:
        """One forward pass in training, seen: the trace, the outputs, and where the loss's operations begin.

        None if it raises; `refusals` tells of that.
        """
        model, loss, _ = self.copies()
        trace, outputs, begin = Trace(), None, 0
        try:
            with quiet(), training_mode(model, True), watching(model, trace):
                outputs = model(self.batches[0][0])
                begin = len(trace.operations)
                loss_of(loss, outputs, self.batches[0])
        except Exception:  # whatever the user's model raises; another check tells of it
            return None
        return trace, outputs, begin

    @cached_property
    def in_use(self) -> tuple[Trace, Any] | None:
        """The model in use on the sample, seen: the trace and the outputs; None if it raises."""
        model, _, _ = self.copies()
        trace = Trace()
        try:
            with quiet(), no_grad(), training_mode(model, False), watching(model, trace):
                return trace, model(self.sample[0][:256])
        except Exception:
            return None

    @cached_property
    def outputs(self) -> Any:
        """What came out of the traced batch, as an array; None if it is not one."""
        return None if self.traced is None else values_of(self.traced[1])

    @cached_property
    def not_finite(self) -> NonFiniteError | None:
        """The story of the first step, if something in it is not finite."""
        model, loss, _ = self.copies()
        try:
            with quiet(), training_mode(model, True), debug():
                self.loss_and_outputs(model, loss, self.batches[0])[0].backward()
        except NonFiniteError as error:
            return error
        except Exception:
            return None
        return None

    @property
    def is_sound(self) -> bool:
        """Whether the first step can be made, and all numbers in it are finite."""
        return self.traced is not None and self.not_finite is None

    def course(self, *, lr: float | None = None, decay: bool = True, steps: int = 0) -> Course:
        """A few steps of the optimizer, or of an Adam if there is none, on copies."""
        model, loss, optimizer = self.copies()
        if optimizer is None or isinstance(optimizer, LBFGS):
            learned = [p for p in model.parameters() if p.requires_grad]
            optimizer = Adam(learned, lr=1e-3)
        for group in optimizer.groups:
            if lr is not None:
                group.lr = group.lr * lr
            if not decay and "weight_decay" in group.settings():
                setattr(group, "weight_decay", 0.0)  # noqa: B010  # which not every kind of group has
        some, largest = self.batches[:8], {name: -1.0 for name, _ in model.named_parameters()}
        with quiet(), training_mode(model, True):
            before = self.mean_loss(model, loss, some)
            for step in range(steps or self.steps):
                optimizer.zero_grad()
                value, _ = self.loss_and_outputs(model, loss, some[step % len(some)])
                if not math.isfinite(value.item()):
                    return Course(before, math.inf, model, largest)
                value.backward()
                for name, p in model.named_parameters():
                    if p.grad is not None:
                        largest[name] = max(largest[name], float(np.max(np.abs(p.grad.data), initial=0.0)))
                if self.clip_norm is not None:
                    clip_grad_norm(optimizer.params, self.clip_norm)
                optimizer.step()  # type: ignore[attr-defined]
            return Course(before, self.mean_loss(model, loss, some), model, largest)

    def mean_loss(self, model: Module, loss: Any, batches: list[Any]) -> float:
        """The mean loss of some batches without dropout, everything else as in training."""
        with no_grad(), dropout_off(model):
            return float(
                np.mean([self.loss_and_outputs(*(model, loss), batch)[0].item() for batch in batches])
            )

    @cached_property
    def usual(self) -> Course | None:
        """The course with the optimizer as it is; None if it raises."""
        try:
            return self.course()
        except Exception:
            return None


@contextmanager
def quiet() -> Iterator[None]:
    """A block of numbers that may overflow, without warnings; gradients are recorded in it."""
    with np.errstate(all="ignore"), warnings.catch_warnings(), enable_grad():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def dropout_off(model: Module) -> Iterator[None]:
    """A block in which nothing is dropped out, and all else is as it is."""
    layers = [(m, m.training) for m in model.modules() if isinstance(m, Dropout)]
    try:
        for module, _ in layers:
            module.training = False
        yield
    finally:
        for module, was in layers:
            module.training = was
