"""The journeys from files to models end as they claim, and their table says how much is written by hand."""

import ast
import re
import runpy

import pytest

from tests.helpers import ROOT

JOURNEYS = ROOT / "examples" / "journeys"
TABLE = re.findall(
    r"^\| `python (examples/journeys/\w+\.py)` \|.*\| (\d+) \| [\d.]+ \|$",
    (ROOT / "examples/README.md").read_text(),
    re.M,
)


def by_hand(text):
    """The lines of `journey` but its docstring, its empty lines and comments."""
    function = next(n for n in ast.parse(text).body if getattr(n, "name", "") == "journey")
    lines = text.splitlines()[function.lineno - 1 : function.end_lineno]
    documented = len(ast.get_docstring(function).splitlines())
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines) - documented


def test_every_journey_is_in_the_table_with_its_lines():
    assert {path: int(lines) for path, lines in TABLE} == {
        f"examples/journeys/{file.name}": by_hand(file.read_text()) for file in JOURNEYS.glob("*.py")
    }


@pytest.mark.parametrize("file", sorted(JOURNEYS.glob("*.py")), ids=lambda file: file.stem)
def test_journeys_end_as_they_claim(file, capsys):
    if file.stem == "pictures":
        pytest.importorskip("PIL", reason="pictures are drawn and read by pillow")
    runpy.run_path(str(file), run_name="__main__")
    assert re.search(r"^\d+\.\d s$", capsys.readouterr().out, re.M)


def test_lines_are_counted():
    assert by_hand('def journey():\n    """One."""\n\n    # two\n    return 1\n') == 2
