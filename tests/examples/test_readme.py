"""The README's programs print what the README says."""

import contextlib
import importlib.util
import io
import linecache
import re
import sys
from types import SimpleNamespace

import pytest

from tests.helpers import ROOT, printed

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n((?:(?!```).)*)```\n\n```text\n(.*?)```", README, re.DOTALL)


FILED = [pair for pair in PROGRAMS if "iris." in pair[0]]  # they read and write files


def test_there_are_so_many_programs():
    assert (len(PROGRAMS), len(FILED)) == (15, 2)


@pytest.mark.parametrize(("program", "printed"), [pair for pair in PROGRAMS if pair not in FILED])
def test_prints_what_it_says(program, printed, monkeypatch):
    output = io.StringIO()
    lines = program.splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, "program.py", (len(program), None, lines, "program.py"))
    with contextlib.redirect_stdout(output):
        exec(compile(program, "program.py", "exec"), {})  # noqa: S102  # the README's own code
    assert output.getvalue() == printed


def test_from_a_csv_file_to_a_prediction_in_a_new_process(tmp_path):
    datasets = pytest.importorskip("sklearn.datasets")
    iris = datasets.load_iris()
    lines = [
        ",".join([*map(str, row), iris.target_names[label]]) for row, label in zip(iris.data, iris.target)
    ]
    (tmp_path / "iris.csv").write_text(
        "\n".join(["sepal length,sepal width,petal length,petal width,species", *lines])
    )
    assert sum(bool(line) for program, _ in FILED for line in program.splitlines()) < 25
    for program, expected in FILED:
        assert printed("-c", program, folder=tmp_path) == expected


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\(([^)\s]+)\)", README)
    anchors = {
        re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"(?m)^#+ (.*)$", README)
    }
    assert len(links) > 20
    for link in links:
        path, _, anchor = link.partition("#")
        if not path:
            assert anchor in anchors, link
        elif "://" not in link:
            assert (ROOT / path).exists(), link


class Hook:
    """What the hook needs of hatchling's interface, which is there only where wheels are built."""

    def __init__(self, root, config):
        self.root = root


def test_links_are_absolute_in_a_wheel_once_there_is_an_address(monkeypatch):
    interface = "hatchling.metadata.plugin.interface"
    monkeypatch.setitem(sys.modules, interface, SimpleNamespace(MetadataHookInterface=Hook))
    spec = importlib.util.spec_from_file_location("readme", ROOT / ".ci" / "readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = module.absolute(README, "https://example.org/us/it/")
    assert not re.search(r"\]\((?!https://|#)", text)
    assert "](https://example.org/us/it/raw/main/examples/pictures/drawing/explain.gif)" in text
    assert "](https://example.org/us/it/blob/main/examples/README.md#the-29-systems)" in module.absolute(
        "[x](examples/README.md#the-29-systems)", "https://example.org/us/it"
    )
    assert (
        text.replace("https://example.org/us/it/blob/main/", "").replace(
            "https://example.org/us/it/raw/main/", ""
        )
        == README
    )
    metadata = {}
    module.Readme(str(ROOT), {}).update(metadata)
    assert metadata["readme"] == {"content-type": "text/markdown", "text": README}
