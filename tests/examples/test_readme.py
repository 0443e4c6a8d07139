"""The README's programs print what the README says."""

import contextlib
import io
import re

import pytest

from tests.helpers import ROOT, printed

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n((?:(?!```).)*)```\n\n```text\n(.*?)```", README, re.DOTALL)


FILED = [pair for pair in PROGRAMS if "iris." in pair[0]]  # they read and write files


def test_there_are_so_many_programs():
    assert (len(PROGRAMS), len(FILED)) == (14, 2)


@pytest.mark.parametrize(("program", "printed"), [pair for pair in PROGRAMS if pair not in FILED])
def test_prints_what_it_says(program, printed):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(program, {})  # noqa: S102  # the README's own code
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
