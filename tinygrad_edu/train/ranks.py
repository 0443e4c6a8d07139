"""Ranks: what the processes of a distributed training do together, and agree on.

Every rank is given the same data and makes the same steps.  Of each batch it computes its own part of the
rows; one sum over all ranks gives the gradient of the whole batch, and with it what a rank has to say: that
it saw a NaN, a Ctrl-C, or the time to save.  All else follows from numbers that are the same everywhere.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import numpy as np

from ..distributed import check_equal, world
from ..distributed.gradients import sum_gradients
from ..errors import ArgumentError, RankError
from ..nn.module import Module
from ..nn.normalization import BatchNorm1d
from ..optim.ownership import listed
from .generators import Generators
from .inputs import named
from .interrupt import Interrupt
from .parts import warn
from .story import Diverged
from .training import Training

PERIOD = 100  # steps after which parameters are compared; they are after each epoch too


class Ranks:
    """The ranks of a training.

    Attributes
    ----------
    is_root : bool
        Whether this is rank 0, which writes and shows.
    wishes : dict of str to callable
        Questions that a rank answers before each step with yes or no.
    granted : dict of str to bool
        By the same names, whether any rank said yes before the last step.
    """

    def __init__(self) -> None:
        self.team = world()
        self.is_root = self.team.rank == 0
        self.wishes: dict[str, Callable[[], bool]] = {}
        self.granted: dict[str, bool] = {}

    # ---- data ----------------------------------------------------------------------------------------------

    def look_at_norms(self, model: Module, loader: Any) -> None:
        """Warn of batch normalization by a rank's own rows; raise where one by those of all would find none.

        Raises
        ------
        ArgumentError
            If the last batch of an epoch has fewer rows than there are ranks: some would have none.
        """
        norms = {name: m for name, m in model.named_modules() if isinstance(m, BatchNorm1d)}
        apart = [name or "the model" for name, norm in norms.items() if norm.moments is None]
        size = self.team.size
        if apart and size > 1 and self.is_root:
            told = f"{listed(apart)}: batch normalization by the mean and variance of each rank's own rows"
            advice = "distributed.synchronize(model) lets them be those of all, as in one process"
            warn(f"fit: {told}. {advice}.")
        samples, rows = getattr(loader, "samples", None), getattr(loader, "batch_size", None)
        if len(apart) < len(norms) and samples and rows:
            last = samples % rows if not loader.drop_last and samples > rows else 0
            if 0 < (fewest := last or min(samples, rows)) < size:
                told = f"{samples} examples in batches of {rows} end with a batch of {fewest}"
                advice = f"each of {size} ranks has a row of every batch. Leave it out (drop_last=True)"
                raise ArgumentError(f"fit: {told}, and with synchronized normalization {advice}.")

    @contextmanager
    def parts(self, *loaders: Any) -> Iterator[None]:
        """A block in which each loader gives this rank's part of its batches."""
        from ..data import DataLoader

        part, before = (self.team.rank, self.team.size), []
        loaders = tuple(loader for loader in loaders if loader is not None)
        for loader in loaders:
            if not isinstance(loader, DataLoader):
                kind = type(loader).__name__
                raise ArgumentError(f"fit: distributed=True takes arrays or a data.DataLoader; got a {kind}.")
            if loader.part not in ((0, 1), part):
                told = f"the DataLoader gives part {loader.part}, and this is rank {part[0]} of {part[1]}"
                raise ArgumentError(f"fit: {told}. distributed=True takes the part itself: leave part= out.")
            before.append(loader.part)
        self._check_same(loaders)
        for loader in loaders:
            loader.part = part
        try:
            yield
        finally:
            for loader, own in zip(loaders, before):
                loader.part = own

    def _check_same(self, loaders: Any) -> None:
        """Raise on all ranks unless each was given the same data, as far as the first batches tell."""
        codes = []
        for loader in loaders:
            twin = copy.copy(loader)
            twin.epoch = 0
            if twin.samples:
                arrays = [array for _, array in named(next(iter(twin)))]
                codes += [twin.samples, *(crc32(array.tobytes()) for array in arrays)]
        self.team.meet(f"fit on {len(codes)} numbers and arrays")
        extremes = self.team.sum(np.array([codes, [-code for code in codes]]), "fit: the data", "MAX")
        if extremes.sum(axis=0).any():
            told = "of which each takes its part; their first batches differ"
            raise RankError(f"fit: all ranks are given the same data, {told}. Were they split already?")

    @contextmanager
    def at_work(self, interrupt: Interrupt, saver: Any) -> Iterator[None]:
        """The block that trains: what all ranks raise comes through, and any other error ends the job."""
        self.wishes = {"stop": lambda: interrupt.requested, "save": lambda: self.is_root and saver.is_due()}
        self.granted = dict.fromkeys(self.wishes, False)
        with self.team.or_end_the_job(but=(Diverged, RankError)):
            yield

    # ---- state ---------------------------------------------------------------------------------------------

    def state_of(self, training: Training) -> dict[str, Any]:
        """The state of a training as rank 0 saves it: as of one process that had the whole batches.

        The generators of the other ranks stand beside those of rank 0.
        """
        state = training.state_dict()
        others = self.team.gather(state["generators"], "the generators of all ranks")
        sums = self.team.sum(_one_clock(state["epoch"].pop("sums"), self.team.rank), "the sums of an epoch")
        kept = self.team.gather(state["epoch"], "the outputs of an epoch")
        if self.is_root:
            state["epoch"] = {"sums": sums, **_joined(kept)}
            if state["generators"] and self.team.size > 1:
                state["generators"]["ranks"] = {str(i): of for i, of in enumerate(others) if i}
        return state

    def load(self, training: Training, read: Callable[[], Any]) -> None:
        """Let all ranks begin with one state: the one that is read on rank 0, or that of rank 0 itself."""
        found = self.team.from_root(lambda: read() or training.state_dict(), "fit: the state to begin with")
        with self.team.together("fit: the state to begin with"):
            others = found["generators"].pop("ranks", {}) if "generators" in found else {}
            training.load_state_dict(found)
            if not self.is_root:
                training.totals.clear()
                generators = Generators([training.model, training.loss])
                if len(others) == self.team.size - 1:
                    generators.load_state_dict(others[str(self.team.rank)])
                else:
                    generators.part_ways(self.team.rank)

    # ---- a step --------------------------------------------------------------------------------------------

    def sum_gradients(self, training: Training, total: float, trouble: str) -> tuple[float, str]:
        """Give each parameter the sum of its gradients over all ranks.

        Buffers get their mean, each rank's counting as much as its rows.

        Parameters
        ----------
        training : Training
        total : float
            How much the rows of this rank count.
        trouble : str
            What is wrong with them, if anything is.

        Returns
        -------
        pair of float and str
            How much the rows of all ranks count, and the trouble of the first rank that has some.
        """
        buffers = [b for m in (training.model, training.loss) if isinstance(m, Module) for b in m.buffers()]
        wishes = [wish() for wish in self.wishes.values()]
        told = np.array([total, bool(trouble), *wishes], np.float32)
        weighted = [np.asarray(b.data * np.float32(total)) for b in buffers]
        told, *means = sum_gradients(self.team, training.optimizer.params, [told, *weighted])
        self.granted = {name: bool(yes) for name, yes in zip(self.wishes, told[2:])}
        if told[1]:
            return float(told[0]), self.team.first_word(trouble, "what a rank found")
        for buffer, mean in zip(buffers, means if told[0] else ()):
            mean = mean / told[0]
            buffer.write((np.rint(mean) if buffer.dtype.kind in "iub" else mean).astype(buffer.dtype))
        return float(told[0]), ""

    def look(self, training: Training, *, now: bool = False) -> None:
        """Compare the parameters of all ranks, if it is time to."""
        if now or training.history.steps % PERIOD == 0:
            check_equal(training.model.named_parameters(), f"fit, step {training.history.steps}")

    # ---- an epoch ------------------------------------------------------------------------------------------

    def sums(self, loss: float, weight: float, seconds: float) -> tuple[float, float, float]:
        """Loss and weight of all ranks, and the seconds of rank 0."""
        own = _one_clock(np.array([loss, weight, seconds]), self.team.rank)
        return tuple(self.team.sum(own, "the loss of an epoch").tolist())

    def measured(self, kept: Mapping[str, Any], measure: Callable[[Any, Any], Any]) -> Any:
        """What rank 0 measures on the targets and outputs of all ranks."""
        found = self.team.gather(_joined([kept]), "the outputs of an epoch")

        def on_root() -> Any:
            whole = _joined(found)
            return measure(whole["targets"], whole["outputs"])

        return self.team.from_root(on_root, "fit: the metrics")

    def any(self, yes: bool) -> bool:
        """Whether it is so on any rank."""
        return bool(self.team.sum(np.array([int(yes)]), "an answer")[0])


def _one_clock(sums: Any, rank: int) -> Any:
    """Loss, weight and seconds, of which the last counts on rank 0 alone."""
    return sums * [1, 1, rank == 0]


def _joined(kept: list[Any]) -> dict[str, Any]:
    """Outputs and targets of several ranks, each as one array; the arrays may be in lists."""
    found: dict[str, list[Any]] = {"outputs": [], "targets": []}
    for of_rank in kept:
        for what, arrays in of_rank.items():
            found[what] += arrays if isinstance(arrays, list) else [arrays]
    return {what: np.concatenate(arrays) for what, arrays in found.items() if arrays}
