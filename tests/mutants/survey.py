"""The survey: which expressions each test runs, so that a mutant meets those tests and no others."""

import builtins
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .changes import noted
from .exchange import code_of, exchange, living

Hit = tuple[str, int]  # the name of a file, and the number of an expression in it
RULES = Path(__file__).parents[2] / "tinygrad_edu" / "ops"
NOTE = "_mutants_note"


class Surveyed:
    """The file in which a hunt leaves what each test runs, for the next hunt; of no use once rules change."""

    def __init__(self, path: Path | None, files: tuple[Path, ...]) -> None:
        self.path, self.files = path, files
        if self.path is not None:
            every = (f for f in RULES.rglob("*.py") if f.stem != "__init__")
            self.files = tuple(sorted({*every, *files}))
        numbers = Path(__file__).with_name("changes.py")  # which says what an expression's number is
        self.key = hashlib.sha256(b"".join(f.read_bytes() for f in (*self.files, numbers))).hexdigest()

    def read(self) -> dict[str, tuple[bool, float, list[Hit]]]:
        """By the name of a test: whether it passed, its seconds, and what it ran."""
        if self.path is None or not self.path.exists():
            return {}
        held = json.loads(self.path.read_text())
        return held["tests"] if held["key"] == self.key else {}

    def write(self, tests: dict[str, tuple[bool, float, list[Hit]]]) -> None:
        if self.path is not None:
            self.path.write_text(json.dumps({"key": self.key, "tests": tests}))


@contextmanager
def noting(paths: tuple[Path, ...], hits: set[Hit]) -> Iterator[None]:
    """Every expression of these files that runs is noted as a hit, by the file's name and its number."""
    before = []
    for path in paths:
        name, source, functions = path.name, path.read_text(), living(path)
        note = f"{NOTE}_{path.stem}"
        before += [(f, f.__code__) for group in functions.values() for f in group]

        def tell(number: int, value: object, name: str = name) -> object:
            hits.add((name, number))
            return value

        setattr(builtins, note, tell)
        exchange(code_of(source, path), code_of(noted(source, note), path), functions)
    try:
        yield
    finally:
        for function, code in before:
            function.__code__ = code


def begun_with(hits: list[Hit], outer: dict[str, list[int]]) -> set[Hit]:
    """The expressions that ended, and those around them, which may have ended in an error."""
    found = set()
    for name, number in hits:
        while number >= 0 and (name, number) not in found:
            found.add((name, number))
            number = outer[name][number]
    return found
