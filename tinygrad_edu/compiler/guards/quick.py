"""Quick: guards that are asked at once: C looks at words of memory; without C a class tells of methods."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from ..memory.addresses import Condition, of_cell, of_class, of_form, of_item, of_length, of_shapes, of_whole
from ..memory.probe import Probe, probe_of
from ..state.places import CELL, Attribute, Place
from ..state.trusted import Methods
from .asked import Asked
from .conditions import Names, is_same, of_arguments, of_attributes
from .conditions import of_length as text_of_length
from .conditions import of_shapes as text_of_shapes
from .guards import asked_sizes, forms, shaped

MOST = 64  # times that the words are found anew: a dict that grows has its items elsewhere


class Quick:
    """Those guards of a trace that C can ask, if there is C, or a class.

    Parameters
    ----------
    one : Specialization
    asked : list of (Place, object)
        The places that are looked at, with what they held.
    name : Names

    Attributes
    ----------
    texts : set of str
        The conditions that hold where C finds that all do.
    hold : str
        The name of what asks C; "" if nothing does.
    asks : str
        The expression that is true where these hold, without arguments.
    takes : bool
        Whether it is given the arguments, too.
    """

    def __init__(self, one: Any, asked: list[tuple[Place, Any]], name: Names) -> None:
        self.texts: Collection[str] = ()
        self.hold, self.left = "", MOST
        self.asks = ""
        self.probe: Probe | None = None
        self._asked: Any = None
        self._of_arguments: list[str] = []
        kinds, methods = one.run.layout.kinds, one.run.state.methods
        own = {id(place) for place, _ in methods.places}
        held = [(p, v) for p, v in asked if id(p) not in own and _of_place(p, v)]
        classes = methods.kinds if all(map(of_class, methods.kinds)) else []
        places = methods.places if classes else []
        kinds = kinds[: one.run.layout.given]
        simple = one.run.layout.is_simple and all(k[0] is np.ndarray for k in kinds)
        self.takes = bool(kinds) and simple
        wanted = [(shape, dtype, strides) for _, shape, dtype, strides in kinds] if self.takes else []
        sizes = [(c, text_of_length(c, n, name)) for _, c, n in asked_sizes(one.run.state)]
        sizes += [(vars(m), of_attributes(m, names, name)) for _, m, names in one.run.state.attributes]
        others: list[tuple[Any, Any, str]] = [(of_length, c, text) for c, text in sizes]
        others += [(of_form, array, text) for _, array, text in forms(one, name)]
        if arrays := shaped(one.run.state):
            others.append((of_shapes, arrays, text_of_shapes(arrays, name, hasattr(one.source, "language"))))
        others = [(of, value, text) for of, value, text in others if of(value)]
        self._parts: Any = classes, held, others, places
        most = 4 * len(held) + len(classes) + sum(len(of(v)) for of, v, _ in others) + 1
        self._words = one.source.words(most, wanted)
        if self._words is None:
            self._ask_a_probe(methods, name)
        if self._words is None or not (self.takes or held or classes or others):
            return
        self.hold = name(self._words.hold, "quick")
        self.asks = f"{self.hold}()"
        self._of_arguments = of_arguments(kinds, name) if self.takes else []
        texts = (is_same(p.text(name), v, name) for p, v in (*held, *places))
        self.texts = {*texts, *(text for *_, text in others), *self._of_arguments}

    def _ask_a_probe(self, methods: Methods, name: Names) -> None:
        """Without C, have one class of Python's tell that no method has changed."""
        self.takes, self.probe = False, probe_of(methods.kinds)
        if self.probe is not None:
            self.asks = f"{name(self.probe.cls, 'probe')}.__flags__ == {self.probe.flags}"
            self.texts = {is_same(p.text(name), v, name) for p, v in methods.places}
            self._parts = [], [], [], methods.places

    def sleep(self, groups: list[tuple[str, list[str]]], leaves: int, meaning: dict[str, Any]) -> Asked:
        """Have C, or the probe, look for the first time, and forget what is needed to do so again only.

        Returns what is asked, in groups.
        """
        classes, held, others, methods = self._parts
        found = (classes, held, [(of, value) for of, value, _ in others]) if self.hold else None
        same = [p.container for p, _ in held] + [p.key for p, _ in held if type(p.key) is str]
        given = groups, self.texts, self._of_arguments, leaves if self.takes else 0, meaning
        self._asked = asked = Asked(*given, found, same)
        texts = " and ".join(text for *_, text in others) or "True"

        def holds() -> bool:  # without a function that would have to be compiled
            now = eval(texts, {}, meaning)  # noqa: S307  # our own text
            return bool(now) and all(p.get() is v for p, v in methods)

        self._look(found, holds)
        self.texts, self._of_arguments, self._parts = (), [], None
        return asked

    def _look(self, found: Any, holds: Callable[[], bool]) -> None:
        """Have C look where things are now, or have the probe look, if they are what they were."""
        if self.probe is not None:
            self.probe.look()
            if not holds():  # another thread has changed something since
                self.probe.forget()
        elif found is not None:
            classes, held, others = found
            known = [*map(of_class, classes), *(_of_place(p, v) for p, v in held)]
            known += [of(value) for of, value in others]
            # Another thread may have changed something: it is asked for when it is known where to look.
            if all(known) and holds():
                self._words.set([*dict.fromkeys(condition for part in known for condition in part)])

    def slowly(self, *args: Any) -> bool:
        """Ask in Python for what C, or the probe, has not found; where it is as it was, they look anew."""
        return self._asked.fits(*args) and self._asked.holds() and self.renewed()

    def renewed(self) -> bool:
        """Have C look anew: things are what they were, but C has not found them.  True."""
        self.left -= 1
        if self.left >= 0:
            self._look(self._asked.found(), self._asked.holds)
        return True


def _of_place(place: Place, value: Any) -> list[Condition]:
    """The conditions that a place has an object; none if that cannot be said."""
    if place.key is CELL:
        return of_cell(place.container, value)
    if type(place.container) is dict and type(place.key) is str:
        return of_item(place.container, place.key, value)
    if type(place.key) is Attribute and place.key in ("__class__", "__dict__"):
        return of_whole(place.container, place.key)
    return []
