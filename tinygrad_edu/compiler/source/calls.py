"""Calls of a program as lines of NumPy, each in the form that NumPy takes least time for."""

import operator
from typing import Any

import numpy as np

from ..passes.buffers import COPIES, FILLS, JOINS, RESHAPES, takes_out
from ..passes.fold import as_operator, zero_dimensional
from ..passes.in_blocks import VIEWING
from ..program import Call, Check, Program, Ref, refs_in
from .names import Named
from .products import is_dot

NAMED = {np.maximum, np.minimum}  # which warn of an out by position
# Of numbers of Python's, which stay such.
SIGNS = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.floordiv: "//",
    operator.mod: "%", operator.eq: "==", operator.ne: "!=", operator.lt: "<", operator.le: "<=",
    operator.gt: ">", operator.ge: ">=",
}  # fmt: skip


class Calls(Named):
    """How calls are written.

    Attributes
    ----------
    program : Program
    buffers : collection of Ref
        Results that have a place to be written to.
    scalars, tested : set of Ref
        See `fold.scalars_of`.
    """

    program: Program
    buffers: Any
    scalars: set[Ref]
    tested: set[Ref]

    def _line(self, call: Call) -> str:
        operator = as_operator(call, self.scalars, self.tested)
        if operator is not None:
            a, b = map(self.spelled, call.args)
            return f"{self.name(call.outputs[0])} = {a} {operator} {b}"
        if not call.kwargs.keys() & {"dtype", "signature", "casting"}:
            args = zero_dimensional(call.function, list(call.args), self.program.values)
            call = call._replace(args=tuple(args))
        if call.outputs and (call.outputs[0] in self.buffers if not call.writes else _is_to_write(call)):
            return self._into_buffer(call)
        expression = self._expression(call)
        if not call.outputs or set(call.outputs) <= set(call.writes):
            return expression
        names = ", ".join(map(self.name, call.outputs)) + (
            ", " if call.several and len(call.outputs) == 1 else ""
        )
        return f"{names} = {expression}"

    def _into_buffer(self, call: Call) -> str:
        """A call that writes its result where it belongs."""
        function, args, kwargs, out = call.function, list(call.args), dict(call.kwargs), call.outputs[0]
        if function in FILLS:
            number = FILLS[function]
            return "" if number is None else f"{self.name(out)}.fill({number})"
        if function in COPIES:
            return f"{self.name(out)}[...] = {self.spelled(args[0])}"
        if function is np.where:
            there, first, second = map(self.spelled, args)
            begin = "" if second == self.name(out) else f"{self.name(out)}[...] = {second}\n"
            return f"{begin}{self._function(np.copyto)}({self.name(out)}, {first}, where={there})"
        if function in RESHAPES:
            view = self._view(out, self.program.values[args[0].number].shape)
            return f"{view}[...] = {self.spelled(args[0])}"
        if is_dot(call, self.program, out):
            return f"{self.spelled(args[0])}.dot({self._arguments([args[1], out], {})})"
        is_ufunc, is_other = isinstance(function, np.ufunc), function in (np.clip, *JOINS)
        if not is_ufunc and not is_other and kwargs.keys() <= {"axis", "dtype", "keepdims"}:
            given = dict(zip(("axis", "dtype"), args[1:])) | kwargs  # reduce and accumulate, by position
            last = [given["keepdims"]] if given.get("keepdims") else []
            args, kwargs = [args[0], given.get("axis", 0), given.get("dtype"), out, *last], {}
        elif is_ufunc and len(args) == function.nin and not kwargs and function not in NAMED:
            args.append(out)
        else:
            kwargs["out"] = out
        return f"{self._function(function)}({self._arguments(args, kwargs)})"

    def _expression(self, call: Call) -> str:
        function, args, kwargs = call.function, call.args, dict(call.kwargs)
        if isinstance(function, str):
            target = self.spelled(args[0])
            if function == "__getitem__":
                return f"{target}[{self._key(args[1])}]"
            if function == "__setitem__":
                return f"{target}[{self._key(args[1])}] = {self.spelled(args[2])}"
            return f"{target}.{function}({self._arguments(args[1:], kwargs)})"
        if function is operator.pow:
            base = self.spelled(args[0])
            base = f"({base})" if base.startswith("-") else base
            return f"{base}**{self.spelled(args[1])}".replace("**-", "** -")
        if function in SIGNS:
            return f"{self.spelled(args[0])} {SIGNS[function]} {self.spelled(args[1])}"
        if function is operator.neg:
            return f"-{self.spelled(args[0])}"
        if function is abs:
            return f"abs({self.spelled(args[0])})"
        if isinstance(function, np.ufunc) and "out" in kwargs and function not in NAMED:
            out = kwargs.pop("out")
            args = (*args, *(out if type(out) is tuple else (out,)))
        is_method = isinstance(getattr(function, "__self__", None), np.ufunc)
        if is_method and kwargs.keys() == {"axis"} and len(args) == 1:
            args, kwargs = (*args, kwargs["axis"]), {}
        return f"{self._function(function)}({self._arguments(args, kwargs)})"

    def _function(self, function: Any) -> str:
        name = getattr(function, "__name__", "function")
        owner = getattr(function, "__self__", None)
        if isinstance(owner, np.ufunc):
            name = f"{owner.__name__}_{name}"
        return self.constant(function, name)

    def _failing(self, check: Check) -> str:
        """The condition under which a check fails."""
        name = self.name(check.ref)
        if type(check.truth) is tuple:
            return f"{name}.shape != {check.truth}"
        return f"not {name}" if check.truth else name

    def _arguments(self, args: Any, kwargs: dict[str, Any]) -> str:
        given = [self.spelled(a) for a in args] + [f"{k}={self.spelled(v)}" for k, v in kwargs.items()]
        return ", ".join(given)

    def _key(self, key: Any) -> str:
        if type(key) is tuple and key:
            return ", ".join(map(self._key, key)) + ("," if len(key) == 1 else "")
        if type(key) is slice:
            step = "" if key.step is None else f":{self.spelled(key.step)}"
            ends = ("" if end is None else self.spelled(end) for end in (key.start, key.stop))
            return ":".join(ends) + step
        return "..." if key is Ellipsis else self.spelled(key)

    def spelled(self, value: Any) -> str:
        """An argument as the text has it."""
        if type(value) is Ref:
            return self.name(value)
        if value is None or type(value) in (bool, int, str):
            return repr(value)
        if type(value) is float:
            return repr(value) if np.isfinite(value) else f"{'-' * (value < 0)}np.{abs(value)}"
        if type(value) in (tuple, list):
            inner = ", ".join(map(self.spelled, value)) + (
                "," if type(value) is tuple and len(value) == 1 else ""
            )
            return f"({inner})" if type(value) is tuple else f"[{inner}]"
        if type(value) is slice:
            return f"slice({', '.join(map(self.spelled, (value.start, value.stop, value.step)))})"
        if value is Ellipsis:
            return "..."
        if value is np.float32 or value is np.float64 or value is np.intp or value is float:
            return self.constant(value, value.__name__)
        return self.constant(value, "array" if isinstance(value, np.ndarray) else "c")

    def _is_fixed_view(self, call: Call, fixed: set[Ref]) -> bool:
        """Whether a call gives a view of something that stays where it is, so that it can be made once."""
        if call.function not in VIEWING or len(call.outputs) != 1 or not fixed.issuperset(refs_in(call.args)):
            return False
        made, source = call.outputs[0], call.args[0]
        is_array = isinstance(self.program.values[made.number], np.ndarray)
        return is_array and self.program.owner(made) == self.program.owner(source)


def _is_to_write(call: Call) -> bool:
    """Whether a call is to write its result to a place that is not among its arguments yet."""
    given = len(call.args) > call.function.nin if isinstance(call.function, np.ufunc) else False
    return call.outputs == call.writes and "out" not in call.kwargs and not given and takes_out(call.function)
