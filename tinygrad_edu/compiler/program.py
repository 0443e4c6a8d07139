"""A program: what a traced run has called, in order, as a list of single assignments and writes."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class Ref(NamedTuple):
    """An array of the program, by its number."""

    number: int


class Input(NamedTuple):
    """Where an array comes from that is there before the step.

    Attributes
    ----------
    kind : "argument", "state" or "constant"
    name : str
        What a reader would call it.
    """

    kind: str
    name: str


class Call(NamedTuple):
    """A call of a NumPy function, or of a method, which is named by a text.

    Attributes
    ----------
    function : callable or str
    args, kwargs
        With a `Ref` for each array of the program.
    outputs : tuple of Ref
        What is new in it.
    several : bool
        Whether it returns several in a tuple.
    writes : tuple of Ref
        What it writes into.
    errors : dict or None
        The state of `numpy.errstate`, where it is not that around the step.
    where : str
        The line of the user's program.
    """

    function: Any
    args: Any
    kwargs: Any
    outputs: tuple[Ref, ...]
    several: bool
    writes: tuple[Ref, ...]
    errors: Any
    where: str


class Check(NamedTuple):
    """What the rest of the program takes for granted: that a value is true, or false, or has a shape."""

    ref: Ref
    truth: bool | tuple[int, ...]
    where: str


class Live(NamedTuple):
    """A Python function that runs in every step, such as the counting of an optimizer's steps."""

    function: Any
    name: str


Step = Call | Check | Live


class Program:
    """The steps, and what is known of the arrays in them.

    Attributes
    ----------
    steps : list of Call, Check or Live
    inputs : dict of Ref to Input
    values : list of array
        What each array was in the run that was traced.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.inputs: dict[Ref, Input] = {}
        self.values: list[Any] = []
        self._merged: dict[int, int] = {}  # owners that are one since a copy was left out

    def new(self, value: Any) -> Ref:
        """A number for another array."""
        self.values.append(value)
        return Ref(len(self.values) - 1)

    def add(self, step: Step) -> None:
        """Add a step at the end."""
        self.steps.append(step)

    def owner(self, ref: Ref) -> int:
        """What the memory of an array is known by: it shares it with those of the same owner."""
        owner = id(owner_of(self.values[ref.number]))
        while owner in self._merged:
            owner = self._merged[owner]
        return owner

    def merge(self, ref: Ref, into: Ref) -> None:
        """Note that two arrays, each the owner of its memory, are one from now on."""
        if (owner := self.owner(ref)) != (other := self.owner(into)):
            self._merged[owner] = other

    def is_there(self, ref: Ref) -> bool:
        """Whether an array shares memory with one that is there before the step."""
        owner = self.owner(ref)
        return any(self.owner(i) == owner for i in self.inputs)


def owner_of(array: Any) -> Any:
    """The array at the end of the chain of bases; `as_strided` puts something else in between."""
    while (base := getattr(array, "base", None)) is not None and hasattr(base, "base"):
        array = base
    return array


def refs_in(tree: Any) -> Iterable[Ref]:
    """The references in arguments."""
    if type(tree) is Ref:
        yield tree
    elif type(tree) in (list, tuple):
        for t in tree:
            yield from refs_in(t)
    elif type(tree) is dict:
        yield from refs_in(list(tree.values()))
    elif type(tree) is slice:
        yield from refs_in([tree.start, tree.stop, tree.step])
