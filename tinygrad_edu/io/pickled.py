"""Pickles read as data: a small machine that knows containers, numbers and texts, and that runs nothing.

A pickle is a program for a machine with a stack and a memo.  `read_pickle` interprets the instructions that
build containers, numbers and texts, by hand; any other is refused by its name.  A pickle names functions to
be called and classes to be built; here a name is a text (`Global`), and a call of one looks the text up in a
table of the reader's own functions.  Nothing is ever imported, and no method of a stranger's is ever called.

Every instruction takes time and memory in proportion to its own bytes, or is paid from a budget that is
proportional to the length of the pickle.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import FormatError
from ..files import printable

Calls = Mapping[str, Callable[..., Any]]
KEYS = (str, int, float, bytes)  # whose hashes take no recursion
# What interpreting a damaged pickle raises.
DAMAGE = (IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError, struct.error)
MOST = 20  # arguments of a call


class Global:
    """A name of a function or a class, ``module.name``, which is never looked up in Python."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def read_pickle(data: bytes, start: int, calls: Calls, persistent: Any, where: str) -> tuple[Any, int]:
    """The value of a pickle, and where in ``data`` it ends.

    Parameters
    ----------
    data : bytes
    start : int
        Where the pickle begins.
    calls : mapping of str to callable
        What stands here for a function that the pickle calls, by its full name.
    persistent : callable
        What makes a value of an identifier of something that is stored outside of the pickle.
    where : str
        What errors call the pickle.

    Returns
    -------
    value
        Dicts, lists, tuples, numbers, texts, bytes, None, what ``calls`` and ``persistent`` return, and
        `Global`; possibly with one container in several places, or in itself.
    end : int

    Raises
    ------
    FormatError
        If it has another instruction, calls anything else, or is damaged.
    """
    machine = Machine(data, start, calls, persistent, where)
    try:
        return machine.run(), machine.at
    except FormatError:
        raise
    except DAMAGE as error:
        problem = f"at byte {machine.at}, {type(error).__name__}: {printable(str(error), 80)}"
        raise FormatError(f"{where} is damaged: no writer makes such a one ({problem}).") from None


class Machine:
    """The stack, the memo, and the place in the program."""

    def __init__(self, data: bytes, start: int, calls: Calls, persistent: Any, where: str) -> None:
        self.data, self.at, self.calls, self.persistent, self.where = data, start, calls, persistent, where
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # the stacks under the marks
        self.memo: dict[int, Any] = {}
        self.budget = 4 * len(data) + 1000  # elements that calls may copy

    def run(self) -> Any:
        while (code := self.take(1)) != b".":
            step = STEPS.get(code)
            if step is None:
                raise FormatError(f"{self.where} has the instruction {code!r}, which {_unwanted(code)}.")
            step(self)
        return self.stack.pop()

    # ---- reading the program -------------------------------------------------------------------------------

    def take(self, count: int) -> bytes:
        """The next bytes."""
        begun, self.at = self.at, self.at + count
        if self.at > len(self.data):
            raise FormatError(f"{self.where} is damaged: it ends in the middle of an instruction.")
        return self.data[begun : self.at]

    def number(self, form: str) -> Any:
        """A number in the form of `struct`."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def counted(self, form: str) -> bytes:
        """As many bytes as the number before them says."""
        return self.take(self.number(form))

    def text(self, form: str) -> str:
        return self.counted(form).decode()

    def line(self) -> str:
        end = self.data.index(b"\n", self.at, self.at + 200)
        return self.take(end + 1 - self.at)[:-1].decode()

    # ---- the stack -----------------------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.below.append(self.stack)
        self.stack = []

    def marked(self) -> list[Any]:
        """All that was pushed since the last mark."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def tuple_of(self, count: int) -> None:
        items = [self.stack.pop() for _ in range(count)]
        self.push(tuple(reversed(items)))

    def keep(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    def recall(self, place: int) -> None:
        self.push(self.memo[place])

    # ---- containers and calls ------------------------------------------------------------------------------

    def fill_list(self, items: list[Any]) -> None:
        self.of(list).extend(items)

    def fill_dict(self, items: list[Any]) -> None:
        target = self.of(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            self.check_key(key)
            target[key] = value

    def of(self, kind: type) -> Any:
        """The top of the stack, which is a container of this kind."""
        if type(self.stack[-1]) is not kind:
            raise FormatError(f"{self.where} is damaged: items are put into what is no {kind.__name__}.")
        return self.stack[-1]

    def check_key(self, key: Any) -> None:
        if not isinstance(key, KEYS) and key is not None:
            raise FormatError(f"{self.where}: a key is a {type(key).__name__}; expected texts and numbers.")

    def named(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise FormatError(f"{self.where} is damaged: a name is no text.")
        self.push(Global(f"{module[:200]}.{name[:200]}"))

    def call(self) -> None:
        """A call by the table of the reader's own functions."""
        args, function = self.stack.pop(), self.stack.pop()
        if type(function) is not Global or type(args) is not tuple or len(args) > MOST:
            raise FormatError(f"{self.where} is damaged: it calls what is no function.")
        if function.name not in self.calls:
            raise self.unknown(function.name)
        self.spend(sum(len(a) for a in args if isinstance(a, (str, bytes, list, tuple, dict))))
        self.push(self.calls[function.name](*args))

    def new(self) -> None:
        """An object of a class, whose code would have to run."""
        kind = self.stack[-2]
        raise self.unknown(kind.name if type(kind) is Global else "what is no class")

    def state(self) -> None:
        """The attributes of an object: of a dict, as of a state's ``_metadata``, they are left aside."""
        state = self.stack.pop()
        if hasattr(self.stack[-1], "take_state"):
            self.spend(sum(len(part) for part in state if isinstance(part, (bytes, tuple))))
            self.stack[-1].take_state(state)
        elif type(self.stack[-1]) is not dict:
            raise FormatError(f"{self.where} is damaged: attributes are given to what has none.")

    def unknown(self, name: str) -> FormatError:
        return FormatError(
            f"{self.where} needs {printable(name, 100)}, which would be code to run: only tensors, numbers, "
            "texts, and dicts and lists of them are read.\n  Is it a whole module or an optimizer? In "
            "PyTorch, save its weights alone: torch.save(model.state_dict(), path)."
        )

    def spend(self, count: int) -> None:
        self.budget -= count
        if self.budget < 0:
            raise FormatError(
                f"{self.where} copies the same value over and over, as made to fill the memory."
            )


def _unwanted(code: bytes) -> str:
    """What an instruction does that is not done here, as the end of a sentence."""
    if code in (b"i", b"o", b"\x92", b"\x82", b"\x83", b"\x84"):
        return "builds an object of a class: that would be code to run, and none is"
    return "no file of weights needs"


# fmt: off
STEPS: dict[bytes, Callable[[Machine], Any]] = {
    # constants
    b"N":    lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"K":    lambda m: m.push(m.number("<B")),
    b"M":    lambda m: m.push(m.number("<H")),
    b"J":    lambda m: m.push(m.number("<i")),
    b"\x8a": lambda m: m.push(int.from_bytes(m.counted("<B"), "little", signed=True)),
    b"G":    lambda m: m.push(m.number(">d")),
    b"X":    lambda m: m.push(m.text("<I")),
    b"\x8c": lambda m: m.push(m.text("<B")),
    b"\x8d": lambda m: m.push(m.text("<Q")),
    b"U":    lambda m: m.push(m.counted("<B").decode("latin1")),  # of Python 2
    b"T":    lambda m: m.push(m.counted("<I").decode("latin1")),
    b"C":    lambda m: m.push(m.counted("<B")),
    b"B":    lambda m: m.push(m.counted("<I")),
    b"c":    lambda m: m.push(Global(f"{m.line()}.{m.line()}")),
    b"\x93": lambda m: m.named(),
    # containers
    b"}":    lambda m: m.push({}),
    b"]":    lambda m: m.push([]),
    b")":    lambda m: m.push(()),
    b"(":    lambda m: m.mark(),
    b"t":    lambda m: m.push(tuple(m.marked())),
    b"l":    lambda m: m.push(m.marked()),
    b"\x85": lambda m: m.tuple_of(1),
    b"\x86": lambda m: m.tuple_of(2),
    b"\x87": lambda m: m.tuple_of(3),
    b"a":    lambda m: m.fill_list([m.stack.pop()]),
    b"e":    lambda m: m.fill_list(m.marked()),
    b"s":    lambda m: m.fill_dict([m.stack.pop(), m.stack.pop()][::-1]),
    b"u":    lambda m: m.fill_dict(m.marked()),
    # the memo
    b"q":    lambda m: m.keep(m.number("<B")),
    b"r":    lambda m: m.keep(m.number("<I")),
    b"\x94": lambda m: m.keep(len(m.memo)),
    b"h":    lambda m: m.recall(m.number("<B")),
    b"j":    lambda m: m.recall(m.number("<I")),
    b"0":    lambda m: m.stack.pop(),
    b"2":    lambda m: m.push(m.stack[-1]),
    # calls, each of which is looked up in the reader's table
    b"R":    lambda m: m.call(),
    b"\x81": lambda m: m.new(),
    b"b":    lambda m: m.state(),
    b"Q":    lambda m: m.push(m.persistent(m.stack.pop())),
    # the frame
    b"\x80": lambda m: m.take(1),
    b"\x95": lambda m: m.take(8),
}
# fmt: on
