"""What is found inside a module, once and in order, and what is refused because it would not be found,
nor trained.
"""

import copy
from collections import OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import io, nn
from tinygrad_edu.errors import ArgumentError, DTypeError


class Holder(nn.Module):
    def __init__(self, **attributes):
        vars(self).update(attributes)

    def forward(self, x):
        return x


def layer():
    return nn.Linear(1, 1, rng=0)


def leaf():
    return tg.Tensor([1.0], requires_grad=True)


# ---- found, or an error ------------------------------------------------------------------------------------

Pair = namedtuple("Pair", ["first", "second"])
FOUND = [
    list,
    tuple,
    lambda v: [v],
    lambda v: {"k": {"m": [v]}},
    lambda v: defaultdict(list, k=v),
    OrderedDict,
    lambda v: Pair(*v),
]


@pytest.mark.parametrize("wrap", FOUND)
def test_however_nested_lists_tuples_and_dicts_are_searched(wrap):
    parts = [layer(), nn.Parameter(np.ones(2))]
    module = Holder(inside=wrap(dict(enumerate(parts)) if wrap is OrderedDict else parts))
    assert {id(p) for p in module.parameters()} == {id(parts[0].weight), id(parts[0].bias), id(parts[1])}
    assert set(module.state_dict()) == {name for name, _ in module.named_parameters()}


def objects(values):
    array = np.empty(len(values), object)
    for i, value in enumerate(values):
        array[i] = value
    return array


HIDDEN = [
    set,
    frozenset,
    deque,
    objects,
    UserList,
    lambda v: UserDict(enumerate(v)),
    lambda v: MappingProxyType(dict(enumerate(v))),
]
HIDDEN += [
    lambda v: dict.fromkeys(v, 1),
    lambda v: {("a", v[0])},
    lambda v: [{"k": set(v)}],
    lambda v: objects([[v[0]], 1]),
]


@pytest.mark.parametrize("wrap", HIDDEN)
@pytest.mark.parametrize(
    "make", [layer, lambda: nn.Parameter(np.ones(1)), leaf, lambda: nn.Sequential(layer())]
)
def test_what_hides_parameters_is_refused_by_its_path(wrap, make):
    module = nn.Sequential(Holder(inside=wrap([make(), make()])))
    for ask in (
        module.parameters,
        module.modules,
        module.named_buffers,
        module.state_dict,
        module.eval,
        module.zero_grad,
    ):
        with pytest.raises(ArgumentError, match=r"^0\.inside.* is not found, and would not be trained"):
            list(ask())
    assert repr(module).startswith("Sequential(")


@pytest.mark.parametrize("wrap", [set, deque, objects, lambda v: dict.fromkeys(v, 1)])
def test_other_things_may_lie_anywhere(wrap):
    assert list(Holder(inside=wrap(["a", 2, ("b", 3)]), text="ab", numbers=np.ones(3)).parameters()) == []


@pytest.mark.parametrize("wrap", [lambda t: t, lambda t: [t], lambda t: {"k": (t,)}])
def test_a_leaf_that_requires_gradients_is_a_parameter_or_an_error(wrap):
    with pytest.raises(
        ArgumentError,
        match=r"^w.* is a Tensor that requires gradients, and no Parameter.*\n.*nn\.Parameter.*detach",
    ):
        list(Holder(w=wrap(leaf())).parameters())
    with pytest.raises(ArgumentError, match="is a Buffer that requires gradients"):
        list(Holder(w=wrap(nn.Buffer(np.ones(2)).requires_grad_())).parameters())
    for harmless in (tg.Tensor([1.0]), leaf() * 2, nn.Buffer([1.0])):
        assert list(Holder(w=wrap(harmless)).parameters()) == []
    frozen = nn.Parameter([1.0])
    assert [p is frozen for p in Holder(w=wrap(frozen)).freeze().unfreeze().parameters()] == [True]


def test_an_error_in_a_module_with_refused_insides_stays_that_error():
    with pytest.raises(tg.TinygradError, match="expects 1 features"):
        nn.Sequential(layer(), Holder(w=leaf()))(np.ones((2, 3)))


# ---- cycles and what is shared -----------------------------------------------------------------------------


class Child(nn.Module):
    def __init__(self, parent):
        self.parent, self.layer = parent, nn.Linear(2, 2, rng=0)


class Parent(nn.Module):
    def __init__(self):
        self.scale = nn.Parameter(np.ones(2, np.float32))
        self.children_ = [Child(self)]
        self.again = self.children_[0]

    def forward(self, x):
        return self.again.layer(x) * self.scale


def test_a_child_that_knows_its_parent():
    parent = Parent()
    names = ["scale", "children_.0.layer.weight", "children_.0.layer.bias"]
    assert [name for name, _ in parent.named_parameters()] == list(parent.state_dict()) == names
    assert [name for name, _ in parent.named_modules()] == ["", "children_.0", "children_.0.layer"]
    assert [name for name, _ in parent.named_children()] == ["children_.0"]
    assert [p is parent.scale for p in parent.parameters(recurse=False)] == [True]
    assert repr(parent) == (
        "Parent(\n  (children_.0): Child(\n    (parent): Parent(…)\n    (layer): Linear(in_features=2, "
        "out_features=2, bias=True)\n  )\n)"
    )
    assert "parameters: 8 (all learned)" in nn.summary(parent, np.ones((3, 2)))
    twin = copy.deepcopy(parent)
    assert twin.again.parent is twin
    assert twin.again is twin.children_[0]
    assert {id(p) for p in twin.parameters()}.isdisjoint(map(id, parent.parameters()))
    assert {p.dtype for p in twin.to(np.float64).parameters()} == {np.dtype(float)}
    twin.load_state_dict(parent.state_dict())
    gradient = tg.grad(lambda m: np.sum(m(np.ones((1, 2), np.float32))))(parent)
    assert gradient.scale.shape == (2,)


def test_a_list_in_itself():
    layers = [layer()]
    layers.append(layers)
    assert [name for name, _ in Holder(layers=layers).named_children()] == ["layers.0"]
    assert len(list(Holder(layers=layers).parameters())) == 2


def test_what_is_shared_at_every_level_is_shown_once():
    module = nn.Sequential(layer())
    for _ in range(40):
        module = nn.Sequential(module, module)
    assert len(repr(module)) < 20_000
    assert len(list(module.modules())) == 42


def test_a_deep_module_is_no_deep_recursion():
    module = nn.Sequential(layer())
    for _ in range(5000):
        module = Holder(inside=[module])
    assert len(list(module.parameters())) == 2


def test_a_list_of_layers_shows_in_the_repr():
    assert repr(Holder(layers=[nn.ReLU(), [nn.Tanh()]], by_name={"a": nn.Identity()})) == (
        "Holder(\n  (layers.0): ReLU()\n  (layers.1.0): Tanh()\n  (by_name.a): Identity()\n)"
    )


def test_a_repr_of_its_own_is_kept():
    class Named(nn.Linear):
        def __repr__(self):
            return "mine"

    assert repr(nn.Sequential(Named(1, 1))) == "Sequential(\n  (0): mine\n)"


# ---- states ------------------------------------------------------------------------------------------------


def test_a_state_is_a_dict(tmp_path):
    module = layer()
    io.save_safetensors(tmp_path / "m.safetensors", module)
    loaded = io.load_safetensors(tmp_path / "m.safetensors")
    with pytest.raises(
        ArgumentError, match=r"got a tuple of 2\. Take the first: arrays, metadata = io\.load_safetensors"
    ):
        module.load_state_dict(loaded)
    module.load_state_dict(loaded[0])
    for wrong in (module, [np.ones(1)], None, "m.safetensors"):
        with pytest.raises(ArgumentError, match="a state is a dict of arrays by path"):
            module.load_state_dict(wrong)


@given(st.permutations(range(4)))
def test_a_state_may_be_made_of_the_parameters_themselves(order):
    module = Holder(w=[nn.Parameter([float(i)]) for i in range(4)])
    module.load_state_dict({f"w.{i}": module.w[k].data for i, k in enumerate(order)})
    assert [p.item() for p in module.w] == order


def test_a_state_is_taken_whatever_shape_a_parameter_has_by_then():
    module = layer()
    module.weight.data = np.ones((5, 2), np.float32)
    state = module.state_dict()
    assert state["weight"].shape == (5, 2)
    module.load_state_dict(state)


# ---- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        *{
            "Dense": "nn.Linear",
            "Conv2D": "nn.Conv2d",
            "MaxPooling2D": "nn.MaxPool2d",
            "BatchNormalization": "nn.BatchNorm1d",
        }.items(),
        *{
            "relu": "nn.ReLU",
            "Relu": "nn.ReLU",
            "LeakyRelu": "nn.LeakyReLU",
            "MSE": "nn.MSELoss",
            "cross_entropy": "nn.CrossEntropyLoss",
        }.items(),
        *{
            "MultiHeadAttention": "nn.MultiheadAttention",
            "Swish": "nn.SiLU",
            "Poisson": "nn.PoissonNLLLoss",
            "TripletMarginWithDistanceLoss": "tinygrad_edu.relu",
            "BinaryCrossentropy": "nn.BCEWithLogitsLoss",
        }.items(),
        *{
            "functional": "tinygrad_edu.relu",
            "Adam": "tinygrad_edu.optim",
            "Lambda": "nn.Sequential",
            "Conv3d": "images",
            "LPPool3d": "images",
            "ZeroPadding2D": "nn.ZeroPad2d",
            "SpatialDropout1D": "nn.Dropout1d",
            "MaxUnpool2d": "define_a_layer",
            "CTCLoss": "an op with a rule",
            "EmbeddingBag": "nn.Embedding",
        }.items(),
    ],
)
def test_names_of_other_frameworks_lead_to_ours(name, ours):
    with pytest.raises(AttributeError, match=rf"'tinygrad_edu\.nn' has no attribute '{name}'\. .*{ours}"):
        getattr(nn, name)


def test_every_name_that_is_recommended_exists():
    from tinygrad_edu.nn.names import LAYERS

    for ours in LAYERS.values():
        assert hasattr(nn, ours.split("(")[0].split(",")[0]), ours
    with pytest.raises(AttributeError, match=r"has no attribute 'nonsense'\.$"):
        nn.nonsense  # noqa: B018


@pytest.mark.parametrize("device", ["cuda", "cpu", "gpu:0", object()])
def test_there_are_no_devices(device):
    with pytest.raises(DTypeError, match=r"(?s)Linear\.to: a dtype is expected.*framework for the CPU"):
        layer().to(device)
    for call in ("cuda", "cpu"):
        with pytest.raises(AttributeError, match="framework for the CPU"):
            getattr(layer(), call)


def test_methods_of_other_frameworks_and_missing_attributes():
    class Broken(Holder):
        @property
        def size(self):
            return self.not_there

    for name, said in {
        "half": r"np\.float16",
        "fit": r"train\.fit",
        "register_buffer": r"nn\.Buffer",
        "nothing": "no attribute 'nothing'",
    }.items():
        with pytest.raises(AttributeError, match=said):
            getattr(layer(), name)
    with pytest.raises(AttributeError, match="not_there"):
        _ = Broken().size
    assert not hasattr(layer(), "requires_grad")


@pytest.mark.parametrize("name", ["traning", "trainig", "trainning", "trainnig", "Training", "is_training"])
def test_slips_of_the_pen_in_training_are_refused(name):
    with pytest.raises(AttributeError, match=f"Linear has no {name}: the mode is called training"):
        setattr(layer(), name, False)


def test_methods_are_not_overwritten_by_values():
    module = layer()
    for name in ("train", "eval", "parameters", "modules", "to"):
        with pytest.raises(AttributeError, match=f"{name} is a method of Linear"):
            setattr(module, name, False)
    with pytest.raises(
        AttributeError, match=r"no requires_grad, and setting it would do nothing.*freeze\(\)"
    ):
        module.requires_grad = False
    module.forward = lambda x: x
    assert module(3) == 3


@given(
    st.from_regex(r"[a-z_]{1,12}", fullmatch=True).filter(
        lambda n: not hasattr(nn.Module, n) and n != "requires_grad"
    )
)
def test_attributes_of_ones_own_are_free(name):
    module = Holder()
    setattr(module, name, 1)
    assert getattr(module, name) == 1
    module.trainings = module.layer2 = 2


def test_the_summary_shows_as_a_table():
    table = nn.summary(nn.Sequential(nn.Linear(2, 3)), np.zeros((1, 2)))
    assert repr(table) == str(table)
    assert repr(table).count("\n") == 5
