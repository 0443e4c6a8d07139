"""Watching a run: what the user's code calls that a program of NumPy's calls would leave out.

It is also seen here which gradients a step forgets before anything could have asked for them: whether they
were there when it began is of no matter then.
"""

import builtins
import functools
import gc
import importlib
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import TraceError
from ...nn.module import Module
from ...optim.optimizer import Optimizer
from ..trace.whose_code import PACKAGE, is_of_the_user
from . import asking
from .code import modules_in
from .state import State

SIDE_EFFECTS = {
    "time", "random", "_random", "os", "posix", "nt", "io", "_io", "warnings", "_warnings", "logging",
    "threading", "_thread", "subprocess", "socket", "datetime", "queue", "tempfile", "shutil", "uuid",
    "secrets", "asyncio", "contextvars", "gc", "sys",
}  # fmt: skip
# What looks at frames and at what was imported.
LOOKING = {("inspect", "currentframe"), ("inspect", "stack"), ("importlib", "reload"), ("numpy", "geterr"),
           ("numpy", "geterrcall"), ("numpy", "get_printoptions")}  # fmt: skip
HARMLESS = {sys.intern, sys.exc_info, sys.exception}
REFUSED = {print: "prints", input: "asks", open: "opens a file", next: "takes the next item of an iterator"}
REFUSED |= {
    setattr: "sets an attribute by setattr",
    delattr: "deletes an attribute",
    exec: "runs exec",
    eval: "runs eval",
    globals: "reads globals()",
    __import__: "calls __import__",
}
OUTSIDE = {"posix", "nt", "time"}
OF_TEXT = {"fspath", "_path_normpath", "_path_splitroot", "_path_splitroot_ex"}  # which look at no file
QUIET = {"linecache", "tokenize", "importlib._bootstrap_external"}  # which open files of code
SETTING_ERRORS = {
    np.errstate.__init__.__code__, np.errstate.__enter__.__code__, np.errstate.__call__.__code__,
    np.seterr.__code__,
}  # fmt: skip
CLEARING = {id(code): code for code in (Module.zero_grad.__code__, Optimizer.zero_grad.__code__)}


def _kind_of(value: Any) -> type:
    """The class whose method it is that an object has, or a class."""
    return value if isinstance(value, type) else type(value)


def is_outside(function: Any) -> bool:
    """Whether a function of C's looks at files or clocks, whoever calls it."""
    return getattr(function, "__module__", None) in OUTSIDE or function is open or function is np.fromfile


def is_quiet(frame: Any) -> bool:
    """Whether it is a frame of this package's, or of what looks for code."""
    return frame.f_code.co_filename.startswith(PACKAGE) or frame.f_globals.get("__name__") in QUIET


def putting_back(profiler: Any) -> Callable[[], Any]:
    """What has a profiler go on that just now sees all calls; cProfile's is no function."""
    if profiler is None or callable(profiler):
        return functools.partial(sys.setprofile, profiler)
    if hasattr(profiler, "enable"):
        return profiler.enable
    raise RuntimeError(f"a {type(profiler).__name__} watches all calls: start it after the first step")


class Watch:
    """A block in which calls are looked at; an attribute says what the first one was that cannot be compiled.

    Parameters
    ----------
    state : State
        What was found from the function; what further functions read is added to it.
    leaves : list of Leaf
        The variables among that.

    Attributes
    ----------
    cleared : list of Leaf
        Those whose gradients were forgotten before any code ran that speaks of gradients.
    """

    def __init__(self, state: State, leaves: list[Any]) -> None:
        self.state, self.refused = state, ""
        self._known: set[types.CodeType] = set(state.codes)
        self.met: dict[int, types.CodeType] = {}  # whose further calls need no look, by identity
        self._quiet: dict[int, types.CodeType] = {}  # which may call anything of C's
        self._leaves = leaves
        self._before: list[tuple[Any, Any]] = []
        self.cleared: list[Any] = []
        self._clearing: Any = None  # the call that forgets gradients just now
        self._is_over = False  # whether some code has spoken of gradients

    @property
    def codes(self) -> list[types.CodeType]:
        """The code of the user's that has run."""
        return [code for code in self.met.values() if is_of_the_user(code.co_filename)]

    def __enter__(self) -> "Watch":
        self._outer, self._collecting = putting_back(sys.getprofile()), gc.isenabled()
        gc.disable()  # which calls what others have given it
        sys.setprofile(self._event)
        return self

    def __exit__(self, *error: object) -> None:
        self._outer()
        if self._collecting:
            gc.enable()
        for leaf, grad in self._before:
            if leaf.grad is CLEARING:  # an exception has come while gradients were forgotten
                leaf.grad = grad

    def check(self) -> None:
        """Raise if the run called what would be left out."""
        if self.refused:
            raise TraceError(self.refused)

    def _note_gradients(self, frame: Any, event: str) -> None:
        """Take note of the gradients that are forgotten, until something may have asked for one."""
        code = frame.f_code
        if self._clearing is not None:
            if frame is self._clearing and event == "return":
                self._clearing = None
                for leaf, grad in self._before:
                    if leaf.grad is CLEARING:
                        leaf.grad = grad
                    else:
                        self.cleared.append(leaf)
        elif event == "call" and id(code) in CLEARING:
            self._clearing, self._before = frame, [(leaf, leaf.grad) for leaf in self._leaves]
            for leaf in self._leaves:  # else it could not be seen that none is forgotten
                leaf.grad = CLEARING
        elif event == "call" and ("grad" in code.co_names or "grad" in code.co_consts):
            self._is_over = True

    def _event(self, frame: Any, event: str, argument: Any) -> None:
        if not self._is_over:
            self._note_gradients(frame, event)
        if event == "c_call":
            if id(frame.f_code) not in self._quiet:
                self._look_at_c(frame, argument)
        elif event == "call" and id(frame.f_code) not in self.met:
            self._look_at(frame)

    def _look_at(self, frame: Any) -> None:
        """A call of code that was not met before, or that matters if it is the user's that calls it."""
        code = frame.f_code
        if is_of_the_user(code.co_filename):
            self.met[id(code)] = code
            for line in (line for name, line in modules_in(code) if name not in sys.modules):
                self.refused = self.refused or (
                    f"The step takes a module by a computed name in {Path(code.co_filename).name}, line "
                    f"{line}, where the compiled step would not look again. Import it by its name."
                )
            if code not in self._known:
                self._look_into(frame)
            return
        if code in SETTING_ERRORS:
            by = frame.f_back
            self.state.sets_errors |= by is not None and is_of_the_user(by.f_code.co_filename)
            return
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        imports = (module, code.co_name) == ("importlib", "import_module")
        if not (imports or module in SIDE_EFFECTS or (module, code.co_name) in LOOKING):
            self.met[id(code)] = code
        elif frame.f_back is None or not is_of_the_user(frame.f_back.f_code.co_filename):
            return
        elif imports:
            name = frame.f_locals["name"]
            self.state.look_into_module(sys.modules.get(name, importlib), name)
        else:
            made = "makes a random generator or a lock" if code.co_name == "RLock" else ""
            self._refuse(made or f"calls {module}.{code.co_name}", frame.f_back)

    def _look_at_c(self, frame: Any, argument: Any) -> None:
        """A call of what is written in C."""
        code = frame.f_code
        is_users = is_of_the_user(code.co_filename)
        if is_quiet(frame) and not is_users:
            self._quiet[id(code)] = code
        elif getattr(argument, "__name__", None) in OF_TEXT:
            return
        elif is_outside(argument) and not is_quiet(frame):
            self._refuse(REFUSED.get(argument, f"calls {argument.__module__}.{argument.__name__}"), frame)
        elif is_users:
            if getattr(argument, "__module__", None) in SIDE_EFFECTS and argument not in HARMLESS:
                self._refuse(f"calls {argument.__module__}.{argument.__name__}", frame)
            elif (module := _kind_of(getattr(argument, "__self__", None)).__module__) in SIDE_EFFECTS:
                self._refuse(f"calls {module}'s {argument.__name__}", frame)
            elif isinstance(getattr(argument, "__self__", builtins), types.ModuleType):
                for function, what in REFUSED.items():
                    if argument is function:
                        self._refuse(what, frame)

    def _refuse(self, what: str, frame: Any) -> None:
        while frame.f_back is not None and not is_of_the_user(frame.f_code.co_filename):
            frame = frame.f_back
        self.refused = self.refused or (
            f"The step {what} in {Path(frame.f_code.co_filename).name}, line {frame.f_lineno}, which the "
            "compiled step would not do again. Do that outside of it."
        )

    def _look_into(self, frame: Any) -> None:
        """A function that nothing led to: what it names, and what it closes over, is compared from now on."""
        code = frame.f_code
        if str(frame.f_globals.get("__name__", "")).startswith("namedtuple_"):  # which Python has written
            return
        self.state.look_up(code, frame.f_globals)
        asking.begin(self.state)
        if code.co_freevars and not code.co_qualname.startswith("__create_fn__"):  # of a dataclass
            for function in gc.get_referrers(code):
                if isinstance(function, types.FunctionType) and id(function) not in self.state.seen:
                    self.state.look_into_function(function)
