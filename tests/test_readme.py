"""The README's programs print what the README says."""

import contextlib
import io
import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n((?:(?!```).)*)```\n\n```text\n(.*?)```", README, re.DOTALL)


def test_there_are_four_programs():
    assert len(PROGRAMS) == 4


@pytest.mark.parametrize(("program", "printed"), PROGRAMS)
def test_prints_what_it_says(program, printed):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(program, {})  # noqa: S102  # the README's own code
    assert output.getvalue() == printed
