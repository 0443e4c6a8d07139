"""Asked: what a trace depends on in the words of Python, asleep while C, or a class, says that it holds."""

from collections.abc import Collection
from typing import Any

from ..asleep import Asleep
from ..state.places import Attribute, Own, Place, Slot
from ..texts import defined

UNLIKE = (LookupError, AttributeError, ValueError)  # where something is not there any more


class Asked:
    """The conditions of a trace, in groups, each with words for what is otherwise where they do not hold.

    Parameters
    ----------
    groups : list of (str, list of str)
    quick, of_arguments : collection of str
        The conditions that are asked in another way, and those of them that are on arguments.
    meaning : dict of str to object
        What the conditions name.
    found : object
        What finds that other way again.
    same : list of object
        What must be the same objects in that.
    """

    def __init__(
        self, groups: list[tuple[str, list[str]]], quick: Collection[str], of_arguments: list[str],
        leaves: int, meaning: dict[str, Any], found: Any, same: list[Any],
    ) -> None:  # fmt: skip
        slow = [c for _, part in groups for c in part if c in quick and c not in of_arguments]
        every = "".join(condition for _, part in groups for condition in part)
        meaning = {name: value for name, value in meaning.items() if name in every}
        text = f"def holds():\n    return bool({' and '.join(slow) or True})\n"
        text += f"def fits({', '.join(f'a{i}' for i in range(leaves))}):\n    "
        text += f"return bool({' and '.join(of_arguments) or True})\n"
        kinds, same = (Place, Attribute, Own, Slot), [*meaning.values(), *same]
        self._asleep = Asleep((groups, text, meaning, found), *kinds, same=same)
        self._leaves = leaves
        self._made: dict[str, Any] | None = None  # when it is asked for the first time

    def found(self) -> Any:
        """What finds the other way again."""
        return self._asleep.awake()[-1]

    def holds(self) -> bool:
        """Whether the conditions hold that are asked in another way, but for those on arguments."""
        return self._is("holds")

    def fits(self, *args: Any) -> bool:
        """Whether those on arguments hold."""
        return len(args) == self._leaves and self._is("fits", *args)

    def _is(self, which: str, *args: Any) -> bool:
        if self._made is None:
            _, text, meaning, _ = self._asleep.awake()
            self._made = defined(text, "<guards>", meaning)
        try:
            return bool(self._made[which](*args))
        except UNLIKE:
            return False

    def why(self, args: list[Any]) -> str | None:
        """What is otherwise, in words, where the trace does not hold; None if it is none of all this."""
        groups, _, meaning, _ = self._asleep.awake()
        values = {f"a{i}": leaf for i, leaf in enumerate(args)}
        for what, conditions in groups:
            try:
                if not all(eval(each, meaning, values) for each in conditions):  # noqa: S307  # our own text
                    return str(what)
            except UNLIKE:
                return str(what)
        return None
