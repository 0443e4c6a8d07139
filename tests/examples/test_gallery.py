"""The gallery makes a picture of every function of plot, and those
that lie in the folder are what the index names.
"""

import importlib.util
import re

import pytest

from tests.helpers import ROOT, printed, python
from tinygrad_edu import plot

SCRIPT, PICTURES = ROOT / "examples" / "gallery.py", ROOT / "examples" / "pictures" / "plot"
DRAWING = {name for name in plot.__all__ if name not in ("PALETTE", "check_path", "save")}


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_index_names_every_function_and_every_picture(gallery):
    index = plot.__doc__[plot.__doc__.index("====") :]
    assert set(re.findall(r"`(\w+)`", index)) == set(plot.__all__)
    named = set(re.findall(r"(\w+)\.png", index))
    assert named == set(gallery.PICTURES)
    # It shares one with curves.
    assert {name.replace("LiveLoss", "live_loss") for name in DRAWING} == named | {"loss_curve"}


def test_the_pictures_of_the_folder_are_those_and_small(gallery):
    sizes = {path.stem: path.stat().st_size for path in PICTURES.glob("*.png")}
    assert sizes.keys() == gallery.PICTURES.keys()
    assert max(sizes.values()) < 150_000
    assert sum(sizes.values()) < 700_000


def test_the_gallery_makes_them_all(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    printed(SCRIPT, "--out", tmp_path / "new", "--dpi", 30)
    made = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert made == sorted(path.name for path in PICTURES.glob("*.png"))


def test_an_unknown_picture_is_refused(tmp_path):
    done = python(SCRIPT, "none", "--out", tmp_path / "new")
    assert done.returncode == 2
    assert "there is no picture 'none'; expected curves, " in done.stderr
    assert not (tmp_path / "new").exists()
