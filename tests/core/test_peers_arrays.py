"""Arrays of the real libraries, where they are installed: JAX's are constants, its tracers are refused."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import CoercionError, DTypeError


def variable():
    return tg.Tensor(np.array([1.0, 2.0, 3.0], np.float32), requires_grad=True)


# fmt: off
USES = {
    "x * a":            lambda x, a: x * a,
    "a * x":            lambda x, a: a * x,
    "a @ x":            lambda x, a: a @ x,
    "np.add":           lambda x, a: np.add(a, x),
    "np.stack":         lambda x, a: np.stack([x, a]),
    "np.where":         lambda x, a: np.where(x > 1, x, a),
    "squared error":    lambda x, a: tg.mse_loss(x, a),
    "linear":           lambda x, a: tg.nn.Linear(3, 2, rng=0)(a),
    "a == x":           lambda x, a: a == x,
    "x < a":            lambda x, a: x < a,
    "Tensor":           lambda x, a: tg.Tensor(a),
    "loader":           lambda x, a: next(iter(tg.data.DataLoader((a, a)))),
    "scaler":           lambda x, a: tg.data.StandardScaler().fit_transform(a),
}
# fmt: on


def numbers(result):
    if isinstance(result, tuple):
        return [numbers(part) for part in result]
    return result.detach().data if isinstance(result, tg.Tensor) else np.asarray(result)


@pytest.mark.parametrize("library", ["torch", "jax"])
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_an_array_of_another_library_does_what_numpys_does(library, use):
    module = pytest.importorskip(library, reason=f"needs {library}")
    a = np.array([0.0, 2.0, 5.0], np.float32)
    theirs = module.from_numpy(a) if library == "torch" else module.numpy.asarray(a)
    found, expected = use(variable(), theirs), use(variable(), a)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(numbers(found), numbers(expected))


def test_tracers_of_jax_are_refused_by_every_transform():
    jax = pytest.importorskip("jax", reason="needs JAX")
    x, a = variable(), jax.numpy.arange(3.0)
    for transform in (jax.jit, jax.vmap, jax.jacfwd, jax.jacrev):
        for use in (lambda v: x * v, lambda v: v * x, tg.Tensor, lambda v: np.sum(x > v)):
            with pytest.raises(DTypeError, match="got a tracer of JAX's, which has no values yet"):
                transform(use)(a)
    with pytest.raises(DTypeError, match=r"of dtype key<.*none that NumPy can share"):
        x * jax.random.key(0)


def test_what_pytorch_would_lose_or_copy_is_refused():
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    x, b = variable(), torch.arange(3.0)
    with pytest.raises(CoercionError, match=r"needs a gradient there would lose it here\. x\.detach\(\)"):
        x * b.clone().requires_grad_()
    for unlike in (b.bfloat16(), b.to_sparse(), b.to("meta")):
        with pytest.raises(DTypeError, match="none that NumPy can share"):
            x * unlike
    with pytest.raises(CoercionError, match="its gradient would be lost"):
        torch.as_tensor(x)
    shared = torch.from_dlpack(x.detach())
    shared[0] = 7
    assert x.data[0] == 7
