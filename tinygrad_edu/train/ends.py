"""The end of an iterator, where none is meant to end."""

import traceback


class Ends:
    """A block in which a StopIteration that comes through is an error.

    A loop around it would take it for its own end.

    Parameters
    ----------
    who : str
        The function whose block it is.  A RuntimeError names it, and the place where the iterator was asked.
    """

    def __init__(self, who: str) -> None:
        self.who = who

    def __enter__(self) -> None:
        """Nothing is to be done yet."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # In a generator, Python has made it a RuntimeError already.
        ended = error.__cause__ if isinstance(error, RuntimeError) else error
        if isinstance(ended, StopIteration):
            place = traceback.extract_tb(ended.__traceback__)[-1]
            where = f"{place.name} ({place.filename}, line {place.lineno})"
            told = f"{self.who}: StopIteration in {where}: an iterator there is at its end."
            raise RuntimeError(told) from error
