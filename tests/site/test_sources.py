"""What the site takes from elsewhere in the repository is there; this needs no Sphinx."""

import ast
import re

import pytest

from tests.helpers import ROOT

SITE = ROOT / "examples" / "site"
INCLUDED = [
    (page.relative_to(SITE).as_posix(), *line)
    for page in sorted(SITE.rglob("*.md"))
    for line in re.findall(r"^\{page\} (\S+)(?: # (.+))?$", page.read_text(encoding="utf-8"), re.MULTILINE)
]


def constant(name):
    """A constant of the extension that makes pages of scripts."""
    for statement in ast.parse((SITE / "scripts.py").read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == name:
            return ast.literal_eval(statement.value)
    raise KeyError(name)


def test_some_pages_stand_elsewhere():
    assert len(INCLUDED) >= 9


@pytest.mark.parametrize(("page", "name", "title"), INCLUDED)
def test_what_a_page_includes_is_there(page, name, title):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert title == "" or f"\n## {title}\n" in text, f"{page}: {name} has no section {title!r}"


def test_the_examples_that_run_are_there():
    assert {f"{name}.py" for name in constant("SHORT")} <= {p.name for p in (ROOT / "examples").glob("*.py")}


@pytest.mark.parametrize("folder", ["tutorials", "howto", "how"])
def test_each_script_has_its_place(folder):
    assert folder in constant("OURS")
    listed = re.findall(
        r"^   (\w+)$", (SITE / folder / "index.rst").read_text(encoding="utf-8"), re.MULTILINE
    )
    elsewhere = {"ten_minutes"}  # on the first page
    assert {script.stem for script in (SITE / folder).glob("*.py")} - elsewhere == set(listed)
