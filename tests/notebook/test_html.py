"""What notebooks are given: well-formed HTML that escapes names, holds no script, and tells the numbers."""

import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.check.engine.micrograd import Value
from tinygrad_edu import check, markup, nn, optim, train

EVIL = "<script>alert(1)</script>"


class Reader(HTMLParser):
    """The text of a page, with the elements that are open checked against those that are closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.words, self.tags, self.cells = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open.append(tag)
        for name, value in attributes:
            assert not name.startswith("on")
            assert "http" not in (value or "")

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.words.append(text)
        if "td" in self.open:
            self.cells.append(text)

    @property
    def text(self):
        return " ".join(self.words)


def read(shown):
    reader = Reader(shown._repr_html_())
    assert not {"script", "style", "link", "img", "iframe"} & set(reader.tags)
    return reader


def history(**columns):
    made = train.History()
    for row in zip(*columns.values()):
        made.append(dict(zip(columns, row)))
    return made


# ---- tensors -----------------------------------------------------------------------------------------------


def test_a_small_tensor_shows_its_values_and_what_made_it():
    x = tg.Tensor([[0.5, -1.0], [2.0, 0.25]], requires_grad=True)
    y = np.exp(x)
    page = read(y)
    assert "shape (2, 2), float64, made by np.exp" in page.text
    assert [float(cell) for cell in page.cells] == pytest.approx(np.exp(x.data).ravel().tolist(), rel=1e-4)
    y.sum().backward()
    page = read(x)
    assert "requires a gradient" in page.text
    assert [float(cell) for cell in page.cells[4:]] == pytest.approx(
        np.exp(x.data).ravel().tolist(), rel=1e-4
    )
    assert "details" in page.tags
    assert "a constant" in read(tg.Tensor([1])).text


def test_a_large_tensor_shows_statistics():
    values = np.random.default_rng(0).standard_normal((30, 40))
    cells = read(tg.Tensor(values)).cells
    wanted = [values.min(), values.max(), values.mean(), values.std()]
    assert [float(cell) for cell in cells[:4]] == pytest.approx(wanted, rel=1e-4)
    assert len(cells) < 100
    values[0, 0], values[0, 1], values[1] = np.nan, np.inf, 0
    page = read(tg.Tensor(values))
    assert page.cells[4:7] == ["40", "1", "1"]  # zeros, NaN, infinite
    assert all(word in page.text for word in ("zeros", "NaN", "infinite"))


@pytest.mark.parametrize(
    "values", [np.float32(2), [], np.zeros((0, 3)), [1 + 2j], np.zeros(1000, complex), [True, False],
               np.full((20, 20), np.nan), np.zeros((2, 3, 4, 5)), np.zeros((3, 0, 2)), np.arange(11)]
)  # fmt: skip
def test_every_shape_and_kind_has_a_page(values):
    assert f"shape {np.shape(values)}" in read(tg.Tensor(values)).text


def test_the_page_leaves_the_graph_as_it_is():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = np.sum(x * x)
    read(y)
    y.backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0])


# ---- modules -----------------------------------------------------------------------------------------------


def test_a_module_is_a_tree():
    inner = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU())
    page = read(nn.Sequential(inner, nn.Linear(3, 1, rng=0)))
    assert page.tags.count("details") == 2
    assert "in_features=2, out_features=3, bias=True, 9 parameters" in page.text
    assert "13 parameters" in page.text
    assert "0: Sequential" in page.text


def test_a_module_in_itself_ends():
    model = nn.Sequential(nn.Linear(1, 1, rng=0))
    model.friend = [model]
    read(model)


def test_a_summary_is_a_tree_with_shapes():
    inner = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU())
    model = nn.Sequential(inner, nn.Linear(3, 1, rng=0))
    table = nn.summary(model, np.zeros((5, 2)))
    page = read(table)
    assert page.tags.count("details") == 2
    assert "→ (5, 3), 9 parameters" in page.text
    assert "parameters: 13 (all learned), 52 bytes" in page.text
    assert str(table).startswith("layer")


# ---- trainings and checks ----------------------------------------------------------------------------------


def test_a_history_has_curves_and_a_table():
    page = read(history(loss=[4.0, 2.0, 1.0], val_loss=[5.0, np.nan, 3.0], accuracy=[0.1, 0.2, 0.3]))
    assert page.tags.count("svg") == 2
    assert page.tags.count("polyline") == 2  # the validation's two numbers are no line
    assert page.tags.count("circle") == 2
    assert page.cells[:4] == ["1", "4", "5", "0.1"]
    curve = markup.curves({"loss": [4.0, 2.0, 1.0]})
    points = re.findall(r'points="([^"]*)"', curve)
    assert re.findall(r">([^<>]+)</text>", curve) == ["1", "2", "3", "4", "1", "2", "3"]  # round numbers
    (x0, y0), (x1, y1), (x2, y2) = (map(float, pair.split(",")) for pair in points[0].split())
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert y1 - y0 == pytest.approx(2 * (y2 - y1), rel=1e-2)


@pytest.mark.parametrize(
    "loss",
    [[], [1.0], [2.0, 2.0], [np.nan], [np.inf, 1.0, -np.inf], [0.5] * 1000, [-1e308, 1e308], [0.0, 5e-324]],
)
def test_every_history_has_a_page(loss):
    read(history(loss=loss))


def test_names_are_escaped():
    page = read(history(**{EVIL: [1.0, 2.0], "loss": [1.0, 2.0]}))
    assert EVIL in page.text
    Odd = type(EVIL, (nn.Module,), {"extra_repr": lambda self: EVIL})
    assert read(nn.Sequential(Odd())).text.count(EVIL) == 2
    assert EVIL in read(nn.summary(Odd())).text
    assert EVIL in read(check.Report(1, 2, 0.0, (EVIL,))).text


def test_a_check_has_a_page():
    page = read(tg.gradcheck(np.exp, np.array([0.5, -1.0])))
    assert page.cells[0] == "2"


def test_a_report_of_an_engine_has_a_page():
    page = read(check.check_engine(Value, examples=3, without=["iadd"]))
    assert "nothing is wrong" in page.text
    assert "the engine has no +=" in page.text


# ---- training in a notebook --------------------------------------------------------------------------------


def test_progress_shows_itself_in_a_notebook(monkeypatch, capsys):
    from tinygrad_edu.train import progress

    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    model, x = nn.Linear(1, 1, rng=0), np.ones((4, 1), np.float32)
    train.fit(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), (x, x), epochs=1)
    assert "epoch 1/1: loss" in capsys.readouterr().err
