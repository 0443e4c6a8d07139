"""The live loss: every loss is in the picture, it is drawn no more often than asked,
and saved whatever happens.
"""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, plot, train
from tinygrad_edu.errors import ArgumentError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
from matplotlib import pyplot as plt  # noqa: E402  # after the choice of the backend


def points(live):
    return live.ax.lines[0].get_xydata().tolist()


def test_losses_of_every_kind_are_drawn_with_the_target():
    live = plot.LiveLoss(target=0.25, every=0)
    history = train.History()
    history.append({"loss": 0.5})
    for loss in (2.0, np.float32(1.5), tg.Tensor(1.0, requires_grad=True), history):
        assert live(loss) is None
    assert live.losses == [2, 1.5, 1, 0.5]
    assert points(live) == [[1, 2], [2, 1.5], [3, 1], [4, 0.5]]
    assert set(live.ax.lines[1].get_ydata()) == {0.25}
    assert [t.get_text() for t in live.ax.get_legend().get_texts()] == ["loss", "target 0.25"]
    low, high = live.ax.get_ylim()
    assert low < 0.25
    assert high > 2
    assert plt.get_fignums() == []


def test_it_draws_no_more_often_than_asked():
    live = plot.LiveLoss(every=1000)
    for loss in (3, 2, 1):
        live(loss)
    assert points(live) == [[1, 3]]
    live.draw()
    assert points(live) == [[1, 3], [2, 2], [3, 1]]


@pytest.mark.parametrize("failure", [None, KeyboardInterrupt], ids=["done", "Ctrl-C"])
def test_the_picture_is_saved_however_the_block_ends(tmp_path, failure):
    def learn():
        with plot.LiveLoss(path=tmp_path / "loss.png", every=1000) as live:
            live(2)
            live(1)
            if failure:
                raise failure
        return live

    if failure:
        with pytest.raises(failure):
            learn()
    else:
        assert points(learn()) == [[1, 2], [2, 1]]
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_fit_calls_it_after_every_epoch():
    model, live = nn.Linear(1, 1, rng=0), plot.LiveLoss()
    x = np.ones((4, 1), np.float32)
    history = train.fit(
        model, nn.MSELoss(), tg.optim.SGD(model.parameters(), lr=0.1), (x, 2 * x), epochs=3, callbacks=[live]
    )
    assert live.losses == history["loss"]
    assert len(history) == 3


def test_a_figure_of_pyplot_is_drawn_in_its_window(monkeypatch):
    figure, ax = plt.subplots()
    calls = []
    monkeypatch.setattr(figure.canvas, "draw_idle", lambda: calls.append("draw"))
    monkeypatch.setattr(figure.canvas, "flush_events", lambda: calls.append("flush"))
    plot.LiveLoss(ax=ax)(1.0)
    assert calls == ["draw", "flush"]


def test_interactive_matplotlib_has_a_window_of_its_own():
    with plt.ion():
        live = plot.LiveLoss()
    assert plt.fignum_exists(live.ax.figure.number)


def test_a_notebook_shows_one_picture_and_updates_it(monkeypatch):
    shown = []

    class Handle:
        def update(self, figure):
            shown.append(("update", figure))

    def display(figure, display_id):
        shown.append(("new", figure))
        return Handle()

    notebook = SimpleNamespace(
        get_ipython=lambda: SimpleNamespace(kernel=object()), display=SimpleNamespace(display=display)
    )
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    live = plot.LiveLoss(every=0)
    for loss in (3, 2, 1):
        live(loss)
    assert shown == [("new", live.ax.figure), ("update", live.ax.figure), ("update", live.ax.figure)]


def test_ipython_without_a_notebook_shows_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    live = plot.LiveLoss()
    live(1)
    assert live.losses == [1]


def test_wrong_settings_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match="at least 0 seconds; got -1"):
        plot.LiveLoss(every=-1)
    with pytest.raises(ArgumentError, match="there is no folder"):
        plot.LiveLoss(path=tmp_path / "none" / "a.png")
