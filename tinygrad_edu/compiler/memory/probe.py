"""Probes: classes of which nobody asks for anything, by which Python tells that another class was changed.

Python gives a class a number when something is looked for there, and takes it from all classes that derive
from one that is changed; whether a class has a number is one of its flags.  So one look at a class that
derives from many says whether all of these are as they were when something was looked for there.
"""

from functools import cache
from typing import Any

NUMBERED = 1 << 19  # the flag; Python 3.13 has no such


class Probe:
    """What tells of changes of some classes.

    Parameters
    ----------
    kinds : list of type
        They may be the bases of one class.

    Attributes
    ----------
    cls : type
        Its ``__flags__`` are ``flags`` while nothing of them was changed since `look`.
    """

    def __init__(self, kinds: list[type]) -> None:
        metaclass: Any = type
        derived_first = sorted(kinds, key=lambda kind: -len(kind.__mro__))
        self.cls = metaclass("Probe", tuple(derived_first), {})
        self.look()
        self.flags = self.cls.__flags__

    def look(self) -> None:
        """Take the classes as they are from now on."""
        getattr(self.cls, "nothing", None)

    def forget(self) -> None:
        """Tell of a change, until the next look."""
        self.cls.changed = True


def probe_of(kinds: list[type]) -> Probe | None:
    """A probe of classes; None if they cannot have one, or Python does not tell."""
    try:
        return Probe(kinds) if kinds and flags_are_as_known() else None
    except TypeError:  # no class derives from all of them
        return None


@cache
def flags_are_as_known() -> bool:
    """Whether a probe sees that a class, or one that it derives from, was changed, until it looks again."""

    class Base:
        pass

    class Derived(Base):
        pass

    probe = Probe([Derived])
    seen = [probe.cls.__flags__ == probe.flags and bool(probe.flags & NUMBERED)]
    for changed in (Base, Derived):
        changed.name = changed  # type: ignore[attr-defined]
        found: Any = getattr(Derived, "name", None)
        seen.append(found is changed and probe.cls.__flags__ != probe.flags)
        probe.look()
        seen.append(probe.cls.__flags__ == probe.flags)
    return all(seen)
