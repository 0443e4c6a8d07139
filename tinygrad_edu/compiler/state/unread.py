"""Unread: what stands in a place that a step is taken not to read, and refuses whatever is done to it."""

from typing import Any

from ..trace.traced import who_asks
from ..trace.whose_code import PACKAGE
from .places import Place

UNREAD = "unread"
# What Python calls of an object, of whatever kind.
SPECIAL = {
    *dir(int), *dir(float), *dir(list), *dir(dict), "__array__", "__array_function__", "__array_ufunc__",
    "__call__", "__copy__", "__deepcopy__", "__enter__", "__fspath__", "__imatmul__", "__matmul__",
    "__next__",
}  # fmt: skip
OF_OBJECTS = {
    "__class__", "__class_getitem__", "__doc__", "__getattribute__", "__init__", "__init_subclass__",
    "__new__", "__subclasshook__",
}  # fmt: skip


class Unread:
    """Stands in such a place.

    Parameters
    ----------
    log : Log
    place : Place
    read : set of tuple
        It gets the mark of the place when something is done to this.
    """

    def __init__(self, log: Any, place: Place, read: set[Any]) -> None:
        object.__setattr__(self, "told", (log, place, read))

    @property  # type: ignore[misc]  # as of a traced array
    def __class__(self) -> Any:
        return Unread if who_asks().startswith(PACKAGE) else refuse_read(self)

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name) if name in ("told", "__class__") else refuse_read(self)


def refuse_read(unread: Unread, *_: Any, **__: Any) -> Any:
    """Raise since something is done to what stands in a place."""
    log, place, read = unread.told
    read.add(place.mark)
    raise log.refusal(f"The step reads {place.name!r}, in {log.where()}, to which it also assigns.")


for _name in SPECIAL - OF_OBJECTS:
    if _name.startswith("__"):
        setattr(Unread, _name, refuse_read)
