"""Recurrent layers and cells: their equations written as loops, PyTorch's values, derivatives,
and what they say to wrong input.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import affordable, copies
from tinygrad_edu import errors, nn
from tinygrad_edu.ops.recurrent.elman import plain_rnn, rnn

LAYERS = {"tanh": nn.RNN, "relu": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
CELLS = {"RNN": (nn.RNNCell, nn.RNN), "LSTM": (nn.LSTMCell, nn.LSTM), "GRU": (nn.GRUCell, nn.GRU)}
every_layer = pytest.mark.parametrize("kind", LAYERS)


def make(kind, *sizes, dtype=np.float64, **settings):
    """A layer of a kind, RNNs with that nonlinearity."""
    if LAYERS[kind] is nn.RNN:
        settings["nonlinearity"] = kind
    return LAYERS[kind](*sizes, dtype=dtype, **settings)


# ---- the equations, one step of one sequence at a time -----------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(kind, x, h, c, w_ih, w_hh, b_ih, b_hh):
    """The new h and c of one sequence."""
    z, k = w_ih @ x + b_ih, w_hh @ h + b_hh
    if kind == "tanh":
        return np.tanh(z + k), c
    if kind == "relu":
        return np.maximum(z + k, 0), c
    n = len(h)
    if kind == "LSTM":
        a = z + k
        c = sigmoid(a[n : 2 * n]) * c + sigmoid(a[:n]) * np.tanh(a[2 * n : 3 * n])
        return sigmoid(a[3 * n :]) * np.tanh(c), c
    r, u = sigmoid(z[:n] + k[:n]), sigmoid(z[n : 2 * n] + k[n : 2 * n])
    return (1 - u) * np.tanh(z[2 * n :] + r * k[2 * n :]) + u * h, c


def by_hand(kind, state, x, h0, c0, directions):
    """Outputs (L, N, directions · H), h_n and c_n of all layers; x is (L, N, I),
    the states are (layers · directions, N, H).
    """
    h0, c0, outputs = h0.copy(), c0.copy(), x
    for k in range(len(h0)):
        layer, backwards = divmod(k, directions)
        if not backwards:
            x, outputs = outputs, np.zeros((*x.shape[:2], directions * h0.shape[-1]))
        suffix = f"_l{layer}" + "_reverse" * backwards
        weights = [state.get(name + suffix, 0) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        for n in range(x.shape[1]):
            for t in reversed(range(len(x))) if backwards else range(len(x)):
                h0[k, n], c0[k, n] = step(kind, x[t, n], h0[k, n], c0[k, n], *weights)
                outputs[t, n, backwards * h0.shape[-1] :][: h0.shape[-1]] = h0[k, n]
    return outputs, h0, c0


@st.composite
def configurations(draw):
    """A layer's settings, and what it is called with: x and the initial states, which may be None."""
    kind = draw(st.sampled_from(list(LAYERS)))
    settings = {name: draw(st.booleans()) for name in ("bias", "batch_first", "bidirectional")}
    steps, n, inputs, hidden, layers = (draw(st.integers(1, high)) for high in (4, 3, 3, 3, 2))
    layer = make(kind, inputs, hidden, layers, **settings, rng=draw(st.integers(0, 99)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    batched = draw(st.booleans())
    shape = (n, steps, inputs) if settings["batch_first"] else (steps, n, inputs)
    x = rng.standard_normal(shape if batched else (steps, inputs))
    count = layers * (1 + settings["bidirectional"])
    states = (
        [rng.standard_normal((count, n, hidden) if batched else (count, hidden)) for _ in "hc"]
        if draw(st.booleans())
        else None
    )
    return kind, layer, x, states


def called(layer, x, *states):
    """All that a layer returns, as a flat list; states may be none at all."""
    hx = None if not states else tuple(states[:2]) if isinstance(layer, nn.LSTM) else states[0]
    output, final = layer(x, hx)
    return [output, *(final if isinstance(layer, nn.LSTM) else [final])]


@settings(max_examples=60)
@given(configurations())
def test_layers_compute_their_equations(configuration):
    kind, layer, x, states = configuration
    directions, batched = 1 + layer.bidirectional, x.ndim == 3
    full = x[:, None] if not batched else x.swapaxes(0, 1) if layer.batch_first else x
    zeros = np.zeros((layer.num_layers * directions, full.shape[1], layer.hidden_size))
    h0, c0 = (state if batched else state[:, None] for state in states) if states else (zeros, zeros)
    outputs, h, c = by_hand(kind, layer.state_dict(), full, h0, c0, directions)
    outputs = outputs[:, 0] if not batched else outputs.swapaxes(0, 1) if layer.batch_first else outputs
    expected = [outputs] + [
        state if batched else state[:, 0] for state in ((h, c) if kind == "LSTM" else (h,))
    ]
    for mine, theirs in zip(called(layer, x, *(states or [])), expected, strict=True):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine.data, theirs, rtol=1e-9, atol=1e-13)


# ---- PyTorch's values --------------------------------------------------------------------------------------


# Of layers (2, 2, num_layers=2, bidirectional=True) whose k-th parameter is sin(1.3 · (0, 1, 2 …) + k) / 2,
# called with x = cos(0.7 · (0, 1, 2 …)) of shape (3, 2, 2): output[1], each state of the first sequence, and,
# of the loss Σ output · (0, 1, 2 …) / 10 + Σ states², the gradient of x[0] and the sum of the magnitudes of
# those of some parameters.
TORCH = {
    "tanh": (
        [
            -0.7343834255,
            -0.6905450106,
            0.7292834166,
            0.3999507195,
            -0.6602637961,
            -0.7278479404,
            0.5555813975,
            0.2398718921,
        ],
        [
            [
                0.7411151943,
                -0.4985360712,
                -0.7169224341,
                0.9541607381,
                -0.3640616482,
                -0.6943320023,
                0.3818576031,
                -0.3957171214,
            ]
        ],
        [0.2553839111, 0.2484360716, -0.2986494049, -0.4658404236],
        [0.99715045, 1.74062807, 1.74062807, 25.89660485, 3.49692918],
    ),
    "relu": (
        [0.0, 0.0, 1.1378309816, 0.3473583481, 0.0, 0.0, 0.7492893195, 0.1551674835],
        [[1.1962726045, 0.0, 0.0, 2.0321879116, 0.0, 0.0, 0.7971727065, 0.1641276779]],
        [0.6444964272, 1.5899147573, -0.387804003, -0.4897828096],
        [0.8620516, 1.50625026, 1.50625026, 39.76641856, 10.06413214],
    ),
    "LSTM": (
        [
            -0.0030228852,
            -0.1973236395,
            0.1765702528,
            0.1102265914,
            0.0026790197,
            -0.1945749516,
            0.1821182506,
            0.1087365243,
        ],
        [
            [
                0.0445474081,
                0.0905932113,
                -0.348908194,
                -0.0011319981,
                -0.026790977,
                -0.2856490887,
                0.1935926805,
                0.121715442,
            ],
            [
                0.1912154926,
                0.2647872933,
                -0.4649191709,
                -0.0026923165,
                -0.0677705523,
                -0.4560687971,
                0.5707141829,
                0.4885906961,
            ],
        ],
        [-0.2424231967, -0.1319951166, -0.6095056283, -0.1794558765],
        [0.40376661, 2.20848849, 2.20848849, 4.26244581, 1.50460036],
    ),
    "GRU": (
        [
            0.1098171319,
            -0.1532016765,
            0.4521290894,
            0.441335309,
            0.0346267438,
            -0.1564042134,
            0.5509823807,
            0.5247560999,
        ],
        [
            [
                0.0316685534,
                0.1957490113,
                -0.2397237531,
                -0.0161282413,
                0.0449040594,
                -0.2700381662,
                0.4365988515,
                0.5717903737,
            ]
        ],
        [-0.2367917502, -0.0918919654, -0.4002506823, -0.1055783001],
        [0.98285505, 3.01221189, 1.85699262, 9.2769931, 3.37280244],
    ),
}
MEASURED = ("weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l1_reverse", "weight_hh_l1_reverse")


def by_formula(module):
    """The module with parameters that a formula gives."""
    module.load_state_dict(
        {
            n: np.sin(1.3 * np.arange(v.size) + k).reshape(v.shape) / 2
            for k, (n, v) in enumerate(module.state_dict().items())
        }
    )
    return module


@every_layer
def test_layers_agree_with_pytorch(kind):
    layer = by_formula(make(kind, 2, 2, num_layers=2, bidirectional=True))
    x = tg.Tensor(np.cos(0.7 * np.arange(12)).reshape(3, 2, 2), requires_grad=True)
    output, *states = called(layer, x)
    values, ends, slopes, sums = TORCH[kind]
    np.testing.assert_allclose(output.data[1].ravel(), values, rtol=0, atol=1e-10)
    np.testing.assert_allclose([state.data[:, 0].ravel() for state in states], ends, rtol=0, atol=1e-10)
    loss = np.sum(output * np.arange(output.size).reshape(output.shape) / 10) + sum(
        np.sum(state**2) for state in states
    )
    loss.backward()
    np.testing.assert_allclose(x.grad.data[0].ravel(), slopes, rtol=0, atol=1e-9)
    gradients = {name: np.abs(p.grad.data).sum() for name, p in layer.named_parameters()}
    np.testing.assert_allclose([gradients[name] for name in MEASURED], sums, rtol=1e-7)


def test_cells_agree_with_pytorch():
    x = np.cos(0.7 * np.arange(4)).reshape(2, 2)
    h = by_formula(nn.RNNCell(2, 2, dtype=np.float64))(x)
    np.testing.assert_allclose(
        h.data.ravel(), [0.713213327, -0.4946676541, 0.2747407093, -0.3090896926], atol=1e-10
    )
    h, c = by_formula(nn.LSTMCell(2, 2, dtype=np.float64))(x)
    np.testing.assert_allclose(
        h.data.ravel(), [0.0310553987, 0.0826645771, 0.1602477749, 0.0175494311], atol=1e-10
    )
    np.testing.assert_allclose(
        c.data.ravel(), [0.1138904808, 0.2718491708, 0.4315242079, 0.0619458229], atol=1e-10
    )
    h = by_formula(nn.GRUCell(2, 2, dtype=np.float64))(x)
    np.testing.assert_allclose(
        h.data.ravel(), [0.0193258073, 0.2449417463, 0.4724624701, 0.0797332147], atol=1e-10
    )


@pytest.mark.parametrize(("layer", "rows"), [(nn.RNN, 4), (nn.LSTM, 16), (nn.GRU, 12)])
def test_states_have_pytorchs_names_and_shapes_in_its_order(layer, rows):
    expected = []
    for number, inputs in enumerate((3, 8)):
        for suffix in (f"_l{number}", f"_l{number}_reverse"):
            expected += [
                (f"weight_ih{suffix}", (rows, inputs)),
                (f"weight_hh{suffix}", (rows, 4)),
                (f"bias_ih{suffix}", (rows,)),
            ]
            expected += [(f"bias_hh{suffix}", (rows,))]
    state = layer(3, 4, num_layers=2, bidirectional=True).state_dict()
    assert [(name, value.shape) for name, value in state.items()] == expected
    assert list(layer(3, 4, bias=False).state_dict()) == ["weight_ih_l0", "weight_hh_l0"]


def test_a_projected_state_is_shorter_and_has_pytorchs_names():
    layer = nn.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2, rng=0)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    suffixes = ("_l0", "_l0_reverse", "_l1", "_l1_reverse")
    state = layer.state_dict()
    assert list(state) == [name + suffix for suffix in suffixes for name in names]
    shapes = {name: state[f"{name}_l1"].shape for name in names}
    assert shapes == dict(zip(names, [(16, 4), (16, 2), (16,), (16,), (2, 4)], strict=True))
    output, (h_n, c_n) = layer(np.ones((5, 3, 3)))
    assert (output.shape, h_n.shape, c_n.shape) == ((5, 3, 4), (4, 3, 2), (4, 3, 4))
    assert {a.dtype for a in (output, h_n, c_n)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(("cell", "rows"), [(nn.RNNCell, 4), (nn.LSTMCell, 16), (nn.GRUCell, 12)])
def test_states_of_cells_have_pytorchs_names_and_shapes(cell, rows):
    shapes = {name: value.shape for name, value in cell(3, 4).state_dict().items()}
    assert shapes == {"weight_ih": (rows, 3), "weight_hh": (rows, 4), "bias_ih": (rows,), "bias_hh": (rows,)}
    assert list(cell(3, 4, bias=False).state_dict()) == ["weight_ih", "weight_hh"]


def test_parameters_are_uniform_in_one_over_the_root_of_hidden_size():
    for module in (nn.LSTM(3, 100, 2, rng=0), nn.GRUCell(3, 100, rng=0)):
        for parameter in module.parameters():
            assert parameter.dtype == np.float32
            assert 0.09 < np.abs(parameter.data).max() <= 0.1
            assert abs(np.var(parameter.data) * 300 - 1) < 0.2
    assert not np.array_equal(nn.RNN(2, 4, rng=0).weight_hh_l0.data, nn.RNN(2, 4, rng=1).weight_hh_l0.data)
    with tg.seed(3):
        first = nn.GRU(2, 4)
    assert np.array_equal(first.weight_hh_l0.data, nn.GRU(2, 4, rng=3).weight_hh_l0.data)


# ---- derivatives -------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(configurations(), st.data())
def test_gradients_of_first_and_second_order_are_numerical(configuration, data):
    kind, layer, x, states = configuration
    if kind == "relu":
        layer = make(
            "tanh",
            layer.input_size,
            layer.hidden_size,
            layer.num_layers,
            bidirectional=layer.bidirectional,
            batch_first=layer.batch_first,
        )
    arrays = (states or [])[: len(called(layer, x)) - 1]
    report = tg.gradcheck(lambda x, *states: called(layer, x, *states), x, *arrays)
    assert report is not None
    names = [name for name, _ in layer.named_parameters()]

    def of_weights(*weights):
        for name, weight in zip(names, weights):
            vars(layer)[name] = weight  # in the place of a parameter
        return called(layer, x, *arrays)

    weights = copies(layer)
    which = {0, *data.draw(affordable(weights))}  # a single step from zeros depends on some alone
    tg.gradcheck(of_weights, *weights, argnums=sorted(which))


def test_gradcheck_of_relu_away_from_its_kink():
    layer = nn.RNN(2, 2, nonlinearity="relu", dtype=np.float64, rng=0)
    layer.load_state_dict({**layer.state_dict(), "bias_ih_l0": [3.0, -4.0], "bias_hh_l0": [0.0, 0.0]})
    x = np.random.default_rng(0).standard_normal((4, 2, 2))
    assert set(np.sign(layer(x)[0].data).ravel()) == {0.0, 1.0}
    tg.gradcheck(lambda x: called(layer, x), x)


def test_the_slope_of_relu_is_zero_at_its_kink():
    x = tg.Tensor(np.zeros((2, 1, 1)), requires_grad=True)
    h0 = np.zeros((1, 1))
    weights = [np.ones((1, 1))] * 2
    for operation in (rnn, plain_rnn):
        np.sum(operation(x, h0, *weights, None, None, "relu", None)[0]).backward()
        assert not x.grad.data.any()


def test_the_graph_has_one_operation_for_each_layer_and_direction():
    output, (_, c) = nn.LSTM(2, 3, num_layers=2, bidirectional=True)(np.ones((50, 2, 2)))
    found, waiting = set(), [np.sum(output * c.sum())._node]
    while waiting:
        if (node := waiting.pop()) not in found:
            found.add(node)
            waiting += node.parents
    assert sum(node.name == "lstm" for node in found) == 4
    assert len(found) < 100


@every_layer
def test_transforms_and_the_debug_mode_see_the_same_gradients(kind):
    layer = make(kind, 2, 3, bidirectional=True, rng=0)
    x = np.random.default_rng(0).standard_normal((4, 2, 2))
    gradient = tg.grad(lambda model: np.sum(np.sin(model(x)[0])))(layer)
    with tg.debug():
        np.sum(np.sin(layer(x)[0])).backward()
    for (name, mine), theirs in zip(gradient.named_parameters(), layer.parameters(), strict=True):
        np.testing.assert_allclose(mine.data, theirs.grad.data, rtol=1e-12, atol=1e-15, err_msg=name)


# ---- dtypes, inputs, states --------------------------------------------------------------------------------


@every_layer
def test_float32_stays_float32(kind):
    layer = make(kind, 2, 3, num_layers=2, bidirectional=True, dtype=np.float32, rng=0)
    results = called(layer, np.ones((4, 2, 2)), np.zeros((4, 2, 3)), np.zeros((4, 2, 3)))
    assert {r.dtype for r in results} == {np.dtype(np.float32)}
    sum(map(np.sum, results)).backward()
    assert {p.grad.dtype for p in layer.parameters()} == {np.dtype(np.float32)}
    assert called(layer, [[1, 2], [3, 4]])[0].dtype == np.float32
    with pytest.raises(errors.DTypeError, match="float32 parameters and got a Tensor of float64"):
        layer(tg.Tensor(np.ones((4, 2, 2)), requires_grad=True))


@every_layer
def test_without_a_batch_is_a_batch_of_one(kind):
    layer = make(kind, 2, 3, num_layers=2, bidirectional=True, batch_first=True, rng=0)
    x, h, c = (np.random.default_rng(0).standard_normal(s) for s in ((4, 2), (4, 3), (4, 3)))
    alone, (first, *ends) = called(layer, x, h, c), called(layer, x[None], h[:, None], c[:, None])
    for mine, theirs in zip(alone, [first.data[0], *(end.data[:, 0] for end in ends)], strict=True):
        np.testing.assert_array_equal(mine.data, theirs)


@every_layer
def test_a_sequence_in_two_parts_is_the_sequence(kind):
    layer = make(kind, 2, 3, num_layers=2, rng=0)
    x = np.random.default_rng(0).standard_normal((5, 2, 2))
    whole, *ends = called(layer, x)
    first, *middle = called(layer, x[:2])
    second, *last = called(layer, x[2:], *middle)
    np.testing.assert_allclose(np.concatenate([first, second]).data, whole.data, rtol=1e-12)
    for mine, theirs in zip(last, ends, strict=True):
        np.testing.assert_allclose(mine.data, theirs.data, rtol=1e-12)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("bias", [True, False])
def test_cells_step_as_their_layers_do(name, bias):
    kind, sequence = CELLS[name]
    cell, layer = kind(2, 3, bias, dtype=np.float64, rng=0), sequence(2, 3, bias=bias, dtype=np.float64)
    layer.load_state_dict({f"{key}_l0": value for key, value in cell.state_dict().items()})
    x, states = np.random.default_rng(0).standard_normal((4, 2, 2)), None
    output, final = layer(x)
    for x_t, h_t in zip(x, output.data):
        states = cell(x_t, states)
        np.testing.assert_allclose((states[0] if name == "LSTM" else states).data, h_t, rtol=1e-12)
    if name == "LSTM":
        np.testing.assert_allclose(states[1].data, final[1].data[0], rtol=1e-12)
    alone = cell(x[0, 0])
    np.testing.assert_allclose((alone[0] if name == "LSTM" else alone).data, output.data[0, 0], rtol=1e-12)
    np.sum(output).backward()
    tg.gradcheck(cell, x[0])


def test_cells_of_relu():
    cell = nn.RNNCell(2, 3, nonlinearity="relu", dtype=np.float64, rng=0)
    x, h = np.array([1.0, -2.0]), np.array([0.5, 1.0, -1.0])
    a = cell.weight_ih.data @ x + cell.bias_ih.data + cell.weight_hh.data @ h + cell.bias_hh.data
    np.testing.assert_allclose(cell(x, h).data, np.where(a > 0, a, 0), rtol=1e-12)


def test_an_empty_batch_gives_empty_outputs_and_zero_gradients():
    layer = nn.LSTM(2, 3, bidirectional=True)
    output, (h, c) = layer(np.zeros((4, 0, 2)))
    assert (output.shape, h.shape, c.shape) == ((4, 0, 6), (2, 0, 3), (2, 0, 3))
    np.sum(output).backward()
    assert not any(p.grad.data.any() for p in layer.parameters())


# ---- dropout -----------------------------------------------------------------------------------------------


def test_dropout_falls_between_the_layers_in_training_only():
    x = np.random.default_rng(0).standard_normal((4, 2, 3))
    layer, plain = nn.LSTM(3, 5, num_layers=2, dropout=0.5, rng=0), nn.LSTM(3, 5, num_layers=2)
    plain.load_state_dict(layer.state_dict())
    assert not np.array_equal(layer(x)[0].data, layer(x)[0].data)
    assert (layer(x)[0].data != 0).all()
    # The first layer's own states.
    np.testing.assert_array_equal(layer(x)[1][0].data[0], plain(x)[1][0].data[0])
    layer.eval()
    np.testing.assert_array_equal(layer(x)[0].data, plain(x)[0].data)
    twins = [nn.LSTM(3, 5, num_layers=2, dropout=0.5, rng=7)(x)[0].data for _ in range(2)]
    np.testing.assert_array_equal(*twins)


def test_dropout_of_everything_leaves_upper_layers_their_biases():
    x = np.random.default_rng(0).standard_normal((4, 2, 3))
    layer = nn.GRU(3, 5, num_layers=2, dropout=1.0, rng=0)
    np.testing.assert_array_equal(layer(x)[0].data, layer(-x)[0].data)


def test_one_layer_has_nothing_to_drop():
    layer = nn.RNN(3, 5, dropout=0.9, rng=0)
    x = np.ones((4, 2, 3))
    np.testing.assert_array_equal(layer(x)[0].data, layer.eval()(x)[0].data)


# ---- they learn --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU])
def test_gated_units_remember_the_first_of_six_inputs(layer):
    rng = np.random.default_rng(0)
    model, head = layer(1, 8, rng=1), nn.Linear(8, 2, rng=2)
    optimizer = tg.optim.Adam([*model.parameters(), *head.parameters()], lr=0.03)
    for _ in range(150):
        x = rng.standard_normal((6, 32, 1))
        loss = tg.softmax_cross_entropy(head(model(x)[0][-1]), (x[0, :, 0] > 0).astype(int))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x = rng.standard_normal((6, 500, 1))
    assert ((x[0, :, 0] > 0) == head(model(x)[0][-1]).data.argmax(-1)).mean() > 0.9


@every_layer
def test_sums_of_a_thousand_saturate_and_give_no_warning(kind):
    layer = make(kind, 2, 3, bidirectional=True, dtype=np.float32, rng=0)
    for scale in (1e3, -1e3):
        x = tg.Tensor(np.full((3, 2, 2), scale, np.float32), requires_grad=True)
        for result in called(layer, x):
            assert np.isfinite(result.data).all()
            np.sum(result).backward(retain_graph=True)
        assert np.isfinite(x.grad.data).all()
