"""The table: one derivative rule for each argument of each function, filed under that function.

A rule is a function of the gradient ``g`` of the output, followed by the names of what it needs::

    elementwise(np.multiply, x1=lambda g, x2: g * x2,
                             x2=lambda g, x1: g * x1)

The names are read once, when the rule is filed, and say what the graph keeps alive until the backward pass:

* an argument of the function, by its own name;
* ``<argument>_shape``: the shape of an argument, without the array itself;
* ``out``: what the function returned;
* a value that the forward computed anyway and handed over (see ``keep`` of `primitive`);
* ``index``, in the rule of a variadic ``*arguments``: the position of the argument being differentiated.

Every function has one of four fates: it *differentiates* (`elementwise`, `derivative`, `primitive`), it is
*composite* (written with other functions of the table), it is *constant* (nothing to differentiate), or it
*refuses*: it is not in the table.
"""

import inspect
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakSet

import numpy as np

from .errors import MissingRule, UnsupportedCall, WrongRule
from .plan import Plan, Rule

Function = TypeVar("Function", bound=Callable[..., Any])

REQUIRED: Any = inspect.Parameter.empty


class Constant:
    """A function whose result is integer or boolean, or does not depend on values (np.zeros_like): a constant to the graph."""

    fate = "constant"


class Composite:
    """A function written with other functions of the table; ``body`` is called with the tensors themselves."""

    fate = "composite"

    def __init__(self, function: Callable[..., Any], body: Callable[..., Any]) -> None:
        parameters = inspect.signature(body).parameters
        self.name, self.body, self.names = name_of(function), body, list(parameters)
        self.out = (
            self.names.index("out")
            if "out" in parameters and parameters["out"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
            else -1
        )

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if unknown := [k for k in kwargs if k not in self.names]:
            raise unknown_keyword(self.name, unknown[0], self.names)
        return self.body(*args, **kwargs)


class Op:
    """What the table knows of one function that differentiates.

    Parameters
    ----------
    function : callable
        The function as its users call it.
    forward : callable
        Takes every parameter by position and returns the output, or ``(output, *kept values)``.  The table's
        parameter list is its signature, so that a keyword that NumPy grows later is refused and not ignored.
    rules : dict
        A rule for each argument that can be differentiated.
    broadcasts : bool
        Whether the engine sums a gradient over the axes along which its argument was broadcast.
    keep : dict
        The values that the forward hands over, each with the differentiable function that it equals, or None
        if no derivative goes through it.
    joint : (names of arguments, rule), optional
        One rule that returns the gradients of several arguments, in the place of ``rules``.
    """

    fate = "differentiates"
    lasting = True  # its plans are kept for the next call

    def __init__(
        self,
        function: Callable[..., Any],
        forward: Callable[..., Any],
        parameters: list[inspect.Parameter],
        rules: dict[str, Rule],
        *,
        broadcasts: bool,
        keep: dict[str, Any],
        joint: tuple[tuple[str, ...], Rule] | None = None,
    ) -> None:
        self.function, self.name, self.broadcasts, self.keep = function, name_of(function), broadcasts, keep
        self.names = [p.name for p in parameters]
        self.places = {name: i for i, name in enumerate(self.names)}
        self.variadic = bool(parameters) and parameters[-1].kind is inspect.Parameter.VAR_POSITIONAL
        self.arity = (
            -1 if self.variadic or "out" in self.names else len(parameters)
        )  # of a call that is canonical as it is
        self.fixed = len(parameters) - self.variadic
        self.defaults = [p.default for p in parameters[: self.fixed]]
        self.out = self.places.get("out", -1)
        self.forward = forward
        self.rules = {name: (rule, self._needs(name, rule)) for name, rule in rules.items()}
        self.joint = joint
        if joint:
            self.rules = {name: (joint[1], self._needs(name, joint[1])) for name in joint[0]}
        self.plans: dict[Any, Plan] = {}
        self.trusted = True  # an op of this package: its rules return no array that somebody else holds

    def _needs(self, argument: str, rule: Rule) -> list[str]:
        """The names that a rule asks for, after ``g``; a name that nobody can supply is an error at once."""
        if argument not in self.places:
            raise WrongRule(
                f"{self.name}: a rule was given for {argument!r}, but its arguments are {self.names}."
            )
        taken = list(inspect.signature(rule).parameters.values())
        names = taken[1:]
        if not taken or taken[0].name != "g" or any(p.kind is not p.POSITIONAL_OR_KEYWORD for p in names):
            raise WrongRule(
                f"{self.name}: the rule of {argument!r} must take g first, then plain names; no *, ** or "
                "keyword-only names."
            )
        known = {
            *self.names,
            "out",
            *self.keep,
            *(f"{n}_shape" for n in self.names),
            *(["index"] if self.variadic else []),
        }
        for p in names:
            if p.name not in known:
                raise WrongRule(
                    f"{self.name}: the rule of {argument!r} asks for {p.name!r}; it can have g, "
                    f"{', '.join(sorted(known))}."
                )
        return [p.name for p in names]

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Write a call in its one canonical form: every parameter by position."""
        if not kwargs and (len(args) == self.arity or (self.variadic and len(args) >= self.fixed)):
            return args
        values = [*args[: self.fixed], *self.defaults[len(args) :]]
        for name, value in kwargs.items():
            position = self.names.index(name) if name in self.names else -1
            if position < 0:
                raise unknown_keyword(self.name, name, self.names)
            if position == self.fixed:
                raise TypeError(f"{self.name} takes any number of {name} by position, not {name}=.")
            if position < len(args):
                raise TypeError(f"{self.name} got several values for its argument {name!r}.")
            values[position] = value
        missing = [n for n, v in zip(self.names, values) if v is REQUIRED]
        if missing or (len(args) > self.fixed and not self.variadic):
            raise TypeError(
                f"{self.name} takes {', '.join(self.names)}; got {len(args)} by position, missing: "
                f"{', '.join(missing) or 'none'}."
            )
        return (*values, *args[self.fixed :])

    def checked_joint(self, gradients: Any) -> tuple[Any, ...]:
        """What a joint rule returned, if it is a tuple of a gradient for each of its arguments."""
        assert self.joint is not None
        arguments = self.joint[0]
        if not isinstance(gradients, tuple) or len(gradients) != len(arguments):
            returned = (
                f"a tuple of {len(gradients)}"
                if isinstance(gradients, tuple)
                else f"{type(gradients).__name__}, not a tuple"
            )
            raise WrongRule(
                f"{self.name}: its joint rule returns a tuple of {len(arguments)} gradients, of "
                f"{', '.join(arguments)}; got {returned}."
            )
        return gradients

    def argument(self, position: int) -> str:
        """The name of the parameter that a position of the canonical call belongs to."""
        return self.names[min(position, len(self.names) - 1)]

    def called(self, position: int) -> str:
        """What a message calls the argument at a position."""
        return self.argument(position)

    def plan(self, positions: tuple[int, ...]) -> Plan:
        """The plan for a gradient of the arguments at these positions of the canonical call."""
        return Plan(self, positions)


Entry = Op | Composite | Constant
TABLE: dict[Callable[..., Any], Entry] = {}  # of NumPy's functions
PRIMITIVES: "WeakSet[Callable[..., Any]]" = (
    WeakSet()
)  # our own and the users': each carries its entry, which dies with it


def entry_of(function: Callable[..., Any]) -> Entry | None:
    """What is known of a function: NumPy's are in the table, a primitive carries its entry itself; None for all others."""
    return TABLE.get(function) or getattr(function, "entry", None)


def entries() -> dict[Callable[..., Any], Entry]:
    """Every function that has an entry just now: NumPy's, then the primitives by name."""
    return TABLE | {f: f.entry for f in sorted(PRIMITIVES, key=lambda f: (f.__module__, f.__qualname__))}  # type: ignore[attr-defined]


def carrying(call: Function, entry: Entry) -> Function:
    call.entry = entry  # type: ignore[attr-defined]  # functions take attributes
    PRIMITIVES.add(call)
    return call


def name_of(function: Callable[..., Any]) -> str:
    """The name that a user would write: np.exp, np.linalg.norm, np.add.reduce, scipy.special.expit, relu."""
    name = getattr(function, "__name__", repr(function))
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{name_of(owner)}.{name}"
    if isinstance(function, np.ufunc):  # which do not know their modules
        special = sys.modules.get("scipy.special")
        return (
            f"scipy.special.{name}"
            if special is not None and getattr(special, name, None) is function
            else f"np.{name}"
        )
    module = getattr(function, "__module__", None) or "numpy"
    return (module.replace("numpy", "np") + "." if module.startswith("numpy") else "").replace(
        "np._core.", "np."
    ) + name


def _file(function: Callable[..., Any], entry: Entry) -> None:
    if function in TABLE:
        raise WrongRule(f"{name_of(function)} is in the table already; a function has exactly one entry.")
    TABLE[function] = entry


def _forward(function: Callable[..., Any], name: str) -> tuple[Callable[..., Any], list[inspect.Parameter]]:
    """A function that takes all its parameters by position, and those parameters."""
    parameters = list(inspect.signature(function).parameters.values())
    kinds = [p.kind for p in parameters]
    reserved = {"g", "index"} & {p.name for p in parameters}
    if reserved or inspect.Parameter.VAR_KEYWORD in kinds or inspect.Parameter.VAR_POSITIONAL in kinds[:-1]:
        raise WrongRule(
            f"{name}: parameters cannot be named g or index, nor be **keywords, nor follow *arguments."
        )
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    if not named:
        return function, parameters
    split = len(parameters) - len(named)
    return (lambda *values: function(*values[:split], **dict(zip(named, values[split:])))), parameters


def elementwise(ufunc: np.ufunc, **rules: Rule) -> None:
    """File the rules of a ufunc of one argument ``x`` or two, ``x1`` and ``x2``; its arguments broadcast."""
    names = ["x"] if ufunc.nin == 1 else ["x1", "x2"]
    parameters = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names]
    _file(ufunc, Op(ufunc, ufunc, parameters, rules, broadcasts=True, keep={}))


def derivative(
    function: Callable[..., Any], forward: Callable[..., Any], *, broadcasts: bool = False, **rules: Rule
) -> None:
    """File the rules of a NumPy function; ``forward``'s signature is the parameter list that they cover."""
    positional, parameters = _forward(forward, name_of(function))
    _file(function, Op(function, positional, parameters, rules, broadcasts=broadcasts, keep={}))


def composite(*functions: Callable[..., Any]) -> Callable[[Function], Function]:
    """File the decorated body, written with other functions of the table, as what these functions do to tensors."""

    def file(body: Function) -> Function:
        for function in dict.fromkeys(functions):  # np.amax is np.max in some versions
            _file(function, Composite(function, body))
        return body

    return file


def constant(*functions: Callable[..., Any]) -> None:
    """File functions whose results are integer or boolean."""
    for function in functions:
        _file(function, Constant())


def overridable(function: Function) -> Function:
    """A function of plain arrays that asks its arguments first whether they have an answer of their own, as NumPy's functions do."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()) if kwargs else args:
            if not isinstance(value, np.ndarray) and hasattr(value, "__array_function__"):
                return value.__array_function__(call, (type(value),), args, kwargs)
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]  # wraps keeps the signature, which mypy cannot see


def fused(body: Callable[..., Any]) -> Callable[[Function], Function]:
    """Make the decorated function of plain arrays differentiable: tensors enter as ``body``, the same by functions of the table.

    For what a graph of the gradient needs as a composition, and an ordinary backward pass can have faster.
    """

    def decorate(function: Function) -> Function:
        return carrying(overridable(function), Composite(function, body))

    return decorate


def primitive(
    *,
    broadcasts: bool = False,
    keep: dict[str, Callable[..., Any] | None] | None = None,
    joint: tuple[tuple[str, ...], Rule] | None = None,
    **rules: Rule,
) -> Callable[[Function], Function]:
    """Make an op of this package differentiable: as `tinygrad_edu.primitive` does, but its forward and rules are trusted."""

    def decorate(function: Function) -> Function:
        op = op_from(function, broadcasts, keep, joint, rules)
        return carrying(overridable(first_output(function) if op.keep else function), op)

    return decorate


def op_from(
    function: Callable[..., Any], broadcasts: bool, keep: Any, joint: Any, rules: dict[str, Rule]
) -> Op:
    """The entry of a primitive, from what its decorator was given."""
    name = name_of(function)
    if joint and (rules or broadcasts):
        raise WrongRule(f"{name}: a joint rule stands alone, and its arguments do not broadcast.")
    twins = {kept: entry_of(twin) if twin else None for kept, twin in (keep or {}).items()}
    for kept, twin in (keep or {}).items():
        if twin is not None and not isinstance(twins[kept], Op):
            raise WrongRule(
                f"{name}: keep={{{kept!r}: …}} takes a primitive, or None for a value without derivative; "
                f"got {twin!r:.60}."
            )
    for argument, rule in rules.items():
        if not callable(rule):
            raise WrongRule(
                f"{name}: the rule of {argument} is a function, {argument}=lambda g, …: …; got {rule!r:.60}."
            )
    forward, parameters = _forward(function, name)
    return Op(function, forward, parameters, rules, broadcasts=broadcasts, keep=twins, joint=joint)


def first_output(function: Function) -> Function:
    """The function without the kept values that it returns after its output."""

    @wraps(function)
    def output(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)[0]

    return output  # type: ignore[return-value]  # as above


def unknown_keyword(name: str, keyword: str, known: list[str]) -> UnsupportedCall:
    """The error for a keyword that a rule does not cover."""
    return UnsupportedCall(
        f"{name}(…, {keyword}=…) cannot be differentiated: its rule knows "
        f"{', '.join(n for n in known if n != 'out')}.\n"
        f"  Leave {keyword}= out, write the step with other functions, or compute without gradients "
        "(x.detach(), no_grad)."
    )


def op_of(function: Callable[..., Any]) -> Op:
    """The entry of a function that is known to differentiate."""
    entry = entry_of(function)
    assert isinstance(entry, Op)
    return entry


def lost_inside(primitive: str, operation: str, value: Any) -> MissingRule:
    """The error for a tensor that a primitive's forward uses, and that no argument with a rule has brought there."""
    return MissingRule(
        f"{primitive}: its forward uses, in {operation}, a Tensor of shape {value.shape}, {value.dtype}, "
        "whose gradient would be lost.\n"
        f"  Pass it to {primitive} as an argument, and give that a rule; or use its .detach(), which is a "
        "constant to the graph."
    )


def refuse(function: Callable[..., Any], argument: str, value: Any) -> MissingRule:
    """The error for a function that has no rule; says how to give it one or to do without."""
    name = name_of(function)
    if argument.isdigit():  # known by its place only
        with suppress(ValueError, TypeError, IndexError):
            argument = list(inspect.signature(function).parameters)[int(argument)]
    return MissingRule(
        f"{name} has no derivative rule (argument {argument}: Tensor of shape {value.shape}, "
        f"{value.dtype}).\n"
        f"  Give it one:     @tinygrad_edu.primitive(x=lambda g, x: …) on a function that calls {name} (see "
        "examples/define_an_op.py)\n"
        f"  or step around:  {name}(x.detach().numpy(), …), which is a constant to the graph"
    )


def refuse_argument(op: Op, argument: str, value: Any) -> MissingRule:
    """The error for an argument that has no rule, of a function that has rules for others."""
    return MissingRule(
        f"{op.name} has no derivative rule for its argument {argument} (a Tensor of shape {value.shape}, "
        f"{value.dtype}).\n"
        f"  Give it one:     {argument}=lambda g, …: … where {op.name} is filed\n"
        f"  or step around:  pass {argument}.detach(), which is a constant to the graph; its rules are for "
        f"{', '.join(op.rules)}"
    )
