"""The trainings of the examples, as they begin: for the doctor, who is to find nothing in them.

    python -m tests.train.examples [NAME …]

runs the scripts of ``examples`` up to their first steps, lets the doctor examine each training, and prints
what was found.
"""

import copy
import importlib.util
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import numpy as np

import tinygrad_edu as tg
from tests.helpers import ROOT
from tinygrad_edu import nn, optim, train

EXAMPLES = ROOT / "examples"
SCRIPTS = [*sorted(EXAMPLES.glob("*.py")), *sorted((EXAMPLES / "systems").glob("[0-9]*.py"))]
LOSSES = [name for name in tg.__all__ if name.endswith(("_loss", "_error")) or "cross_entropy" in name]
STEPS = 8  # of whose batches the data are made
FITS = 30  # trainings by fit, of one epoch each, after which a script is left


class Enough(BaseException):
    """Ends a script when what is wanted of it is known."""


class Watcher:
    """Notes the trainings of a script, of fit all that differ, of a loop the first."""

    def __init__(self):
        self.depth, self.fits, self.batches, self.trainings = 0, 0, [], {}
        self.call = self.loss = self.begin = self.noted = None

    def fit(self, fit):
        def call(model, loss, optimizer, data, *, epochs, **settings):
            begin = copy.deepcopy((model, loss, optimizer))
            found = dict(zip(("model", "loss", "optimizer"), begin)) | {"data": data}
            if not hasattr(data, "load_state_dict"):
                found |= {name: settings[name] for name in ("batch_size", "seed") if name in settings}
            self.trainings.setdefault(repr(begin), found)
            self.fits += 1
            if self.fits == FITS:
                raise Enough
            return fit(model, loss, optimizer, data, epochs=1, **settings | {"progress": False})

        return call

    def module(self, forward):
        def call(module, *args, **kwargs):
            self.depth += 1
            try:
                out = forward(module, *args, **kwargs)
            finally:
                self.depth -= 1
            if self.depth == 0 and isinstance(module, nn.loss.Loss):
                self.loss = self.of_part(module, args[0]), args[1]
            elif self.depth == 0 and args:
                self.call = module, args[0], out
            return out

        return call

    def function(self, loss):
        def call(*args, **settings):
            if self.depth == 0:
                self.loss = self.of_part(partial(loss, **settings) if settings else loss, args[0]), args[1]
            return loss(*args, **settings)

        return call

    def of_part(self, loss, given):
        """The loss of the whole outputs, where the script takes the first of a pair, or the last places."""
        out = None if self.call is None else self.call[2]
        if isinstance(out, tuple) and given is out[0]:
            return lambda out, y: loss(out[0], y)
        if getattr(out, "ndim", 0) == given.ndim + 1 == 2 and np.array_equal(given.data, out.data[:, 0]):
            return lambda out, y: loss(out[:, 0], y)
        if given is not out and given.ndim == getattr(out, "ndim", 0) == 3:
            k = given.shape[1]
            np.testing.assert_array_equal(given.data, out.data[:, -k:])
            return lambda out, y: loss(out[:, -k:], y)
        return loss if given is out else None

    def step(self, step):
        def call(optimizer, *args):
            for closure in args:
                closure()
            self.note(optimizer)
            return step(optimizer, *args)

        return call

    def note(self, optimizer):
        """Before a step: the first time the parts, and each time the batch."""
        known = self.call is not None and self.loss is not None and self.loss[0] is not None
        if self.fits or not known or self.call is self.noted:
            return
        self.noted = self.call
        model, x, _ = self.call
        if self.begin is None:
            self.begin = *copy.deepcopy((model, optimizer)), self.loss[0]
        x, y = (np.asarray(getattr(a, "data", a)) for a in (x, self.loss[1]))
        if x.ndim == 1 and y.shape == np.shape(self.call[2]):  # one example at a time
            x, y = x[None], y[None]
        same = self.batches and np.array_equal(self.batches[0][0], x)
        if (
            x.ndim
            and len(x) == len(y)
            and not same
            and (not self.batches or self.batches[0][0].shape == x.shape)
        ):
            self.batches.append((x.copy(), y.copy()))
        if same or len(self.batches) == (STEPS if len(x) > 1 else 100):
            raise Enough

    def all_trainings(self):
        """What the doctor is called with; nothing, if the script trains otherwise."""
        if not self.trainings and self.begin is not None and self.batches:
            model, optimizer, loss = self.begin
            pair = tuple(np.concatenate([batch[i] for batch in self.batches]) for i in (0, 1))
            found = {"model": model, "loss": loss, "data": pair, "optimizer": optimizer}
            return [found | {"batch_size": len(self.batches[0][0])}]
        return list(self.trainings.values())


@contextmanager
def watched(watcher) -> Iterator[None]:
    """A block in which modules, losses, optimizers and fit tell the watcher."""
    kinds = [k for k in vars(optim).values() if isinstance(k, type) and "step" in vars(k)]
    kinds += [optim.elementwise.Elementwise]
    with ExitStack() as stack:
        enter = stack.enter_context
        enter(patch.object(train, "fit", watcher.fit(train.fit)))
        enter(patch.object(nn.Module, "__call__", watcher.module(nn.Module.__call__)))
        for name in LOSSES:
            enter(patch.object(tg, name, watcher.function(getattr(tg, name))))
        for kind in dict.fromkeys(kinds):
            enter(patch.object(kind, "step", watcher.step(kind.step)))
        yield


def trainings_of(script: Path):
    """The trainings of a script, as they begin; none, if there is none that can be seen, or no data."""
    watcher, before = Watcher(), list(sys.path)
    sys.path[:0] = [str(script.parent), str(EXAMPLES)]
    try:
        with (
            watched(watcher),
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()),
            patch.object(sys, "argv", [str(script)]),
            patch.object(tg, "compile", lambda step: step),  # a step that is compiled has nothing to watch
        ):
            spec = importlib.util.spec_from_file_location(f"seen_{script.stem}", script)
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            module.run(quick=True) if hasattr(
                module, "run"
            ) and script.parent.name == "systems" else module.main()
    except (Enough, SystemExit):
        pass
    except Exception as error:  # the data are not here, or one epoch is not enough for what comes next
        if not watcher.trainings and type(error).__name__ not in ("DownloadError", "Missing"):
            raise
    finally:
        sys.path[:] = before
    return watcher.all_trainings()


def main() -> int:
    """Examine every script, and print what is found; 1 if anything is."""
    sick = examined = 0
    for script in SCRIPTS:
        if sys.argv[1:] and not any(name in script.stem for name in sys.argv[1:]):
            continue
        trainings = trainings_of(script)
        if not trainings:
            print(f"{script.stem:24} no training that can be seen, or no data")
        for found in trainings:
            begun = time.perf_counter()
            report = train.doctor(**found)
            names = ", ".join(report.names) or "nothing found"
            failed = {what: why for what, why in report.left_out.items() if "give " not in why}
            print(
                f"{script.stem:24} {time.perf_counter() - begun:5.1f} s  {names} {failed or ''}", flush=True
            )
            examined, sick = examined + 1, sick + (len(report) > 0)
            if len(report):
                print(found["model"], found["loss"], found["optimizer"], report, sep="\n")
    print(f"{examined} trainings examined, {sick} with a finding")
    return int(sick > 0)


if __name__ == "__main__":
    sys.exit(main())
