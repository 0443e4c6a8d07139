"""seed: as a statement, which sets the process's default at once, as a block, and as a decorator."""

import asyncio
import contextvars
import sys
import threading

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import in_thread
from tinygrad_edu import errors, nn
from tinygrad_edu.random import DEFAULT, PROCESS, generator


def draw():
    """Something random that was given no rng."""
    return tuple(nn.Linear(2, 2).weight.data.ravel().tolist())


def first(seed):
    """What the first draw from a generator with this seed is, by the layer's documented use of an rng."""
    return tuple(nn.Linear(2, 2, rng=np.random.default_rng(seed)).weight.data.ravel().tolist())


@pytest.fixture(autouse=True)
def unseeded():
    state = np.random.get_state()  # noqa: NPY002  # it is to be left alone
    yield
    tg.seed(None)
    assert np.array_equal(np.random.get_state()[1], state[1])  # noqa: NPY002
    assert DEFAULT.get() is PROCESS
    assert draw() != draw()


def test_a_statement_seeds_what_follows():
    tg.seed(0)
    a, b = draw(), draw()
    tg.seed(0)
    assert (a, b) == (draw(), draw())
    assert a == first(0) != b
    tg.seed(1)
    assert draw() == first(1)


def test_everything_without_an_rng_draws_from_it():
    x, y = np.arange(12.0).reshape(6, 2), np.arange(6)

    def draws():
        loader = tg.data.DataLoader((x, y), batch_size=2, shuffle=True)
        return [
            *tg.data.train_test_split(x, y)[:2],
            tg.dropout(np.ones(20)),
            nn.Dropout(0.5).train()(np.ones(20)),
            nn.init.orthogonal((3, 3)),
            *(batch[1] for batch in loader),
        ]

    tg.seed(3)
    expected = [np.array(a) for a in draws()]
    tg.seed(3)
    for e, d in zip(expected, draws(), strict=True):
        np.testing.assert_array_equal(np.array(d), e)


def test_None_ends_it():
    tg.seed(0)
    tg.seed(None)
    assert draw() != first(0)
    assert PROCESS.value is None


def test_threads_started_before_and_after():
    seeded, go = threading.Event(), threading.Event()
    found = []

    def before():
        seeded.wait(10)
        found.append(draw())
        go.set()

    thread = threading.Thread(target=before)
    thread.start()
    tg.seed(0)
    seeded.set()
    assert go.wait(10)
    thread.join()
    assert found == [first(0)]
    tg.seed(0)
    assert in_thread(draw) == first(0)


def test_a_statement_in_a_thread_reaches_the_others():
    in_thread(lambda: tg.seed(4) and None)
    assert draw() == first(4)


def test_two_cells_of_a_notebook():
    """Each cell of a notebook may run in a context of its own, a copy of the one in
    which the kernel was started.
    """
    namespace, kernel = {"tg": tg, "draw": draw}, contextvars.copy_context()
    for cell in ("tg.seed(0)", "a = draw()", "_ = tg.seed(0)", "b = draw()"):
        kernel.copy().run(exec, cell, namespace)  # the cells above
    assert namespace["a"] == namespace["b"] == first(0)


def test_a_cell_whose_value_is_kept_and_shown():
    shown = []
    hook, sys.displayhook = sys.displayhook, shown.append
    try:
        exec(compile("tg.seed(0)", "<cell>", "single"), {"tg": tg})  # noqa: S102  # a cell
    finally:
        sys.displayhook = hook
    assert repr(shown[0]) == "seed(0)"
    assert draw() == first(0)


def test_a_block_leaves_the_process_as_it_was():
    with tg.seed(1) as rng:
        assert isinstance(rng, np.random.Generator)
        assert draw() == first(1)
        assert in_thread(lambda: PROCESS.value) is None
        assert in_thread(draw) != first(1)
    assert PROCESS.value is None


def test_a_block_in_a_seeded_process():
    tg.seed(0)
    with tg.seed(1):
        assert draw() == first(1)
        assert in_thread(draw) == first(0)
    tg.seed(0)
    with tg.seed(1):
        draw()
    assert draw() == first(0)  # a block uses nothing up


def test_blocks_in_blocks():
    with tg.seed(1):
        a = draw()
        with tg.seed(2):
            assert draw() == first(2)
            with tg.seed(None):
                assert draw() not in (a, first(0), first(1), first(2))
        b = draw()
    with tg.seed(1):
        assert (a, b) == (draw(), draw())


def test_a_statement_in_a_block_holds_for_its_rest_and_for_the_process():
    with tg.seed(1):
        tg.seed(2)
        assert draw() == first(2)
        with tg.seed(3):
            assert draw() == first(3)
        tg.seed(2)
        assert in_thread(draw) == first(2)
        assert draw() != first(2)  # it is one generator
        tg.seed(2)
    assert draw() == first(2)


def test_restored_after_an_exception():
    with pytest.raises(KeyError), tg.seed(0):
        raise KeyError
    assert DEFAULT.get() is PROCESS
    assert PROCESS.value is None


def test_one_object_for_several_blocks():
    zero = tg.seed(0)
    with zero:
        assert draw() == first(0)
        with zero:
            assert draw() == first(0)
        assert draw() != first(0)
    with zero:
        assert draw() == first(0)
    assert PROCESS.value is None


def test_blocks_entered_in_another_order_than_called():
    one, two = tg.seed(1), tg.seed(2)
    assert draw() == first(2)
    with one:
        with two:
            assert draw() == first(2)
        assert PROCESS.value is None
        assert draw() == first(1)


@pytest.mark.parametrize("statement", [None, 7])
def test_blocks_of_many_threads_at_once(statement):
    """A call and its block are two steps; between them, other threads may have taken theirs."""
    tg.seed(statement)
    kept = PROCESS.value
    barrier, wrong = threading.Barrier(8), []

    def work(seed):
        barrier.wait(10)
        for _ in range(100):
            with tg.seed(seed) as rng:
                if rng.random() != np.random.default_rng(seed).random() or generator(None) is not rng:
                    wrong.append(seed)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    assert PROCESS.value is kept


def test_statements_do_not_pile_up():
    for seed in range(50):
        tg.seed(seed)
    assert len(PROCESS._calls) <= 2


def test_as_a_decorator():
    @tg.seed(5)
    def drawing():
        """Draws."""
        return draw()

    assert drawing.__doc__ == "Draws."
    assert PROCESS.value is None
    assert drawing() == drawing() == first(5)
    assert DEFAULT.get() is PROCESS


def test_a_decorated_generator_goes_on_with_its_numbers():
    @tg.seed(5)
    def drawing():
        yield draw()
        yield draw()

    rng = np.random.default_rng(5)
    expected = [tuple(nn.Linear(2, 2, rng=rng).weight.data.ravel().tolist()) for _ in range(2)]
    assert list(drawing()) == expected
    one, two = drawing(), drawing()
    assert [next(one), next(two), next(one), next(two)] == [
        expected[0],
        expected[0],
        expected[1],
        expected[1],
    ]
    assert DEFAULT.get() is PROCESS


def test_coroutines_have_generators_of_their_own():
    @tg.seed(5)
    async def inside():
        await asyncio.sleep(0)
        return draw()

    async def block(seed):
        with tg.seed(seed):
            await asyncio.sleep(0)
            a = draw()
            await asyncio.sleep(0)
        return a

    async def main():
        return await asyncio.gather(inside(), block(6), inside(), block(7))

    assert asyncio.run(main()) == [first(5), first(6), first(5), first(7)]
    with pytest.raises(TypeError, match=r"seed\(5\) cannot decorate an async generator"):

        @tg.seed(5)
        async def asynchronous():
            yield 1


def test_a_generator_that_is_closed_elsewhere():
    def steps():
        with tg.seed(0):
            yield

    inside = steps()
    contextvars.copy_context().run(next, inside)
    inside.close()
    assert DEFAULT.get() is PROCESS


@pytest.mark.parametrize("wrong", ["0", -1, 1.5, True, draw, [-1]])
def test_a_wrong_seed_changes_nothing(wrong):
    tg.seed(0)
    with pytest.raises(
        errors.ArgumentError, match=r"seed: expected a seed that is an integer, 0 or larger, .*; got "
    ):
        tg.seed(wrong)
    assert draw() == first(0)


def test_what_NumPy_takes():
    for value in (3, np.int64(3), [1, 2], np.random.SeedSequence(5), np.random.PCG64(2)):
        expected = np.random.default_rng(
            value if not isinstance(value, np.random.PCG64) else np.random.PCG64(2)
        ).random()
        tg.seed(value)
        assert generator(None).random() == expected
    rng = np.random.default_rng(0)
    with tg.seed(rng) as given:
        assert given is rng


def test_a_training_resumes_with_the_process_seeded(tmp_path):
    def trained(epochs, **settings):
        tg.seed(4)
        model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.3), nn.Linear(4, 1))
        x = np.arange(12.0, dtype=np.float32).reshape(4, 3) / 12
        tg.train.fit(
            model,
            nn.MSELoss(),
            tg.optim.SGD(model.parameters(), lr=0.1),
            (x, x[:, :1]),
            epochs=epochs,
            **settings,
        )
        return model[0].weight.data.tobytes()

    whole = trained(4, progress=False)
    trained(2, checkpoint=tmp_path / "run", progress=False)
    assert trained(4, checkpoint=tmp_path / "run", resume=True, progress=False) == whole
