"""Quick: guards that are asked at once: C looks at words of memory; without C a class tells of methods."""

from typing import Any

import numpy as np

from ..memory.addresses import Condition, of_cell, of_class, of_form, of_item, of_length, of_whole
from ..memory.probe import Probe, probe_of
from ..state.places import CELL, Attribute, Place
from ..state.trusted import Methods
from .conditions import Names, is_same, of_arguments, of_attributes
from .conditions import of_length as text_of_length
from .guards import asked_sizes, forms

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
        self.texts, self.hold, self.left = set(), "", MOST  # type: set[str], str, int
        self.asks = ""
        self.probe: Probe | None = None
        kinds, methods = one.run.layout.kinds, one.run.state.methods
        own = {id(place) for place, _ in methods.places}
        held = [(p, v) for p, v in asked if id(p) not in own]
        self._held = [(p, v) for p, v in held if _of_place(p, v)]
        self._kinds = methods.kinds if all(map(of_class, methods.kinds)) else []
        self._methods = methods.places if self._kinds else []
        kinds = kinds[: one.run.layout.given]
        simple = one.run.layout.is_simple and all(k[0] is np.ndarray for k in kinds)
        self.takes = bool(kinds) and simple
        wanted = [(shape, dtype, strides) for _, shape, dtype, strides in kinds] if self.takes else []
        sizes = [(c, text_of_length(c, n, name)) for _, c, n in asked_sizes(one.run.state)]
        sizes += [(vars(m), of_attributes(m, names, name)) for _, m, names in one.run.state.attributes]
        others: list[tuple[Any, Any, str]] = [(of_length, c, text) for c, text in sizes]
        others += [(of_form, array, text) for _, array, text in forms(one, name)]
        self._others = [(of, value, text) for of, value, text in others if of(value)]
        self._meaning = name.meaning
        most = 4 * len(self._held) + len(self._kinds) + sum(len(of(v)) for of, v, _ in self._others) + 1
        self._words = one.source.words(most, wanted)
        if self._words is None:
            self._ask_a_probe(methods, name)
        if self._words is None or not (self.takes or self._held or self._kinds or self._others):
            return
        self.hold = name(self._words.hold, "quick")
        self.asks = f"{self.hold}()"
        self._look()
        self.texts = {is_same(p.text(name), v, name) for p, v in self._held}
        self.texts.update(text for *_, text in self._others)
        if self.takes:
            self.texts.update(of_arguments(kinds, name))
        self.texts.update(is_same(p.text(name), v, name) for p, v in self._methods)

    def _ask_a_probe(self, methods: Methods, name: Names) -> None:
        """Without C, have one class of Python's tell that no method has changed."""
        self.takes, self.probe = False, probe_of(methods.kinds)
        if self.probe is not None:
            self._methods = methods.places
            self.asks = f"{name(self.probe.cls, 'probe')}.__flags__ == {self.probe.flags}"
            self.texts = {is_same(p.text(name), v, name) for p, v in self._methods}

    def forget(self) -> None:
        """Forget what was needed for the text; and where things are, if C is not asked."""
        self.texts = set()
        if not self.hold:
            self._held, self._kinds, self._others = [], [], []
            self._methods = self._methods if self.probe else []

    def _look(self) -> None:
        """Have C look where things are now, or have the probe look, if they are what they were."""
        if self.probe is not None:
            self.probe.look()
            if not all(p.get() is v for p, v in self._methods):  # another thread has changed something since
                self.probe.forget()
            return
        found = [*map(of_class, self._kinds), *(_of_place(p, v) for p, v in self._held)]
        found += [of(value) for of, value, _ in self._others]
        # Another thread may have changed something: it is asked for when it is known where to look.
        texts = " and ".join(text for *_, text in self._others) or "True"
        now = eval(texts, {}, self._meaning)  # noqa: S307  # our own text
        if now and all(found) and all(p.get() is v for p, v in self._methods):
            self._words.set([*dict.fromkeys(condition for part in found for condition in part)])

    def renewed(self) -> bool:
        """Have C look anew: things are what they were, but C has not found them.  True."""
        self.left -= 1
        if self.left >= 0:
            self._look()
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
