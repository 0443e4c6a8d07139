"""Ways: traces for arguments of one kind, of a function that branches on values."""

from typing import Any

MOST = 8  # ways of a function


class Ways:
    """The traces that hold for the same arguments, each for values of its own, which its checks look at.

    A call asks one after another, that first which held last.  Where none holds, the function runs as it is,
    and the next time it is traced: what comes once is not worth a trace.
    """

    def __init__(self) -> None:
        self._traces: list[Any] = []
        self._is_closed = False
        self._shapes: dict[Any, tuple[int, ...]] = {}  # those that depend on values, by their lines
        self._missed = 0
        self._rests = False

    def add(self, trace: Any) -> None:
        """Take a trace of another way, which is asked first.

        One that only differs in a shape ends that: values make shapes of many kinds.
        """
        self._traces = [trace, *self._traces]
        for place, shape in trace.shapes_of_values.items():
            self._is_closed |= self._shapes.setdefault(place, shape) != shape

    def first(self, trace: Any) -> None:
        """Ask a trace before the others."""
        self._traces = [trace, *(other for other in self._traces if other is not trace)]

    def after(self, trace: Any) -> Any:
        """The trace that is asked after one that does not hold; None after the last."""
        traces = self._traces
        place = traces.index(trace) + 1
        return traces[place] if place < len(traces) else None

    def rest(self) -> None:
        """Trace no other way in a call that goes one of these, but raises an exception."""
        self._rests = True

    def close(self) -> None:
        """Trace no more of them."""
        self._is_closed = True

    def are_open(self) -> bool:
        """Whether a call that none holds for is traced; it is counted."""
        if self._rests:
            self._rests = False
            return False
        self._missed += 1
        return not self._is_closed and self._missed > 1 and len(self._traces) < MOST
