"""What the table knows of a function: one of the classes of this file, by the function's fate.

A function *differentiates* (`Op`), is *composite* (`Composite`: written with other functions of the table),
or is *constant* (`Constant`: nothing to differentiate).  One that has no entry *refuses*.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .aliases import Rule
from .errors import WrongRule
from .plan import Argument, Arguments, Index, Kept, Need, Output, Plan, Shape, Shapes, Wanted
from .signature import Signature, unknown_keyword

Joint = tuple[tuple[str, ...], Rule]


class Constant:
    """A function whose result is integer or boolean, or does not depend on values (np.zeros_like): a constant
    to the graph.
    """

    fate = "constant"
    users = False


class Composite:
    """A function written with others of the table; ``body`` is called with the tensors themselves.

    It, or an `Op`, is one of the ``users`` if it was filed from outside of this package.
    """

    fate = "composite"
    users = False

    def __init__(self, function: Callable[..., Any], body: Callable[..., Any]) -> None:
        self.name, self.body, self.signature = name_of(function), body, Signature.of(body)

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        names = self.signature.names
        unknown = next((name for name in kwargs if name not in names), None)
        if unknown and not self.signature.more:
            raise unknown_keyword(self.name, unknown, names)
        return self.body(*args, **kwargs)


class Op:
    """A function that differentiates.

    Parameters
    ----------
    function : callable
        The function as its users call it.
    forward : callable
        Takes every parameter by position and returns the output, or ``(output, *kept values)``.
    signature : Signature
        The parameters that the rules cover, so that a keyword that NumPy grows later is refused and not
        ignored.
    rules : dict
        A rule for each argument that can be differentiated.
    broadcasts : bool, default=False
        Whether the engine sums a gradient over the axes along which its argument was broadcast.
    keep : dict, optional
        The values that the forward hands over, each with the op that it equals, or None if no derivative goes
        through it.
    joint : (names of arguments, rule), optional
        One rule that returns the gradients of several arguments, in the place of ``rules``.

    Attributes
    ----------
    rules : dict of (rule, needs)
        ``needs`` are what the rule asks for, by their names.
    plans : dict
        The plans that were made so far, by the arguments that need a gradient.
    arity : int
        With how many arguments by position a call needs no binding; -1 if every call does.
    rest : tuple or None
        The defaults of all arguments but the first; None if one of these has no default.
    trusted : bool
        Whether the op is this package's own: its rules return no array that somebody else holds.  `primitive`
        clears it.
    lasting : bool
        Whether plans are filed for the next call; `tree_call`, which makes an op for one call, clears it.
    copies : str
        The setting without which the function writes into its first argument ("copy" of np.nan_to_num), if it
        has one.
    """

    fate = "differentiates"
    users = False
    lasting = True
    copies = ""

    def __init__(
        self,
        function: Callable[..., Any],
        forward: Callable[..., Any],
        signature: Signature,
        rules: dict[str, Rule],
        *,
        broadcasts: bool = False,
        keep: "dict[str, Op | None] | None" = None,
        joint: Joint | None = None,
    ) -> None:
        self.function, self.name = function, name_of(function)
        self.forward, self.signature = forward, signature
        self.broadcasts, self.keep, self.joint, self.trusted = broadcasts, keep or {}, joint, True
        self.variadic = signature.variadic
        self.arity = -1 if self.variadic or "out" in signature.places else signature.fixed
        self.rest = signature.after_the_first()
        filed = dict.fromkeys(joint[0], joint[1]) if joint else rules
        self.rules = {argument: (rule, self._needs(argument, rule)) for argument, rule in filed.items()}
        self.plans: dict[Any, Plan] = {}

    def _needs(self, argument: str, rule: Rule) -> dict[str, Need]:
        """What a rule asks for, after ``g``; a name that nobody can supply is an error at once."""
        who, names = f"{self.name}: the rule of {argument!r}", self.signature.names
        if argument not in names:
            raise WrongRule(f"{self.name}: a rule was given for {argument!r}, but its arguments are {names}.")
        taken = Signature.of(rule)
        if taken.names[:1] != ["g"] or taken.variadic or taken.keywords or taken.more:
            raise WrongRule(f"{who} must take g first, then plain names; no *, ** or keyword-only names.")
        try:
            return {name: self.need(name) for name in taken.names[1:]}
        except KeyError as unknown:
            known = {"out", *names, *self.keep, *(f"{n}_shape" for n in names), *["index"] * self.variadic}
            known |= {"wanted"} if self.joint else set()
            asked = f"asks for {unknown}; it can have g, {', '.join(sorted(known))}."
            raise WrongRule(f"{who} {asked}") from None

    def need(self, name: str) -> Need:
        """What a name in a rule asks for; a KeyError if nothing has that name."""
        # In the row of a call the arguments come after the output and the kept values.
        first = 1 + len(self.keep)
        variadic = self.signature.names[-1] if self.variadic else ""
        argument = name if name in self.signature.places else name.removesuffix("_shape")
        if name == "out":
            return Output(0)
        if name in self.keep:
            return Kept(1 + list(self.keep).index(name), self.keep[name])
        if name == "index" and variadic:
            return Index(-1)
        if argument not in self.signature.places:
            if name == "wanted" and self.joint:
                return Wanted(-1)
            raise KeyError(name)
        place = self.signature.places[argument]
        if argument == variadic:
            return Arguments(first + place, place) if name == argument else Shapes(first + place)
        return Argument(first + place, place) if name == argument else Shape(first + place)

    @property
    def first_needs(self) -> dict[str, Need]:
        """What the rule of the first argument asks for."""
        return self.rules[self.signature.names[0]][1]

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Bring a call into its canonical form: every parameter by position."""
        return self.signature.bind(self.name, args, kwargs)

    def written(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The argument that a call writes into, or None: no function but those that ``copies`` names does."""
        if not self.copies:
            return None
        values = self.bind(args, kwargs)
        return None if values[self.signature.places[self.copies]] else values[0]

    def argument(self, position: int) -> str:
        """The parameter that a position of the canonical call belongs to."""
        return self.signature.name(position)

    def called(self, position: int) -> str:
        """What a message calls the argument at a position."""
        return self.argument(position)

    def plan(self, positions: tuple[int, ...]) -> Plan:
        """The plan for a gradient of the arguments at these positions of the canonical call."""
        return Plan(self, positions)

    def checked_joint(self, gradients: Any) -> tuple[Any, ...]:
        """What a joint rule returned, if it is a tuple of a gradient for each of its arguments."""
        assert self.joint is not None
        arguments = self.joint[0]
        if isinstance(gradients, tuple) and len(gradients) == len(arguments):
            return gradients
        returned = f"{type(gradients).__name__}, not a tuple"
        if isinstance(gradients, tuple):
            returned = f"a tuple of {len(gradients)}"
        expected = f"a tuple of {len(arguments)} gradients, of {', '.join(arguments)}"
        raise WrongRule(f"{self.name}: its joint rule returns {expected}; got {returned}.")


Entry = Op | Composite | Constant


def is_ufunc(function: Any) -> bool:
    """Whether a function is a ufunc, or what Numba's ``vectorize`` makes, which is all but one."""
    return isinstance(function, np.ufunc) or all(
        hasattr(function, name) for name in ("nin", "types", "signature", "reduce")
    )


def is_special(ufunc: np.ufunc) -> bool:
    """Whether a ufunc is one of scipy.special; those that stand behind its functions begin with ``_``."""
    modules = (sys.modules.get(name) for name in ("scipy.special", "scipy.special._ufuncs"))
    return any(getattr(module, ufunc.__name__, None) is ufunc for module in modules)


def name_of(function: Callable[..., Any]) -> str:
    """The name that a user would write: np.exp, np.linalg.norm, np.add.reduce, scipy.special.expit, relu."""
    name = getattr(function, "__name__", repr(function))
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{name_of(owner)}.{name}"
    if isinstance(function, np.ufunc):  # which do not know their modules
        if is_special(function):
            return f"scipy.special.{name.removeprefix('_riemann').removeprefix('_')}"
        behind = np._core.umath  # type: ignore[attr-defined]  # private, and in no stub
        numpys = any(getattr(module, name, None) is function for module in (np, behind))
        return f"np.{name}" if numpys else name
    module = getattr(function, "__module__", None) or "numpy"
    if not module.startswith("numpy"):
        return name
    return f"{module.replace('numpy', 'np')}.{name}".replace("np._core.", "np.")
