"""The sdist and the wheel are whole, and the same bytes whoever builds them; one place holds the version."""

import ast
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import tinygrad_edu as tg
from tests.helpers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EPOCH = "1700000000"
needs_hatchling = pytest.mark.skipif(
    not __import__("importlib.util").util.find_spec("hatchling"), reason="needs the extra release: hatchling"
)


def built(source, target):
    """The sdist and the wheel of a folder of sources."""
    environment = os.environ | {"SOURCE_DATE_EPOCH": EPOCH}
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(target)]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (sdist,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    return sdist, wheel


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The sdist and wheel of this checkout, and the folder that the sdist unpacks to."""
    folder = tmp_path_factory.mktemp("release")
    sdist, wheel = built(ROOT, folder / "dist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return sdist, wheel, unpacked


@needs_hatchling
def test_two_builds_are_the_same_bytes(release, tmp_path):
    """The second one is of the unpacked sdist: in another folder, with other times, without git."""
    sdist, wheel, unpacked = release
    for file in unpacked.rglob("*"):
        os.utime(file, (1, 1))
    again = built(unpacked, tmp_path / "again")
    assert [path.name for path in again] == [sdist.name, wheel.name]
    assert [digest(path) for path in again] == [digest(sdist), digest(wheel)]


@needs_hatchling
def test_the_sdist_has_every_file_of_the_repository(release):
    *_, unpacked = release
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no checkout of git: there is no list of its files")
    tracked = set(filter(None, listed.stdout.split("\0")))
    held = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert tracked - held == set()
    assert held - tracked <= {"PKG-INFO"} | set(_untracked())


def _untracked():
    """New files, which are not ignored."""
    command = ["git", "ls-files", "-z", "--others", "--exclude-standard"]
    return filter(None, subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.split("\0"))


@needs_hatchling
def test_the_wheel_has_the_package_and_nothing_else(release):
    _, wheel, unpacked = release
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode()
    package = {
        str(path.relative_to(unpacked)) for path in (unpacked / "tinygrad_edu").rglob("*") if path.is_file()
    }
    assert {name for name in names if ".dist-info/" not in name} == package
    assert {"tinygrad_edu/py.typed", "tinygrad_edu/functions.pyi"} <= package
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert f"\nVersion: {tg.__version__}\n" in text
    assert "\nLicense-Expression: MIT\n" in text
    for extra in PROJECT["project"]["optional-dependencies"]:
        assert f"\nProvides-Extra: {extra}\n" in text


@needs_hatchling
def test_the_tests_run_from_the_sdist(release):
    *_, unpacked = release
    environment = os.environ | {"PYTHONPATH": str(unpacked), "PYTHONDONTWRITEBYTECODE": "1"}

    def pytest_in(folder, *arguments):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        there = environment | {"PYTHONPATH": str(folder)}
        done = subprocess.run(command, cwd=folder, env=there, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    names = [
        {line for line in pytest_in(folder, "--collect-only", "tests").splitlines() if "::" in line}
        for folder in (ROOT, unpacked)
    ]
    assert len(names[0]) > 10_000
    assert names[0] == names[1]
    assert "passed" in pytest_in(unpacked, "tests/core/test_tensor.py", "tests/core/test_house.py")


# ---- the version, and what names it ------------------------------------------------------------------------


def test_one_place_holds_the_version():
    assert "version" in PROJECT["project"]["dynamic"]
    assert "version" not in PROJECT["project"]
    place = ROOT / PROJECT["tool"]["hatch"]["version"]["path"]
    assigned = [
        ast.literal_eval(node.value)
        for node in ast.walk(ast.parse(place.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"
    ]
    assert assigned == [tg.__version__]
    others = [ROOT / "CITATION.cff", ROOT / "README.md", *(ROOT / ".github").rglob("*.yml")]
    assert not [file.name for file in others if tg.__version__ in file.read_text(encoding="utf-8")]


def test_the_changelog_has_a_section_for_every_version():
    """Of a version in development the top one is Unreleased; those below go down to the first."""
    versions = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    pattern = re.compile(r"(\d+)\.(\d+)\.(\d+) \(\d{4}-\d\d-\d\d\)")
    numbered = [
        tuple(map(int, pattern.fullmatch(name).groups())) for name in versions if name != "Unreleased"
    ]
    assert numbered == sorted(set(numbered), reverse=True)
    own = tuple(map(int, re.match(r"(\d+)\.(\d+)\.(\d+)", tg.__version__).groups()))
    if ".dev" in tg.__version__:
        assert versions[0] == "Unreleased"
        assert numbered[0] < own
    else:
        assert numbered[0] == own


def test_all_has_every_extra_of_users():
    """What only developers need, and a GPU's library, which is one of several, are none of it."""
    extras = PROJECT["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    named = set(re.fullmatch(r"tinygrad_edu\[(.+)\]", everything).group(1).split(","))
    developers = {"test", "notebook", "site", "types", "interchange", "lint", "release"}
    assert named == set(extras) - developers - {"gpu", "all"}


def test_the_citation_is_of_this_package():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^license: {PROJECT['project']['license']}$", text, re.MULTILINE)
    assert PROJECT["project"]["authors"][0]["name"] in text
    assert re.search(r'^title: "tinygrad_edu: ', text, re.MULTILINE)
    for key in ("cff-version", "message", "type", "abstract"):
        assert re.search(rf"^{key}: \S", text, re.MULTILINE)


def test_the_workflow_publishes_by_trust_and_no_token():
    text = Path(ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert "id-token: write" in text
    assert "secrets." not in text
    assert "pypa/gh-action-pypi-publish@" in text
