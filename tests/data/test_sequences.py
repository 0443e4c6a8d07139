"""Sequences of several lengths: padded to one, collated into batches, and a model that learns from them."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import data, errors, nn, optim, train

SAMPLES = [(np.arange(2.0 * t).reshape(t, 2), t) for t in (3, 1, 4, 2, 5)]


# ---- padding -----------------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.integers(-9, 9), max_size=5), min_size=1, max_size=5),
    st.integers(-9, 9),
    st.integers(0, 3),
)
def test_each_row_is_its_sequence_and_then_padding(sequences, value, more):
    sequences = [np.array(one, np.int16) for one in sequences]
    longest = max(map(len, sequences))
    padded, lengths = data.pad_sequences(sequences, value=value, length=longest + more)
    assert padded.dtype == np.int16
    assert padded.shape == (len(sequences), longest + more)
    assert lengths.tolist() == [len(one) for one in sequences]
    for row, one in zip(padded, sequences, strict=True):
        assert row.tolist() == one.tolist() + [value] * (longest + more - len(one))
    np.testing.assert_array_equal(data.pad_sequences(sequences, value=value)[0], padded[:, :longest])


def test_other_axes_and_dtypes_are_kept_and_nothing_is_aliased():
    one = np.ones((2, 3, 4), np.float32)
    padded, lengths = data.pad_sequences([one, one[:1], one[:0]], value=np.nan)
    assert padded.shape == (3, 2, 3, 4)
    assert padded.dtype == np.float32
    assert np.isnan(padded[1, 1:]).all()
    assert np.isnan(padded[2]).all()
    np.testing.assert_array_equal(lengths, [2, 1, 0])
    padded[...] = 0
    assert one.all()
    assert data.pad_sequences([np.float32([1]), [2.0]])[0].dtype == np.float64
    assert data.pad_sequences(tg.Tensor([[1, 2]]))[0].tolist() == [[1, 2]]
    assert data.pad_sequences([[True], []], value=False)[0].tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: data.pad_sequences([]), errors.ArgumentError, "expected at least one sequence, got none"),
        (lambda: data.pad_sequences([1, 2]), errors.ShapeError, r"sequence 0 is \(\), another \(\)"),
        (
            lambda: data.pad_sequences([np.ones((2, 3)), np.ones((2, 4))]),
            errors.ShapeError,
            r"differ in t alone; sequence 1 is \(2, 4\), another \(2, 3\)",
        ),
        (lambda: data.pad_sequences(["abc", "d"]), errors.DTypeError, "sequence 0 holds <U3"),
        (lambda: data.pad_sequences([[1, 2]], length=1), errors.ArgumentError, "at least 2; got 1"),
        (
            lambda: data.pad_sequences([np.uint8([1])], value=-100),
            errors.ArgumentError,
            "a value that uint8 has; got -100. Convert",
        ),
        (lambda: data.pad_sequences([[1]], value=0.5), errors.ArgumentError, "int64 has; got 0.5"),
        (lambda: data.pad_sequences([[1]], value=np.nan), errors.ArgumentError, "int64 has; got nan"),
    ],
)
def test_what_cannot_be_padded_says_why(call, error, message):
    with pytest.raises(error, match=f"^pad_sequences: .*{message}"):
        call()


# ---- batches -----------------------------------------------------------------------------------------------


def test_a_batch_of_sequences_with_labels():
    (x, lengths), labels = data.pad_collate(SAMPLES)
    assert x.shape == (5, 5, 2)
    assert lengths.tolist() == labels.tolist() == [3, 1, 4, 2, 5]
    ((alone, _),) = data.pad_collate([x for x, _ in SAMPLES])
    np.testing.assert_array_equal(alone, x)


def test_labels_of_steps_are_padded_with_what_the_cross_entropy_leaves_out():
    samples = [(np.ones((t, 2)), np.arange(t), np.ones(t)) for t in (1, 3)]
    _, labels, weights = data.pad_collate(samples, value=9)
    np.testing.assert_array_equal(labels, [[0, -100, -100], [0, 1, 2]])
    np.testing.assert_array_equal(weights, [[1, 0, 0], [1, 1, 1]])
    np.testing.assert_array_equal(data.pad_collate(samples, target_value=7)[1][0], [0, 7, 7])
    loss = tg.softmax_cross_entropy(np.zeros((2, 3, 3)), labels)
    np.testing.assert_allclose(loss, np.log(3))


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        ([], errors.ArgumentError, "field 0 of the samples: expected at least one sequence"),
        ([([1], 0), ([2],)], errors.ArgumentError, "equally many fields; got samples of 1 and 2"),
        ([([1], 0), (2, 1)], errors.ShapeError, r"field 0 of the samples: .*sequence 1 is \(\)"),
        ([([1], [1]), ([2], 0)], errors.ShapeError, r"field 1 of the samples: .*sequence 1 is \(\)"),
        ([([1], "a"), ([2], "b")], errors.DTypeError, "field 1 of the samples holds <U1"),
        ([([1], np.uint8([1])), ([2], np.uint8([]))], errors.ArgumentError, "field 1 .*uint8 has; got -100"),
    ],
)
def test_what_is_no_batch_of_sequences_names_the_field(samples, error, message):
    with pytest.raises(error, match=f"^pad_collate: .*{message}"):
        data.pad_collate(samples)


def test_a_loader_collates_samples_by_a_function():
    loader = data.DataLoader(SAMPLES, 2, shuffle=True, seed=1, collate_fn=data.pad_collate)
    order = loader.order(0)
    batches = list(loader)
    assert np.concatenate([labels for _, labels in batches]).tolist() == [SAMPLES[i][1] for i in order]
    for (x, lengths), labels in batches:
        assert x.dtype == np.float32
        assert x.shape == (len(labels), labels.max(), 2)
        np.testing.assert_array_equal(lengths, labels)
    assert [y.tolist() for _, y in data.DataLoader(iter(SAMPLES), 3, collate_fn=data.pad_collate)] == [
        [3, 1, 4],
        [2, 5],
    ]
    loader = data.DataLoader(SAMPLES, 5, collate_fn=partial(data.pad_collate, value=-1.0), dtype=None)
    (((x, _), _),) = loader
    assert x.dtype == np.float64
    assert (x[1, 1:] == -1).all()


def test_arrays_and_their_maps_are_collated_too():
    pairs = data.ArrayDataset(np.arange(6.0).reshape(3, 2), [0, 1, 2])
    swapped = data.DataLoader(
        pairs.map(lambda x, y: (-x, y)), 2, collate_fn=lambda rows: tuple(map(np.stack, zip(*rows)))
    )
    assert [(x.tolist(), y.tolist()) for x, y in swapped] == [
        ([[0, -1], [-2, -3]], [0, 1]),
        ([[-4, -5]], [2]),
    ]


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        ("pad", errors.ArgumentError, "collate_fn is a function of a list of samples; got 'pad'"),
        (list, errors.DTypeError, "collate_fn returns a tuple of arrays, .* got list"),
        (lambda samples: (["a"],), errors.DTypeError, "array 0 of what collate_fn returned holds <U1"),
    ],
)
def test_what_collates_nothing_is_refused(function, error, message):
    with pytest.raises(error, match=f"DataLoader: {message}"):
        list(data.DataLoader(SAMPLES, 2, collate_fn=function))


# ---- a model that learns from them -------------------------------------------------------------------------


class Reader(nn.Module):
    """Says from the last state of each sequence which of two classes it is of."""

    def __init__(self):
        self.rnn, self.head = nn.GRU(1, 8, batch_first=True, rng=0), nn.Linear(8, 2, rng=1)

    def forward(self, x, lengths):
        _, h_n = self.rnn(x, lengths=lengths)
        return self.head(h_n[0])


def test_fit_learns_which_sequences_end_above_zero():
    rng = np.random.default_rng(0)
    sequences = [rng.choice([-1.0, 1.0], (int(t), 1)) for t in rng.integers(1, 9, 96)]
    samples = [(one, int(one[-1, 0] > 0)) for one in sequences]
    loader = data.DataLoader(samples[:64], 16, shuffle=True, collate_fn=data.pad_collate)
    held_out = data.DataLoader(samples[64:], 16, collate_fn=data.pad_collate)
    model = Reader()
    history = train.fit(
        model,
        nn.CrossEntropyLoss(),
        optim.Adam(model.parameters(), lr=0.03),
        loader,
        validation=held_out,
        metrics={"accuracy": lambda targets, outputs: np.mean(outputs.argmax(1) == targets)},
        epochs=12,
    )
    assert history["val_accuracy"][-1] == 1
    assert train.evaluate(model, nn.CrossEntropyLoss(), held_out)["loss"] == history["val_loss"][-1]


def test_a_metric_that_no_batch_can_have_is_asked_of_all_of_them():
    def first_two(targets, outputs):
        if len(targets) < 5:
            raise ValueError("fewer than five")
        return 0.0

    model = Reader()
    samples = [(x[:, :1], y % 2) for x, y in SAMPLES]
    history = train.fit(
        model,
        nn.CrossEntropyLoss(),
        optim.SGD(model.parameters(), lr=0.1),
        data.DataLoader(samples, 2, collate_fn=data.pad_collate),
        metrics={"all": first_two},
        epochs=1,
    )
    assert history["all"] == [0.0]
