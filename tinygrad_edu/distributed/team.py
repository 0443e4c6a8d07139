"""Team: the processes of an MPI job, the calls that they make together, and why none waits for ever.

Each process is a *rank*, from 0 to size - 1.  A call made together ends when every rank has made it.  So
three things are watched for:

* ranks that make different calls: each call says first what it is, in two numbers, and all ranks raise where
  these differ;
* a rank that raises: its traceback is printed, and the job is ended;
* a rank whose program ends while others wait: it tells the next rank after how many calls, and that one, if
  it waits for one more, raises; and who has ended too passes it on.
"""

import atexit
import os
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from ..errors import RankError

FAREWELL = 7  # a tag
SPINS, YIELDS = 200, 20_000  # looks in a row without a pause, and with the shortest one


class Team:
    """The ranks that compute together.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm
        It is duplicated: what others send by it is not mistaken for what is sent here.

    Attributes
    ----------
    rank, size : int
    """

    def __init__(self, comm: Any) -> None:
        self._comm, self._control = comm.Dup(), comm.Dup()
        self.rank, self.size = comm.rank, comm.size
        self._calls = 0  # that this rank has made or begun; the others make the same
        self._last_of_neighbour: int | None = None  # after how many the rank before this one has ended
        if self.size > 1:
            atexit.register(self._say_farewell)
            self._shown_before, sys.excepthook = sys.excepthook, self._end_the_job

    # ---- sums and messages ---------------------------------------------------------------------------------

    def meet(self, what: str) -> None:
        """Go on when every rank is here; raise on all of them if they are about to do different things."""
        code = zlib.crc32(what.encode())
        extremes = np.array([code, -code])
        self._reduce(extremes, "MAX", what)
        if extremes[0] != -extremes[1]:
            others = enumerate(self._all(what.encode(), what))
            told = [f"\n  rank {rank}: {other.decode()}" for rank, other in others]
            raise RankError(f"The ranks do different things, and would wait for ever:{''.join(told)}")

    def sum(self, array: Any, what: str = "a sum", reduction: str = "SUM") -> Any:
        """The sum of an array over all ranks, in its place, which has one shape and dtype on all of them."""
        self._reduce(array, reduction, what)
        return array

    def from_root(self, function: Callable[[], Any], what: str) -> Any:
        """What the function returns on rank 0, alone, on all of them; or the error that it raises."""
        error, message = None, b""
        if self.rank == 0:
            try:
                message = _pickled(("value", function()))
            except Exception as raised:
                error, message = raised, _pickled(("error", f"{type(raised).__name__}: {raised}"))
        kind, value = _unpickled(self._sent(message, 0, what))
        if error is not None:
            raise error
        if kind == "error":
            raise RankError(f"{what}: rank 0 raised {value}")
        return value

    def gather(self, value: Any, what: str) -> list[Any]:
        """The values of all ranks, in their order, on rank 0; elsewhere nothing."""
        return [_unpickled(message) for message in self._all(_pickled(value), what, everywhere=False)]

    def first_word(self, text: str, what: str) -> str:
        """The text of the first rank that has one, on all of them."""
        lengths = self._counts(len(text.encode()), what)
        speaker = int(np.argmax(lengths > 0))
        return self._sent(text.encode(), speaker, what).decode()

    @contextmanager
    def together(self, what: str) -> Iterator[None]:
        """A block that all ranks complete; where one of them raises, all do."""
        error: Exception | None = None
        try:
            yield
        except Exception as raised:
            error = raised
        told = "" if error is None else f"rank {self.rank} raised {type(error).__name__}: {error}"
        if self._counts(len(told), what).any():
            first = self.first_word(told, what)
            raise error if error is not None else RankError(f"{what}: {first}")

    @contextmanager
    def or_end_the_job(self, but: tuple[type[BaseException], ...] = ()) -> Iterator[None]:
        """A block in which an error ends all ranks, since others could wait for this one.

        Errors that all ranks raise, of the kinds in ``but``, come through.
        """
        try:
            yield
        except but:
            raise
        except BaseException as error:
            if self.size > 1:
                traceback.print_exception(error)
                self._abort(error)
            raise

    # ---- how a call is made --------------------------------------------------------------------------------

    def _reduce(self, array: Any, reduction: str, what: str) -> None:
        from mpi4py import MPI

        if self.size > 1:
            self._calls += 1
            self._wait(self._comm.Iallreduce(MPI.IN_PLACE, array, op=getattr(MPI, reduction)), what)

    def _sent(self, message: bytes, source: int, what: str) -> bytes:
        """The message of one rank."""
        length = self._reduced(len(message) if self.rank == source else 0, what)
        held = bytearray(message if self.rank == source else length)
        if self.size > 1:
            self._calls += 1
            self._wait(self._comm.Ibcast(held, root=source), what)
        return bytes(held)

    def _all(self, message: bytes, what: str, everywhere: bool = True) -> list[bytes]:
        """The messages of all ranks, one after the other."""
        lengths = self._counts(len(message), what).tolist()
        found = []
        self._calls += not everywhere
        for rank, length in enumerate(lengths):
            if everywhere:
                found.append(self._sent(message, rank, what))
            elif rank == self.rank == 0:
                found.append(message)
            elif self.rank == 0:
                held = bytearray(length)
                self._wait(self._comm.Irecv(held, source=rank), what)
                found.append(bytes(held))
            elif self.rank == rank:
                self._wait(self._comm.Isend(message, dest=0), what)
        return found

    def _counts(self, own: int, what: str) -> Any:
        """A number of each rank, shape (size,)."""
        counts = np.zeros(self.size, np.int64)
        counts[self.rank] = own
        return self.sum(counts, what)

    def _reduced(self, number: int, what: str) -> int:
        return int(self.sum(np.array([number]), what)[0])

    def _wait(self, request: Any, what: str) -> None:
        looks = 0
        while not request.Test():
            looks += 1
            if looks > SPINS:
                time.sleep(0.0 if looks < YIELDS else 1e-4)
            if self._heard() < self._calls:
                ended = f"rank {(self.rank - 1) % self.size}, or one before it, has ended its program"
                raise RankError(f"rank {self.rank} waits for all ranks ({what}), and {ended}.")

    def _heard(self, *, wait: bool = False) -> int:
        """How many calls the rank before this one made, if it has ended; else more than anybody makes."""
        source = (self.rank - 1) % self.size
        if self._last_of_neighbour is None and (wait or self._control.Iprobe(source=source, tag=FAREWELL)):
            count = np.zeros(1, np.int64)
            self._control.Recv(count, source=source, tag=FAREWELL)
            self._last_of_neighbour = int(count[0])
        return sys.maxsize if self._last_of_neighbour is None else self._last_of_neighbour

    # ---- the end -------------------------------------------------------------------------------------------

    def _say_farewell(self) -> None:
        """Tell the next rank that this one's program is over, and wait until the one before says so."""
        sys.stdout.flush()
        last = np.array([min(self._calls, self._heard())])
        request = self._control.Isend(last, dest=(self.rank + 1) % self.size, tag=FAREWELL)
        self._heard(wait=True)
        request.Wait()

    def _end_the_job(self, kind: Any, error: BaseException, trace: Any) -> None:
        """What is done about an error that nobody catches: it is shown, and all ranks end."""
        self._shown_before(kind, error, trace)
        self._abort(error)

    def _abort(self, error: BaseException) -> None:
        where = f"rank {self.rank} of {self.size}"
        print(f"{where} raised {type(error).__name__}, which ends the job.", file=sys.stderr, flush=True)
        sys.stdout.flush()
        self._comm.Abort(1)


@cache
def world() -> Team:
    """The team of all processes that mpiexec has started; of one, if it has started none.

    Raises
    ------
    ImportError
        Without mpi4py, or an MPI library.
    RankError
        If an mpiexec of another library has started processes that do not know of each other.
    """
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        told = f"mpi4py with an MPI library ({error}): pip install tinygrad_edu[mpi]"
        raise ImportError(f"tinygrad_edu.distributed needs {told}") from None
    team = Team(MPI.COMM_WORLD)
    started = max(int(os.environ.get(name, "1")) for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"))
    if team.size == 1 < started:
        library = MPI.Get_library_version().split("\n")[0].strip("\0")
        told = f"mpiexec has started {started} processes, and mpi4py's library ({library}) sees one"
        raise RankError(f"{told}: use the mpiexec of that library, as that of pip install mpich.")
    return team


def _pickled(value: Any) -> bytes:
    from mpi4py import MPI

    return MPI.pickle.dumps(value)


def _unpickled(message: bytes) -> Any:
    from mpi4py import MPI

    return MPI.pickle.loads(message)
