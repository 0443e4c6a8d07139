"""DataLoader: every sample once, orders by seed and epoch alone, places that are resumed, views,
and what it takes.
"""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import data, errors
from tinygrad_edu.data import DataLoader

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


def epoch_of(loader):
    """The labels of one epoch, batch by batch."""
    return [batch[-1].tolist() for batch in loader]


# ---- T04: every sample once --------------------------------------------------------------------------------


@given(
    n=st.integers(0, 50),
    size=st.integers(1, 60),
    shuffle=st.booleans(),
    drop=st.booleans(),
    seed=st.integers(0, 2**70),
)
def test_every_sample_once_an_epoch(n, size, shuffle, drop, seed):  # T04
    loader = DataLoader((np.arange(n),), size, shuffle=shuffle, drop_last=drop, seed=seed)
    batches = epoch_of(loader)
    seen = [i for batch in batches for i in batch]
    assert len(batches) == len(loader) == (n // size if drop else (n + size - 1) // size)
    assert [len(batch) for batch in batches] == [size] * (n // size) + [n % size] * (
        n % size > 0 and not drop
    )
    assert len(set(seen)) == len(seen) == (n // size * size if drop else n)
    assert shuffle or seen == list(range(len(seen)))
    assert loader.epoch == 1


def test_no_samples_and_batches_that_are_too_large_are_refused():  # T04
    assert list(DataLoader((np.zeros((0, 3)),))) == []
    assert len(DataLoader((np.zeros((0, 3)),))) == 0
    assert [x.shape for (x,) in DataLoader(np.zeros((3, 2)), 100)] == [(3, 2)]
    assert list(DataLoader(np.zeros((3, 2)), 100, drop_last=True)) == []
    assert list(DataLoader([], 3)) == list(DataLoader(iter([]), 3)) == []


def test_rows_of_all_arrays_stay_together():
    for x, y in DataLoader((X, Y), 3, shuffle=True):
        np.testing.assert_array_equal(x, X[y])


# ---- T02: the order is a function of seed and epoch --------------------------------------------------------


def test_the_order_depends_on_seed_and_epoch_alone():  # T02
    loader, again = (DataLoader(Y, 3, shuffle=True, seed=7) for _ in range(2))
    first = [epoch_of(loader) for _ in range(3)]
    np.random.default_rng().random(100)
    with tg.seed(1):
        second = [epoch_of(again) for _ in range(3)]
    assert first == second
    assert first[0] != first[1] != first[2] != first[0]
    assert epoch_of(DataLoader(Y, 3, shuffle=True, seed=8)) != first[0]
    again.epoch = 1
    assert epoch_of(again) == first[1]
    assert again.epoch == 2


def test_the_order_is_that_of_its_definition():  # T02
    expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence([3, 5]))).permutation(10)
    loader = DataLoader(Y, 4, shuffle=True, seed=3)
    np.testing.assert_array_equal(loader.order(5), expected)
    loader.epoch = 5
    assert np.concatenate([y for (y,) in loader]).tolist() == expected.tolist()
    assert DataLoader(Y).order(5).tolist() == list(range(10))


def test_a_seed_of_none_is_drawn_and_kept():
    loaders = [DataLoader(Y, 2, shuffle=True, seed=None) for _ in range(2)]
    assert loaders[0].seed != loaders[1].seed
    assert epoch_of(DataLoader(Y, 2, shuffle=True, seed=loaders[0].seed)) == epoch_of(loaders[0])
    with tg.seed(1):
        one = DataLoader(Y, seed=None).seed
    with tg.seed(1):
        assert DataLoader(Y, seed=None).seed == one


# ---- the place ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [lambda: (X, Y), lambda: list(zip(X, Y)), lambda: data.ArrayDataset(X, Y).map(lambda x, y: (x, y))],
)
@pytest.mark.parametrize("stop", range(9))
def test_a_loader_resumes_in_the_middle_of_an_epoch(source, stop):  # T06
    def loader():
        return DataLoader(source(), 3, shuffle=True, seed=4)

    whole = loader()
    expected = [epoch_of(whole) for _ in range(3)]
    flat = [batch for epoch in expected for batch in epoch]
    stopped, state, seen = loader(), None, []
    while state is None:
        for batch in stopped:
            seen.append(batch[-1].tolist())
            if len(seen) == stop + 1:
                state = json.loads(json.dumps(stopped.state_dict()))
                break
    resumed = loader()
    resumed.seed = 99  # the state's counts
    resumed.load_state_dict(state)
    for _ in range(3 - stop // 4):
        seen += epoch_of(resumed)
    assert seen == flat
    assert resumed.epoch == 3


def test_an_iterable_resumes_by_leaving_out_what_was_seen():
    loader = DataLoader(lambda: iter(range(7)), 2)
    next(batches := iter(loader))
    next(batches)
    resumed = DataLoader(lambda: iter(range(7)), 2)
    resumed.load_state_dict(loader.state_dict())
    assert epoch_of(resumed) == [[4, 5], [6]]
    assert epoch_of(resumed) == [[0, 1], [2, 3], [4, 5], [6]]


def test_the_state_after_the_last_batch_leaves_nothing_of_the_epoch():
    loader = DataLoader(Y, 5)
    for _ in loader:
        state = loader.state_dict()
    assert (state["epoch"], state["batch"]) == (0, 2)
    resumed = DataLoader(Y, 5)
    resumed.load_state_dict(state)
    assert epoch_of(resumed) == []
    assert resumed.epoch == 1
    assert loader.state_dict() | {"epoch": 1, "batch": 0} == loader.state_dict() == resumed.state_dict()


def test_an_abandoned_epoch_is_over():
    loader, other = (DataLoader(Y, 3, shuffle=True) for _ in range(2))
    epochs = [epoch_of(other) for _ in range(3)]
    for batch in loader:
        assert batch[0].tolist() == epochs[0][0]
        break
    assert (loader.epoch, loader.state_dict()["batch"]) == (0, 1)
    assert epoch_of(loader) == epochs[1]
    iter(loader)  # begins nothing before it is asked for a batch
    assert epoch_of(loader) == epochs[2]


def test_an_epoch_is_resumed_once():
    loader = DataLoader(Y, 4)
    loader.load_state_dict({**loader.state_dict(), "batch": 1})
    for _ in loader:
        break
    assert epoch_of(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert loader.epoch == 2


def test_two_iterations_at_once_are_two_epochs():
    loader, other = (DataLoader(Y, 5, shuffle=True) for _ in range(2))
    epochs = [epoch_of(other) for _ in range(2)]
    pairs = [(a[0].tolist(), b[0].tolist()) for a, b in zip(loader, loader)]
    assert pairs == list(zip(*epochs))


def test_a_state_that_does_not_fit_changes_nothing():
    loader = DataLoader(Y, 3, shuffle=True, seed=1)
    good = loader.state_dict()
    for wrong, message in [
        ({**good, "samples": 11}, "samples: expected 10, got 11"),
        ({**good, "batch_size": 4}, "batch_size: expected 3, got 4"),
        ({**good, "shuffle": False}, "shuffle: expected True, got False"),
        ({**good, "batch": 5}, "batch: an epoch has 4 batches, got 5"),
        ({**good, "epoch": -1}, "epoch is a whole number, at least 0; got -1"),
        ({**good, "seed": "1"}, "seed is a whole number"),
        ({**good, "more": 1}, "unexpected: more"),
        ({}, "missing: seed"),
    ]:
        with pytest.raises(errors.StateError, match=message):
            loader.load_state_dict(wrong)
    assert loader.state_dict() == good


# ---- views, copies and dtypes ------------------------------------------------------------------------------


def test_batches_in_order_are_views():
    x = X.astype(np.float32)
    for a, b in DataLoader((x, Y), 3):
        assert np.shares_memory(a, x)
        assert np.shares_memory(b, Y)
        assert not a.flags.writeable
    assert x.flags.writeable
    assert not any(np.shares_memory(a, x) for a, _ in DataLoader((x, Y), 3, shuffle=True))


def test_floats_are_converted_once_and_integers_never():
    loader = DataLoader((X, Y, Y > 3, Y.astype(np.uint8), X.astype(np.float16)), 4)
    first, second = (next(iter(loader)) for _ in range(2))
    assert [a.dtype for a in first] == [np.float32, Y.dtype, bool, np.uint8, np.float32]
    assert np.shares_memory(first[0], second[0])
    assert next(iter(DataLoader(X, dtype=np.float64)))[0].dtype == np.float64
    assert np.shares_memory(next(iter(DataLoader(X, dtype=None)))[0], X)


def test_samples_and_maps_are_converted_too():
    assert next(iter(DataLoader([(1.5, 1)])))[0].dtype == np.float32
    mapped = data.ArrayDataset(X).map(lambda x: x * np.float64(2) + np.zeros(2))
    (batch,) = next(iter(DataLoader(mapped, 2)))
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch, 2 * X[:2])


def test_big_endian_arrays():
    (batch,) = next(iter(DataLoader(X.astype(">f4"), 2)))
    np.testing.assert_array_equal(batch, X[:2])
    assert batch.dtype == np.float32
    assert batch.dtype.isnative


# ---- what it takes -----------------------------------------------------------------------------------------


class Squares:
    """A dataset as people write it."""

    def __len__(self):
        return 5

    def __getitem__(self, i):
        return np.array([i, i * i], float), i


def test_datasets_of_samples_are_stacked():
    batches = list(DataLoader(Squares(), 2))
    assert [x.shape for x, _ in batches] == [(2, 2), (2, 2), (1, 2)]
    np.testing.assert_array_equal(batches[1][0], np.float32([[2, 4], [3, 9]]))
    assert batches[1][1].tolist() == [2, 3]
    shuffled = DataLoader(Squares(), 2, shuffle=True, seed=3)
    assert [i for batch in epoch_of(shuffled) for i in batch] == shuffled.order(0).tolist()


def test_iterables_are_batched_in_their_order():
    def samples():
        for i in range(5):
            yield np.full(2, i), i

    loader = DataLoader(samples, 2)
    for _ in range(2):
        assert epoch_of(loader) == [[0, 1], [2, 3], [4]]
    assert epoch_of(DataLoader(samples, 2, drop_last=True)) == [[0, 1], [2, 3]]
    assert epoch_of(DataLoader(samples(), 2)) == [[0, 1], [2, 3], [4]]
    assert loader.samples is None
    with pytest.raises(TypeError, match="how many batches"):
        len(loader)
    with pytest.raises(TypeError, match="no order"):
        loader.order(0)


def test_an_iterator_has_one_epoch():
    once = DataLoader(iter([1, 2, 3]), 2)
    assert epoch_of(once) == [[1, 2], [3]]
    with pytest.raises(
        errors.ArgumentError, match=r"epoch 1 cannot begin.*\n.*function that returns a new one"
    ):
        list(once)


def test_tensors_and_single_arrays_give_tuples():
    assert [len(batch) for batch in DataLoader(tg.Tensor(X), 5)] == [1, 1]
    x, y = next(iter(DataLoader((tg.Tensor(X, requires_grad=True), Y.tolist()), 5)))
    assert type(x) is type(y) is np.ndarray


def test_a_random_map_depends_on_seed_epoch_and_batch():
    def noisy(x, rng):
        return x + rng.random(x.shape)

    dataset = data.ArrayDataset(np.zeros(6)).map(noisy)
    first = [[b[0].tolist() for b in loader] for loader in [DataLoader(dataset, 2, seed=1)] * 2]
    again = DataLoader(dataset, 2, seed=1)
    np.random.default_rng().random()
    assert [[b[0].tolist() for b in again] for _ in range(2)] == first
    assert len({tuple(b) for epoch in first for b in epoch}) == 6
    again.load_state_dict({**again.state_dict(), "epoch": 1, "batch": 2})
    assert [b[0].tolist() for b in again] == first[1][2:]
    assert [b[0].tolist() for b in DataLoader(dataset, 2, seed=2)] != first[0]


# ---- mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, -1, 2.0, "3", None, True])
def test_wrong_batch_sizes(size):
    with pytest.raises(errors.ArgumentError, match="batch_size is a whole number, at least 1"):
        DataLoader(Y, size)


@pytest.mark.parametrize("seed", [-1, 0.5, "0"])
def test_wrong_seeds_are_refused(seed):
    with pytest.raises(errors.ArgumentError, match="seed is a whole number, at least 0"):
        DataLoader(Y, seed=seed)


def test_what_cannot_be_loaded_is_refused():
    with pytest.raises(errors.ArgumentError, match="cannot be shuffled"):
        DataLoader((i for i in range(3)), shuffle=True)
    with pytest.raises(errors.ArgumentError, match="got int"):
        DataLoader(3)
    with pytest.raises(errors.DTypeError, match="floating one; got int64"):
        DataLoader(Y, dtype=np.int64)
    with pytest.raises(
        errors.ShapeError, match=r"sample 1 has \(3,\), another \(2,\).\n.*DataLoader\(\(x, y\)\)"
    ):
        list(DataLoader([np.zeros(2), np.zeros(3)]))
    with pytest.raises(errors.ShapeError, match=r"sample 1 has \(\) and \(\), another \(\)"):
        list(DataLoader([1, (1, 2)]))
    with pytest.raises(errors.DTypeError, match="field 1 of the samples holds <U1"):
        list(DataLoader([(1, "a"), (2, "b")]))
    loader = DataLoader(Y)
    with pytest.raises(errors.ArgumentError, match="epoch is a whole number"):
        loader.epoch = -1


def test_the_repr_says_what_there_is():
    loader = DataLoader((X, Y), 4, shuffle=True, seed=3, drop_last=True)
    assert repr(loader) == (
        "DataLoader(ArrayDataset(10 samples: float32 (2,), int64 ()), 2 batches of 4, shuffled by seed 3, "
        "last short batch dropped, epoch 0)"
    )
    assert repr(DataLoader(iter([1]), 4)) == "DataLoader(list_iterator, 4, in order, epoch 0)"


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (
            {"x": X, "y": Y},
            errors.ArgumentError,
            r"got a dict; expected a tuple of its arrays: DataLoader\(\(data\['x'\], data\['y'\], …\)\)",
        ),
        (
            [{"x": X[0], "y": 1}] * 2,
            errors.DTypeError,
            r"sample 0 is a dict; expected arrays or a tuple of them: \(sample\['x'\], sample\['y'\]",
        ),
        ([(X[0], {})] * 2, errors.ArgumentError, "sample 0 is an empty dict, expected arrays in it"),
        ([(X[0], None)] * 2, errors.DTypeError, "field 1 of sample 0 is None"),
        ([None, None], errors.DTypeError, "sample 0 is None"),
        (
            [[X[0], 1]] * 2,
            errors.ShapeError,
            r"sample 0.*\n.*\n  The fields of a sample come as a tuple, \(x, y\), and not as a list",
        ),
        (
            [(np.zeros(3), 0), (np.zeros(5), 1)],
            errors.ShapeError,
            r"\(5,\) and \(\), another \(3,\) and \(\).*\n.*\n.*collate_fn=data.pad_collate",
        ),
        ([np.zeros((3, 2)), np.zeros((5, 2))], errors.ShapeError, "Sequences of several lengths"),
        (
            [(np.ma.array([1.0], mask=[True]), 1)] * 2,
            errors.DTypeError,
            "sample 0: masked arrays are not supported",
        ),
        ([([[1], [2, 3]], 1)] * 2, errors.ShapeError, "sample 0: an array has rows of one length"),
        ((np.array([object()]),), errors.DTypeError, "These are objects, among them object"),
        ((np.array(["2020-01-01"], "datetime64[D]"),), errors.DTypeError, "Times become numbers by"),
        ((np.array([1, 2.5], object),), errors.DTypeError, r"\.astype\(float\)"),
        ((np.array(["a", "b"], object),), errors.DTypeError, "LabelEncoder"),
    ],
)
def test_what_is_no_sample_is_told_what_to_do(source, error, message):
    with pytest.raises(error, match=message):
        list(DataLoader(source, 2))


def test_loaders_of_others_are_told_from_samples():
    utils = pytest.importorskip("torch.utils.data")
    torch = pytest.importorskip("torch")
    dataset = utils.TensorDataset(torch.tensor(X), torch.tensor(Y))
    with pytest.raises(
        errors.ArgumentError,
        match=r"single samples; a torch DataLoader gives batches of 4\. .*DataLoader\(loader\.dataset, 4\)",
    ):
        DataLoader(utils.DataLoader(dataset, batch_size=4))
    assert epoch_of(DataLoader(dataset, 4)) == epoch_of(DataLoader((X, Y), 4))
    with pytest.raises(errors.ArgumentError, match=r"gives batches of 4.*DataLoader\(\(x, y\), 4\)"):
        DataLoader(DataLoader((X, Y), 4))


@pytest.mark.parametrize("kind", [tuple, list])
def test_batches_that_are_ready_are_told_where_to_go(kind):
    batches = [kind((X[start : start + 4], Y[start : start + 4])) for start in range(0, 10, 4)]
    for source in (batches, iter(batches), lambda: iter(batches)):
        with pytest.raises(
            errors.ShapeError,
            match=r"single samples\.  Of batches that are ready.*DataLoader\(dataset, batch_size\)",
        ):
            list(DataLoader(source, 3))
