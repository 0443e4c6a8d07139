"""Notebooks are run: what cells show, how a training tells its progress, what an interrupted one leaves."""

import pytest

why = "notebooks run with the extra notebook: pip install 'tinygrad_edu[notebook]'"
nbformat = pytest.importorskip("nbformat", reason=why)
nbclient = pytest.importorskip("nbclient", reason=why)
pytest.importorskip("ipykernel", reason=why)
pytest.importorskip("matplotlib", reason=why)

pytestmark = [
    pytest.mark.notebook,
    pytest.mark.filterwarnings("ignore"),  # those of Jupyter's packages are not ours
]

CELLS = {
    "setup": """
import os, signal, sys
import numpy as np
import tinygrad_edu as tg
from tinygrad_edu import check, nn, optim, train
x = np.linspace(-1, 1, 64, dtype=np.float32).reshape(-1, 1)
model = nn.Sequential(nn.Linear(1, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))
def fit(**settings):
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return train.fit(model, nn.MSELoss(), optimizer, (x, x**2), **settings)
""",
    "tensor": "tg.Tensor([1.0, 2.0], requires_grad=True)",
    "module": "model",
    "summary": "nn.summary(model, x)",
    "gradcheck": "tg.gradcheck(np.exp, np.array([0.5]))",
    "history": "history = fit(epochs=3)\nhistory",
    "picture": "history.plot()",
    "silent": "_ = fit(epochs=2, progress=False)",
    "interrupted": """
def press(history):
    if len(history) == 2:
        os.kill(os.getpid(), signal.SIGINT)  # as the button does
history = fit(epochs=100, callbacks=[press], checkpoint="half.model")
print(history.stopped, len(history) in (2, 3), history.reason.startswith("interrupted after step"))
again = fit(epochs=4, checkpoint="half.model", resume=True)
print(again.stopped, len(again))
""",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """The outputs of all cells, by their names."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS.values()])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    folder = str(tmp_path_factory.mktemp("notebook"))
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}})
    client.execute()
    return {name: cell["outputs"] for name, cell in zip(CELLS, notebook.cells)}


def shown(outputs, kind):
    return [output["data"][kind] for output in outputs if kind in output.get("data", {})]


def printed(outputs, stream):
    return "".join(o["text"] for o in outputs if o["output_type"] == "stream" and o["name"] == stream)


@pytest.mark.parametrize(
    ("cell", "text"),
    [("tensor", "requires a gradient"), ("module", "Sequential"), ("summary", "→ (64, 1)"),
     ("gradcheck", "elements checked"), ("history", "<svg")],
)  # fmt: skip
def test_cells_show_html(outputs, cell, text):
    (page,) = shown(outputs[cell], "text/html")
    assert text in page


def test_pictures_appear(outputs):
    assert shown(outputs["picture"], "image/png")


def test_fit_tells_its_progress(outputs):
    assert "epoch 3/3" in printed(outputs["history"], "stderr")
    assert printed(outputs["silent"], "stderr") == ""


def test_an_interrupted_fit_returns_and_goes_on(outputs):
    assert printed(outputs["interrupted"], "stdout").split() == ["interrupted", "True", "True", "None", "4"]
