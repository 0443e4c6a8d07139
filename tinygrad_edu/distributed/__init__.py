"""Training on several processes or machines by MPI, with the extra ``mpi`` (mpi4py and an MPI library).

``train.fit(…, distributed=True)`` in a script, started by ``mpiexec -n 2 python -m mpi4py script.py``, is all
that most trainings need.  The same in a loop of one's own::

    from tinygrad_edu import distributed

    distributed.broadcast(model)                       # the weights of rank 0
    loader = data.DataLoader((x, y), 64, shuffle=True, seed=0, part=distributed.part())
    for inputs, targets in loader:                     # this rank's rows of each batch
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(inputs), targets)
        loss.backward()
        distributed.average_gradients(model.parameters(), rows=len(inputs))
        optimizer.step()
    distributed.check_equal(model.named_parameters())

What is in these files: `team`, the ranks and how they wait for each other; `sums`, the sum over ranks that
differentiates; `gradients`, those of a model as one flat array; `statistics`, those of batch normalization.
"""

from typing import Any

from .gradients import average_gradients, check_equal
from .statistics import synchronize
from .sums import allreduce
from .team import Team, world

__all__ = [
    "Team",
    "allreduce",
    "average_gradients",
    "broadcast",
    "check_equal",
    "part",
    "rank",
    "size",
    "synchronize",
    "world",
]


def rank() -> int:
    """The number of this process, from 0 to ``size() - 1``."""
    return world().rank


def size() -> int:
    """How many processes there are: 1, where mpiexec has started none."""
    return world().size


def part() -> tuple[int, int]:
    """``(rank(), size())``, which `data.DataLoader` takes as ``part=``."""
    return world().rank, world().size


def broadcast(value: Any) -> Any:
    """Give all ranks what rank 0 has.

    Parameters
    ----------
    value : object with a state, or array, number, tuple, list or dict
        What has a ``state_dict`` (a module, an optimizer, a scaler) loads that of rank 0.

    Returns
    -------
    object
        The same object if it has a state; else rank 0's value.

    Raises
    ------
    StateError
        If the object of a rank is another than that of rank 0, such as a model of other sizes; on the others,
        a RankError that says so.
    """
    team, name = world(), type(value).__name__
    team.meet("broadcast")
    if not hasattr(value, "load_state_dict"):
        return team.from_root(lambda: value, "broadcast")
    state = team.from_root(value.state_dict, f"broadcast of a {name}")
    with team.together(f"broadcast of a {name}"):
        value.load_state_dict(state)
    return value
