"""The program of the page about PyTorch's models prints what it says, given a file that PyTorch wrote."""

import re
import shutil

import numpy as np

from tests.helpers import ROOT, printed
from tests.oracle.frozen import FOLDER

PAGE = (ROOT / ".github" / "PYTORCH.md").read_text(encoding="utf-8")
CHECK = """
with np.load("networks.npz") as file:
    print(np.abs(model(file["cnn input"]).data - file["cnn output"]).max() < 1e-5)
"""


def test_the_program_prints_what_the_page_says_and_the_model_computes_what_pytorch_computed(tmp_path):
    program = "".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    expected = "".join(re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL))
    shutil.copy(FOLDER / "saved" / "cnn.pth", tmp_path)
    shutil.copy(FOLDER / "networks.npz", tmp_path)
    assert printed("-c", program + CHECK, folder=tmp_path) == expected + "True\n"
    with np.load(FOLDER / "networks.npz") as file:
        assert np.abs(file["cnn output"]).max() > 0.1
