"""Names in the text of a program: of arrays, of views of them, and of objects that the text cannot spell."""

import builtins
import keyword
import re
from collections.abc import Collection
from typing import Any

import numpy as np

from ..program import Ref
from .spelling import of_numpy


class Named:
    """What has names, each for one thing.

    Parameters
    ----------
    names : dict of Ref to str
        What a reader would call some of the arrays.
    taken : collection of str
        What nothing else may be called.

    Attributes
    ----------
    given : dict of str to object
        What the text does not make.
    imports : dict of str to str
        NumPy's functions: their names, and what they are there.
    hoisted : list of str
        Lines that make views once.
    """

    arguments: list[Ref]  # what the text is given in every call

    def __init__(self, names: dict[Ref, str], taken: Collection[str]) -> None:
        self.given: dict[str, Any] = {}
        self.imports: dict[str, str] = {}
        self.hoisted: list[str] = []
        self._names: dict[Ref, str] = {}
        self._constants: dict[Any, str] = {}
        self._views: dict[str, str] = {}  # the names of arrays that are made once, by how
        self._taken: set[str] = {*taken, *keyword.kwlist, *dir(builtins)}
        for ref, name in names.items():
            self._names[ref] = self._free(name)

    def name(self, ref: Ref) -> str:
        """The name of an array."""
        if ref not in self._names:
            self._names[ref] = self._free(f"t{ref.number}")
        return self._names[ref]

    def constant(self, value: Any, wish: str = "c") -> str:
        """The name of an object that the text cannot spell."""
        owner = getattr(value, "__self__", None)
        key: Any = (id(owner), value.__name__) if isinstance(owner, np.ufunc) else id(value)
        if key not in self._constants:
            self._constants[key] = name = self._free(wish)
            known = of_numpy(value)
            if known is None:
                self.given[name] = value
            else:
                self.imports[name] = name if known == f"np.{name}" else known
        return self._constants[key]

    def _free(self, wish: str) -> str:
        """A name that nothing has, as near to a wish as may be."""
        wish = re.sub(r"\W+", "_", wish).strip("_") or "a"
        wish = f"_{wish}" if wish[0].isdigit() else wish
        name, n = wish, 2
        while name in self._taken:
            name, n = f"{wish}_{n}", n + 1
        self._taken.add(name)
        return name

    def _parameters(self) -> str:
        """What a text is called with."""
        return ", ".join(map(self.name, self.arguments))

    def _view(self, ref: Ref, shape: tuple[int, ...]) -> str:
        """The name of an array that has a place, seen in another shape."""
        made = f"{self.name(ref)}.reshape({shape})"
        if made not in self._views:
            self._views[made] = self._free(f"{self.name(ref)}_as")
            self.hoisted.append(f"{self._views[made]} = {made}")
        return self._views[made]

    def _hoist(self, ref: Ref, line: str) -> None:
        """Have a view made once, or call it as the one that is made in the same way."""
        name, _, made = line.partition(" = ")
        self._names[ref] = self._views.setdefault(made, name)
        self.hoisted += [line] * (self._names[ref] == name)
