"""A program: what a traced run has called, in order, as a list of single assignments and writes."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .asleep import Asleep


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


class _Call(NamedTuple):
    function: Any
    args: Any
    kwargs: Any
    outputs: tuple[Ref, ...]
    several: bool
    writes: tuple[Ref, ...]
    errors: Any
    where: str
    part: int = 0


class Call(_Call):
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
    part : int
        The run of a large operation that it belongs to; 0 for none.
    reads, used : list of Ref
        What its arguments name, and every array that it names.
    """

    @cached_property  # every pass asks for them
    def reads(self) -> list[Ref]:
        return refs_in((self.args, self.kwargs))

    @cached_property
    def used(self) -> list[Ref]:
        return [*self.reads, *self.outputs, *self.writes]

    def __getstate__(self) -> None:
        """Nothing but the fields."""


class Check(NamedTuple):
    """What the rest of the program takes for granted: that a value is true, or false, or has a shape."""

    ref: Ref
    truth: bool | tuple[int, ...]
    where: str

    @property
    def used(self) -> list[Ref]:
        """Every array that it names."""
        return [self.ref]


class Live(NamedTuple):
    """A Python function that runs in every step, such as the counting of an optimizer's steps."""

    function: Any
    name: str
    of: Any = None  # the pack, the optimizer and the parameter's number, or None for all

    @property
    def used(self) -> list[Ref]:
        """No array."""
        return []


class Form(NamedTuple):
    """What is left of the value of an array that was forgotten, or that has one number everywhere."""

    shape: tuple[int, ...]
    dtype: Any
    number: Any = None

    def made(self) -> Any:
        """An array of this form: one of that number, or one that takes no memory."""
        if self.number is not None:
            return np.full(self.shape, self.number, self.dtype)
        return np.broadcast_to(np.zeros((), self.dtype), self.shape)

    @classmethod
    def of(cls, value: Any, is_constant: bool) -> Any:
        """The form of an array; a constant is itself, unless it is a vector of one number."""
        if not is_constant:
            return cls(value.shape, value.dtype)
        if value.ndim == 1 and value.size > 1 and value.base is None and value.dtype.kind in "fiu":
            form = cls(value.shape, value.dtype, value[0].item())
            return form if form.made().tobytes() == value.tobytes() else value
        return value


Step = Call | Check | Live


class Program:
    """The steps, and what is known of the arrays in them.

    Attributes
    ----------
    steps : list of Call, Check or Live
    inputs : dict of Ref to Input
    values : list of array
        What each array was in the run that was traced.
    lines : dict of str to str
        The text of each line that ``where`` names.
    gradient_of : dict of Ref to Ref
        Of gradients, of which array they are.
    made_by : dict of Ref to str
        The names of operations, of their outputs.
    parts : list of Part or None
        The runs of large operations, those that can be closed, by the numbers that calls have of them.
    numbers : set of Ref
        What are numbers of Python's, with which Python computes otherwise than NumPy.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.inputs: dict[Ref, Input] = {}
        self.values: list[Any] = []
        self.lines: dict[str, str] = {}  # the text of the lines of the user's program
        self.gradient_of: dict[Ref, Ref] = {}  # which array's gradient another one is
        self.made_by: dict[Ref, str] = {}  # the names of the operations that are recorded
        self.parts: list[Any] = [None]
        self.numbers: set[Ref] = set()
        self.strides: dict[int, tuple[int, ...]] = {}  # of arrays, since their values are forgotten
        self.reordered = False  # whether checks were moved before writes that stay
        self._owners: list[int] = []  # what the memory of each array is known by
        self._whole: set[Ref] = set()
        self._merged: dict[int, int] = {}  # owners that are one since a copy was left out

    def new(self, value: Any) -> Ref:
        """A number for another array."""
        owner = id(owner_of(value))
        self.values.append(value)
        self._owners.append(self._merged.get(owner, owner))
        return Ref(len(self.values) - 1)

    def copy(self) -> "Program":
        """Another program of the same steps, to be changed apart."""
        other = Program()
        self._awake()
        for name, value in vars(self).items():
            setattr(other, name, value if isinstance(value, bool) else value.copy())
        return other

    def add(self, step: Step) -> None:
        """Add a step at the end."""
        self.steps.append(step)

    def owner(self, ref: Ref) -> int:
        """What the memory of an array is known by: it shares it with those of the same owner."""
        return self._owners[ref.number]

    def owners(self, refs: Iterable[Ref]) -> set[int]:
        """What the memories of arrays are known by."""
        return {self._owners[number] for (number,) in refs}

    def written(self) -> set[int]:
        """The memories that something is written into."""
        return self.owners(w for step in self.steps if isinstance(step, Call) for w in step.writes)

    def is_whole(self, ref: Ref) -> bool:
        """Whether an array is no view."""
        return ref in self._whole or self.values[ref.number] is owner_of(self.values[ref.number])

    def again(self, ref: Ref) -> Ref:
        """A number for another array in the place of one, of its kind and in its memory."""
        new = self.new(self.values[ref.number])
        self._owners[new.number] = self.owner(ref)
        if ref.number in self.strides:
            self.strides[new.number] = self.strides[ref.number]
        if self.is_whole(ref):
            self._whole.add(new)
        if ref in self.numbers:
            self.numbers.add(new)
        if ref in self.made_by:
            self.made_by[new] = self.made_by[ref]
        if ref in self.gradient_of:
            self.gradient_of[new] = self.gradient_of[ref]
        return new

    def release(self) -> None:
        """Forget the values that the step makes or is given, which may be large; their forms stay.

        All else is asleep until somebody asks for it: for a lesson, or to save the step.
        """
        refs = [Ref(i) for i in range(len(self.values))]
        places = {owner: -1 - i for i, owner in enumerate(dict.fromkeys(self._owners))}
        self._whole = {ref for ref in refs if self.is_whole(ref)}
        self._owners = [places[owner] for owner in self._owners]
        made = [r for r in refs if isinstance(self.values[r.number], np.ndarray)]
        known: dict[Any, Any] = {}
        forms: dict[Form, Form] = {}
        strides = ((r.number, self.values[r.number].strides) for r in made)
        self.strides = {number: known.setdefault(each, each) for number, each in strides}
        given = {r for r, source in self.inputs.items() if source.kind == "argument"}
        constants = {r for r, source in self.inputs.items() if source.kind == "constant"}
        for ref in made:
            if ref in given or ref in constants or ref not in self.inputs:
                form = Form.of(self.values[ref.number], ref in constants)
                self.values[ref.number] = forms.setdefault(form, form) if type(form) is Form else form
        asleep = Asleep(vars(self), Ref, Input, Call, Check, Live, Form)
        vars(self).clear()
        self._asleep = asleep

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._awake()
        return object.__getattribute__(self, name)

    def _awake(self) -> None:
        """Remember what was asleep; where two threads ask at once, both do."""
        asleep = vars(self).get("_asleep")
        if asleep is not None:
            awake = asleep.awake()
            made = {v: v.made() for v in awake["values"] if type(v) is Form}
            awake["values"] = [made[v] if type(v) is Form else v for v in awake["values"]]
            vars(self).update(awake)
            vars(self).pop("_asleep", None)

    def forget(self, refs: Iterable[Ref]) -> None:
        """Forget values, but their shapes and dtypes."""
        for ref in refs:
            value = self.values[ref.number]
            self.values[ref.number] = Form(value.shape, value.dtype).made()

    def merge(self, ref: Ref, into: Ref) -> None:
        """Note that two arrays, each the owner of its memory, are one from now on."""
        if (owner := self.owner(ref)) != (other := self.owner(into)):
            self._owners = [other if o == owner else o for o in self._owners]
            self._merged = {k: other if o == owner else o for k, o in self._merged.items()} | {owner: other}


def owner_of(array: Any) -> Any:
    """The array at the end of the chain of bases; `as_strided` puts something else in between."""
    while (base := getattr(array, "base", None)) is not None and hasattr(base, "base"):
        array = base
    return array


def drawn_from(call: Call) -> Any:
    """The generator that a call draws from; None if it is no draw."""
    owner = getattr(call.function, "__self__", None)
    return owner if isinstance(owner, np.random.Generator) else None


def is_room(step: Step) -> bool:
    """Whether a step makes an array to be written to, with nothing in it."""
    return isinstance(step, Call) and step.function is np.empty_like


def refs_in(tree: Any) -> list[Ref]:
    """The references in arguments."""
    kind = type(tree)
    if kind is slice:
        tree = tree.start, tree.stop, tree.step
    elif kind is dict:
        tree = tree.values()
    elif kind is not tuple and kind is not list:
        return [tree] if kind is Ref else []
    return [ref for part in tree for ref in refs_in(part)]
