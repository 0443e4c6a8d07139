"""Each of the 29 systems begins with its network, and stands in the index with its original and a picture;
examples choose the number of threads before they import NumPy, and respect what the user has set.
"""

import ast
import os
import re
import subprocess
import sys

import pytest

from tests.helpers import ROOT

EXAMPLES = ROOT / "examples"
SYSTEMS = sorted((EXAMPLES / "systems").glob("[0-9][0-9]_*.py"))
LINE = "# ---- measured beside the original "
SCRIPTS = [path for path in sorted(EXAMPLES.rglob("*.py")) if "site" not in path.parts]
THREADED = [path for path in SCRIPTS if "OPENBLAS_NUM_THREADS" in path.read_text(encoding="utf-8")]


def names(nodes):
    """What functions, classes and constants are called."""
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (part.id for part in ast.walk(node.targets[0]) if isinstance(part, ast.Name))


@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: path.stem)
def test_the_network_stands_above_the_line_and_what_measures_it_below(path):
    text = path.read_text(encoding="utf-8")
    assert text.count(LINE) == 1
    at = text[: text.index(LINE)].count("\n") + 1
    tree = ast.parse(text).body
    above, below = ([n for n in tree if (n.lineno < at) == first] for first in (True, False))
    code = "\n".join(ast.unparse(n) for n in above if not isinstance(n, (ast.Import, ast.ImportFrom)))
    assert re.search(r"nn\.(Sequential|Linear|Module|Parameter)|tg\.(Tensor|value_and_grad|grad)", code)
    assert not re.search(r"\bRow\(|matplotlib|\bsave_picture|\bshow\(", code)
    assert "run" in set(names(below))
    assert len(code.splitlines()) < 110


def test_the_index_has_every_script_with_its_original_and_a_picture():
    text = (EXAMPLES / "systems" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"(?m)^\| (\d+) \| \[(\w+\.py)\]\((\w+\.py)\): (.+) \| (.+) \| <img src=\"(.+?)\" alt=\"(.+?)\"", text
    )
    assert [int(number) for number, *_ in rows] == list(range(1, 30))
    assert [script for _, script, *_ in rows] == [path.name for path in SYSTEMS]
    for number, script, link, what, original, picture, alt in rows:
        assert script == link
        assert what == alt
        assert original
        assert f"/{script[:-3]}." in picture
        assert int(script[:2]) == int(number)
        assert (EXAMPLES / "systems" / picture).stat().st_size < 400_000


def test_pictures_of_systems_are_those_of_the_index():
    text = (EXAMPLES / "systems" / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"\.\./pictures/systems/([\w.]+)", text)
    assert sorted(shown) == sorted(path.name for path in (EXAMPLES / "pictures" / "systems").iterdir())


@pytest.mark.parametrize("path", THREADED, ids=lambda path: path.stem)
def test_threads_are_chosen_before_numpy_is_imported(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    chosen = next(i for i, node in enumerate(body) if "setdefault" in ast.unparse(node))
    imported = {alias.name for node in body[:chosen] if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"os"}


def test_what_the_user_has_set_is_kept():
    assert len(THREADED) > 15
    line = next(x for x in THREADED[0].read_text(encoding="utf-8").splitlines() if "setdefault(" in x)
    assert all(line in path.read_text(encoding="utf-8") for path in THREADED)
    program = f"import os\n{line}\nprint(os.environ['OPENBLAS_NUM_THREADS'])"
    clean = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}

    def threads(**set_by_user):
        done = subprocess.run(
            [sys.executable, "-c", program], env={**clean, **set_by_user}, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    assert threads() == "1"
    assert threads(OMP_NUM_THREADS="4") == "4"
    assert threads(OMP_NUM_THREADS="4", OPENBLAS_NUM_THREADS="8") == "8"
