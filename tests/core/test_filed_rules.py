"""Rules that users file for functions that exist: ufuncs of anybody's, and what honors NumPy's protocols."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf, printed
from tinygrad_edu import errors
from tinygrad_edu.table import TABLE


@pytest.fixture
def cube():
    """A ufunc of somebody else's, without rules."""
    ufunc = np.frompyfunc(lambda x: x**3, 1, 1)
    yield ufunc
    TABLE.pop(ufunc, None)


@pytest.fixture
def product():
    ufunc = np.frompyfunc(lambda x, y: x * y, 2, 1)
    yield ufunc
    TABLE.pop(ufunc, None)


def dispatching(function):
    """A function that hands calls over as NumPy asks it to, as other libraries' do."""

    def call(x, scale=1.0):
        if hasattr(x, "__array_function__") and not isinstance(x, np.ndarray):
            return x.__array_function__(call, (type(x),), (x,), {"scale": scale})
        return function(x, scale)

    return call


# ---- ufuncs ------------------------------------------------------------------------------------------------


def test_a_ufunc_differentiates_once_its_rule_is_filed(cube):
    x = leaf([1.0, 2.0])
    with pytest.raises(errors.MissingRule, match="has no derivative rule"):
        cube(x)
    tg.elementwise(cube, x=lambda g, x: g * 3 * x**2)
    np.testing.assert_array_equal(cube(x).data, [1, 8])
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(cube(x)))(x.data), [3, 12])
    np.testing.assert_array_equal(tg.hessian(lambda x: np.sum(cube(x)))(x.data), np.diag([6, 12]))
    assert tg.gradcheck(cube, x.data).elements == 2


def test_arguments_broadcast_and_bear_the_names_that_are_given(product):
    tg.elementwise(product, "x", "y", x=lambda g, y: g * y, y=lambda g, x: g * x)
    x, y = leaf([[1.0], [2.0]]), leaf([3.0, 4.0])
    product(x, y).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [[7], [7]])
    np.testing.assert_array_equal(y.grad.data, [3, 3])


def test_several_arguments_are_x1_and_so_on(product):
    tg.elementwise(product, x1=lambda g, x2: g * x2)
    assert tg.grad(lambda x: product(x, 3.0))(2.0) == 3
    with pytest.raises(errors.MissingRule, match="for its argument x2"):
        product(2.0, leaf(3.0))


def test_results_of_python_objects_become_floats_of_the_arguments_dtype(cube):
    tg.elementwise(cube, x=lambda g, x: g * 3 * x**2)
    assert cube(leaf([2.0])).dtype == np.float64
    assert cube(leaf([2.0], np.float32)).dtype == np.float32
    assert cube(np.array([2.0])).dtype == object  # of plain arrays it is what it was


def test_results_that_are_no_real_numbers_stay_what_they_are_and_are_refused():
    above, text = np.frompyfunc(lambda x: x > 1, 1, 1), np.frompyfunc(str, 1, 1)
    try:
        for ufunc, kind in ((above, errors.WrongRule), (text, errors.DTypeError)):
            tg.elementwise(ufunc, x=lambda g: g)
            with pytest.raises(kind):
                ufunc(leaf([0.5, 2.0]))
    finally:
        TABLE.pop(above, None), TABLE.pop(text, None)


def test_a_wrong_gradient_is_noticed_as_of_a_primitive(cube):
    tg.elementwise(cube, x=lambda g, x: np.ones(5))
    with pytest.raises(errors.WrongRule, match=r"vectorized.*\(5,\)"):
        cube(leaf([1.0, 2.0])).sum().backward()


# fmt: off
WRONG = [
    (lambda f: tg.elementwise(f, y=lambda g: g), r"a rule was given for 'y', but its arguments are \['x'\]"),
    (lambda f: tg.elementwise(f, x=lambda g, z: g), "asks for 'z'; it can have g, out, x, x_shape"),
    (lambda f: tg.elementwise(f, "x", "y", x=lambda g: g), "has 1 arguments; got 2 names"),
    (lambda f: tg.elementwise(f), r"No rule was given .* is tinygrad_edu\.grad"),
    (lambda f: tg.elementwise(np.sum, x=lambda g: g), r"is for ufuncs, and np\.sum is none: use tinygrad_edu"),
    (lambda f: tg.elementwise(3, x=lambda g: g), "is for ufuncs, and 3 is none"),
    (lambda f: tg.elementwise(np.matmul, x1=lambda g: g), "works on whole axes"),
    (lambda f: tg.elementwise(np.exp, x=lambda g: g), "np.exp has rules of this package, which stay"),
    (lambda f: tg.elementwise(np.exp, replace=True, x=lambda g: g), "rules of this package, which stay"),
    (lambda f: tg.composite(np.mean)(lambda a: a), "np.mean has rules of this package"),
    (lambda f: tg.composite(), r"write @composite\(function\)"),
    (lambda f: tg.derivative(3, x=lambda g: g), "Rules are filed for functions; got a int"),
    (lambda f: tg.derivative(np.busday_count), "No rule was given for np.busday_count"),
    (lambda f: tg.derivative(f, x=lambda g: g), "is a ufunc: use tinygrad_edu.elementwise"),
]
# fmt: on


@pytest.mark.parametrize(("file", "message"), WRONG)
def test_what_cannot_be_filed_is_an_error_at_once(cube, file, message):
    with pytest.raises(errors.WrongRule, match=message):
        file(cube)
    assert cube not in TABLE


def test_rules_are_replaced_only_when_that_is_said(cube):
    tg.elementwise(cube, x=lambda g, x: g * x**2)
    with pytest.raises(errors.WrongRule, match=r"has rules already, of an earlier call. Give replace=True"):
        tg.elementwise(cube, x=lambda g, x: g * 3 * x**2)
    before = cube(leaf(2.0))
    tg.elementwise(cube, replace=True, x=lambda g, x: g * 3 * x**2)
    assert tg.grad(cube)(2.0) == 12
    before.backward()  # a graph keeps the rules that it was made with


@pytest.mark.filterwarnings("ignore")  # of Numba's own
def test_ufuncs_of_numbas_too():
    numba = pytest.importorskip("numba")
    cube = numba.vectorize(lambda x: x * x * x)
    tg.elementwise(cube, x=lambda g, x: g * 3 * x * x)
    assert tg.gradcheck(cube, np.array([1.0, 2.0])).elements == 2

    @numba.guvectorize(["(float64[:], float64[:])"], "(n)->()")
    def total(x, out):
        out[0] = np.sum(x)

    tg.derivative(total, lambda x: total(x), x=lambda g, x: np.expand_dims(g, -1) * np.ones_like(x))
    assert tg.gradcheck(total, np.ones((2, 3))).elements == 6


# ---- functions ---------------------------------------------------------------------------------------------


def test_a_function_of_numpys_gets_rules():
    try:
        tg.derivative(
            np.unique, lambda ar: np.unique(ar), ar=lambda g, ar: g[np.searchsorted(np.sort(ar), ar)]
        )
        found = tg.grad(lambda x: np.unique(x) @ np.array([1.0, 2.0, 3.0]))(np.array([5.0, -1.0, 2.0]))
        assert found.tolist() == [3.0, 1.0, 2.0]
        with pytest.raises(errors.UnsupportedCall, match=r"np\.unique.*return_index="):
            np.unique(leaf([2.0]), return_index=True)
    finally:
        TABLE.pop(np.unique, None)
    assert not hasattr(np.unique, "entry")  # nothing is left on what is NumPy's


def test_a_function_that_dispatches_gets_rules_and_carries_them():
    scaled = dispatching(lambda x, scale: np.sin(x) * scale)
    tg.derivative(scaled, x=lambda g, x, scale: g * np.cos(x) * scale)
    assert tg.grad(lambda x: scaled(x, 2.0))(0.0) == 2
    assert tg.grad(tg.grad(lambda x: scaled(x, scale=3.0)))(np.pi / 2) == -3
    assert tg.gradcheck(scaled, np.array([0.3, 1.0])).elements == 2
    assert scaled not in TABLE


def test_the_rules_of_a_python_function_die_with_it():
    scaled = dispatching(lambda x, scale: x * scale)
    tg.derivative(scaled, x=lambda g, scale: g * scale)
    watched = weakref.ref(scaled)
    del scaled
    gc.collect()
    assert watched() is None


def test_tensors_in_lists_reach_a_rule():
    def total(terms):
        for x in terms if isinstance(terms, list) else [terms]:
            if hasattr(x, "__array_function__") and not isinstance(x, np.ndarray):
                return x.__array_function__(total, (type(x),), (terms,), {})
        return sum(x * x for x in terms)

    tg.derivative(total, terms=lambda g, terms: [2 * g * x for x in terms])
    x = leaf(3.0)
    total([x, np.array(2.0), x]).backward()
    assert x.grad.data == 12


def test_a_composite_is_written_with_other_functions(cube):
    @tg.composite(cube)
    def body(x):
        return x * x * x

    assert tg.grad(cube)(2.0) == 12
    assert body(2.0) == 8


def test_a_plain_function_would_never_be_found():
    def plain(x):
        return np.sin(x)

    with pytest.raises(
        errors.WrongRule, match=r"would never be found: what it hands over is np\.sin"
    ) as caught:
        tg.derivative(plain, x=lambda g, x: g)
    assert "write @tinygrad_edu.primitive(x=lambda g, x: …) in the line before its def" in str(caught.value)
    with pytest.raises(errors.WrongRule, match="never be found"):
        tg.derivative(lambda x, y: 3, x=lambda g: g)
    my_sin = tg.primitive(x=lambda g, x: g * np.cos(x))(plain)  # as the message says
    assert tg.grad(my_sin)(0.0) == 1


def test_a_primitive_has_its_rules():
    @tg.primitive(x=lambda g: g)
    def same(x):
        return x

    with pytest.raises(errors.WrongRule, match="same has rules"):
        tg.derivative(same, x=lambda g: g)


# ---- what the refusal says ---------------------------------------------------------------------------------


def test_the_refusal_shows_the_line_that_files_a_rule(cube, product):
    special = pytest.importorskip("scipy.special")
    x = leaf([1.0])
    lines = {
        lambda x: special.elliprc(x, 2.0): r"\.elementwise\(scipy\.special\.elliprc, x1?=lambda g, x",
        lambda x: product(2.0, x): r"tinygrad_edu\.elementwise\(.*, x2=lambda g, x1, x2: …\)",
        np.unique: r"tinygrad_edu\.derivative\(np\.unique, ar=lambda g, ar: …\)",
    }
    for function, line in lines.items():
        with pytest.raises(errors.MissingRule, match=line):
            function(x)


PROGRAM = """
import sys
import numpy as np
import tinygrad_edu as tg
from scipy import special
assert "tinygrad_edu.ops.scipy_special" not in sys.modules
x = tg.Tensor([0.5], requires_grad=True)
np.exp(x), special.erf(0.5)
print("tinygrad_edu.ops.scipy_special" in sys.modules, "scipy.stats" in sys.modules)
special.erf(x)
print("tinygrad_edu.ops.scipy_special" in sys.modules)
"""


def test_rules_of_scipy_are_loaded_when_one_is_needed():
    pytest.importorskip("scipy")
    first, second = printed("-c", PROGRAM).split("\n")[:2]
    assert (first, second) == ("False False", "True")


def test_one_may_file_for_a_ufunc_of_scipys_that_has_no_rule_here():
    special = pytest.importorskip("scipy.special")
    ufunc = special.elliprc
    try:
        tg.elementwise(ufunc, "x", "y", x=lambda g, x, y, out: g * ((out - 1 / np.sqrt(x)) / (2 * (y - x))))
        tg.gradcheck(lambda x: ufunc(x, 2.0), np.array([0.7, 1.0]))
        with pytest.raises(errors.WrongRule, match=r"scipy\.special\.erf has rules of this package"):
            tg.elementwise(special.erf, x=lambda g: g)
    finally:
        TABLE.pop(ufunc, None)
