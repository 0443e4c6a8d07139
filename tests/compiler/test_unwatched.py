"""A run that is traced is watched where code of the user's runs, and not in what notes its calls."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compiler.state.watch import Watch
from tinygrad_edu.errors import TraceError


def events_of(function, *args):
    """How often the watch of a trace is called."""
    seen, event = [], Watch._event

    def counting(self, frame, kind, argument):
        seen.append(kind)
        event(self, frame, kind, argument)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Watch, "_event", counting)
        tg.compile(function)(*args)
    return len(seen)


def repeated(operation):
    """A function that does something so many times as its argument is long."""

    def function(x):
        y = x[0]
        for k in range(len(x)):
            y = operation(x, y, k)
        return y

    return function


def written(x, y, k):
    y = y.copy()
    y[k % 2 :] = 1.0
    return y


@pytest.mark.parametrize(
    "operation",
    [lambda x, y, k: np.add(y, y), lambda x, y, k: x[k], lambda x, y, k: np.concatenate([y, y])[:4], written],
)
def test_a_call_of_numpys_is_few_events(operation):
    few, many = (events_of(repeated(operation), np.ones((n, 4))) for n in (4, 24))
    assert many - few <= 20 * 50


def test_what_numpy_calls_of_the_users_is_watched():
    def loud(row):
        print(row.shape)
        return row

    with pytest.raises(TraceError, match="prints"):
        tg.compile(lambda x: np.apply_along_axis(loud, 0, x))(np.ones((3, 2)))
