"""What the ranks of a test's job do: ``mpiexec -n 2 python -m mpi4py -m tests.distributed.jobs NAME …``."""

import json
import os
import signal
import sys
import time

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import data, distributed, nn, optim, train
from tinygrad_edu.errors import MissingRule, RankError

JOBS = {}


def job(function):
    JOBS[function.__name__] = function
    return function


def say(**found):
    """A line of JSON from this rank."""
    sys.stdout.write(json.dumps({"rank": distributed.rank(), **found}) + "\n")
    sys.stdout.flush()


def examples(n=97):
    """Points of three classes; the last of three batches of 32 has one row, which rank 0 or 1 has not."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((n, 6))
    return x, np.argmax(x @ rng.standard_normal((6, 3)) + 0.1 * rng.standard_normal((n, 3)), axis=1)


def network(dropout=0.0, norm=False):
    # A bias before the normalization has a gradient of rounding errors, of which Adam would make steps.
    first = nn.Linear(6, 8, bias=not norm, rng=0, dtype=np.float64)
    last = nn.Linear(8, 3, rng=1, dtype=np.float64)
    middle = [nn.BatchNorm1d(8, dtype=np.float64)] if norm else []
    model = nn.Sequential(first, *middle, nn.Tanh(), nn.Dropout(dropout, rng=2), last)
    return distributed.synchronize(model) if norm == "synchronized" else model


def training(*, epochs=4, dropout=0.0, norm=False, data=None, weighted=False, **settings):
    """Fit the network; the weights and the history as lists."""
    model = network(dropout, norm)
    adam = optim.Adam(model.parameters(), lr=0.02)
    settings.setdefault("validation", examples(41))
    settings.setdefault("metrics", {"accuracy": train.metrics.accuracy})
    given = examples() if data is None else data
    loss = nn.CrossEntropyLoss(reduction="none" if weighted else "mean")
    given = (*given, np.linspace(0.5, 2, len(given[0]))) if weighted else given
    history = train.fit(model, loss, adam, given, epochs=epochs, progress=False, **settings)
    columns = {name: column for name, column in history.columns.items() if name != "seconds"}
    return {
        "columns": columns,
        "weights": {name: value.tolist() for name, value in model.state_dict().items()},
        "stopped": history.stopped,
        "reason": history.reason,
        "steps": history.steps,
        "compiled": history.compiled,
    }


def fitted(**settings):
    return training(distributed=True, **settings)


# ---- trainings ---------------------------------------------------------------------------------------------


@job
def fit(*settings):
    say(**fitted(**json.loads(settings[0] if settings else "{}")))


@job
def other_weights():
    """Ranks that begin with models of their own have that of rank 0."""
    model = nn.Linear(6, 3, rng=distributed.rank())
    sgd = optim.SGD(model.parameters(), lr=0.1)
    train.fit(model, nn.CrossEntropyLoss(), sgd, examples(), epochs=1, distributed=True)
    distributed.check_equal(model.named_parameters())
    say(weights=model.weight.data.tolist())


@job
def not_a_number(*compile):
    """Only rank 1 sees the NaN."""
    x, y = examples(64)
    x[40, 2] = np.nan
    whole = {"batch_size": None} if not compile else {"batch_size": 16, "compile": compile[0]}
    say(**fitted(data=(x, y), validation=None, metrics={}, **whole))


@job
def interrupted():
    """Ctrl-C reaches one rank alone."""

    def press(history):
        if distributed.rank() == 1 and len(history) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    say(**fitted(epochs=50, callbacks=[press]))


@job
def called_back():
    """A callback ends the training on one rank, and so on all."""
    say(**fitted(epochs=50, callbacks=[lambda history: distributed.rank() == 1 and len(history) == 3]))


@job
def loop():
    """A loop of one's own, with a loader that gives parts."""
    model = network()
    sgd = optim.SGD(model.parameters(), lr=0.1)
    distributed.broadcast(model)
    for epoch in range(2):
        part = distributed.part()
        loader = data.DataLoader(examples(), 32, shuffle=True, seed=3, dtype=None, part=part)
        loader.epoch = epoch
        for x, y in loader:
            sgd.zero_grad()
            if len(x):
                tg.softmax_cross_entropy(model(x), y).backward()
            distributed.average_gradients(model.parameters(), rows=len(x))
            sgd.step()
    distributed.check_equal(model.named_parameters())
    say(weights={name: value.tolist() for name, value in model.state_dict().items()})


@job
def moments():
    """Rows of which each rank has some are normalized by all of them, and differentiate so, twice."""
    x = 1e3 + np.random.default_rng(0).standard_normal((7, 3, 2))  # a large mean beside the deviation
    weight = np.random.default_rng(1).standard_normal(x.shape)
    own = slice(0, 7) if distributed.size() == 1 else (slice(0, 5), slice(5, 7))[distributed.rank()]
    norm = distributed.synchronize(nn.BatchNorm1d(3, dtype=np.float64))

    def loss(x):
        return np.sum(weight[own] * norm(x) ** 2)

    gradient = tg.grad(loss)(x[own])
    second = tg.grad(lambda x: np.sum(weight[own] * tg.grad(loss)(x)))(x[own])
    y, mean, variance = norm(x[own]), norm.running_mean, norm.running_var
    found = {"y": y.tolist(), "gradient": gradient.tolist(), "second": second.tolist()}
    say(**found, running=[mean.tolist(), variance.tolist()])


# ---- ends --------------------------------------------------------------------------------------------------


def end_by(how):
    if distributed.rank() != 1:
        return
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        sys.exit(0)
    raise ValueError("the disk is full")


def metric_that_fails():
    """It is tried once before the first step, and then is asked on rank 0 alone."""
    calls = iter([True])

    def metric(targets, outputs):
        if not next(calls, False):
            raise ValueError("no such class")
        return 1.0

    return metric


@job
def dies_in_fit(how):
    try:
        if how == "metric":
            fitted(metrics={"mine": metric_that_fails()})
        fitted(epochs=50, callbacks=[lambda history: end_by(how)])
    except ValueError:
        say(caught=True)  # no rank gets here: the others could never be told


@job
def dies_in_a_loop(how):
    distributed.allreduce(np.ones(3))
    end_by(how)
    distributed.allreduce(np.ones(3))


@job
def data_are_split():
    x, y = examples(64)
    own = slice(distributed.rank() * 32, distributed.rank() * 32 + 32)
    caught(RankError, lambda: fitted(data=(x[own], y[own])))


@job
def settings_are_wrong_on_one():
    size = 32 if distributed.rank() == 0 else 0
    kind = RankError if distributed.rank() == 0 else ValueError
    caught(kind, lambda: fitted(batch_size=size))


@job
def one_rank_changes_a_weight():
    model = nn.Linear(6, 3, rng=0)

    def meddle(history):
        if distributed.rank() == 1:
            model.bias.data += 1

    sgd = optim.SGD(model.parameters(), lr=0.1)
    loss = nn.CrossEntropyLoss()
    caught(
        RankError,
        lambda: train.fit(model, loss, sgd, examples(), epochs=3, callbacks=[meddle], distributed=True),
    )


def caught(kind, function):
    try:
        function()
    except kind as error:
        say(error=str(error))


# ---- the sum that differentiates ---------------------------------------------------------------------------


@job
def sums():
    rank, size = distributed.rank(), distributed.size()
    x = tg.Tensor(np.arange(3.0) + rank, requires_grad=True)
    y = distributed.allreduce(x)
    loss = (rank + 1) * np.sum(y**3)
    loss.backward()
    hessian = tg.hessian(lambda x: np.sum(distributed.allreduce(x) ** 3))(np.array([1.0, 2.0]))
    _, tangent = tg.jvp(distributed.allreduce, (np.ones(2),), (np.array([1.0, rank]),))
    checked = tg.gradcheck(lambda x: np.sin(distributed.allreduce(x)), np.array([0.3, 0.7])).elements
    say(y=y.data.tolist(), grad=x.grad.data.tolist(), hessian=hessian.tolist(), tangent=tangent.tolist(),
        checked=checked, most=float(distributed.allreduce(np.array(rank), "max")), size=size)  # fmt: skip


@job
def staggered():
    """Ranks whose last call is made at other times: who ends first has left nobody waiting."""
    time.sleep(0.02 * distributed.rank())
    for _ in range(3):
        distributed.allreduce(np.ones(3))
    found = distributed.world().gather(distributed.rank(), "ranks")
    say(found=found)


@job
def refused_sums():
    x = tg.Tensor(np.ones(2), requires_grad=True)
    caught(MissingRule, lambda: distributed.allreduce(x, "max"))
    caught(ValueError, lambda: distributed.allreduce(x, "mean"))
    some = tg.Tensor(np.ones(2), requires_grad=distributed.rank() == 0)
    caught(RankError, lambda: distributed.allreduce(some))
    caught(RankError, lambda: distributed.allreduce(np.ones(2 + distributed.rank())))
    caught(RankError, lambda: x.sum() if distributed.rank() else distributed.allreduce(x))


if __name__ == "__main__":
    JOBS[sys.argv[1]](*sys.argv[2:])
