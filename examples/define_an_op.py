"""Give a function a derivative, np.interp by hand, check it, and see what the checker says of a wrong one.

    python examples/define_an_op.py

np.interp reads a table: it takes points x, and a piecewise linear function with the values fp at the places
xp.  It has a derivative here already; this is how one is written, and both must agree.
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.errors import GradcheckError


def slope(x, xp, fp):
    """The slope of the table at x; outside of the table it is 0."""
    segment = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)
    slopes = (fp[1:] - fp[:-1]) / (xp[1:] - xp[:-1])
    return np.where((xp[0] <= x) & (x < xp[-1]), slopes[segment], 0)


def shares(x, xp):
    """How much each entry of the table counts at each x: the two neighbors, by their distance.

    Shape (n, m).
    """
    entries = np.arange(len(xp))
    return np.maximum(0, 1 - np.abs(interp(x, xp, entries)[:, None] - entries))


# A rule takes g, the gradient of the output, and the arguments that it names; it returns the gradient of its
# own argument. It is written with NumPy functions that have derivatives, and with primitives such as this one
# itself, so it can be differentiated in turn.  The places xp get no rule: to ask for their gradient is an
# error, and not a zero.
@tg.primitive(x=lambda g, x, xp, fp: g * slope(x, xp, fp), fp=lambda g, x, xp: g @ shares(x, xp))
def interp(x, xp, fp):
    """np.interp for x of shape (n,), and xp and fp of shape (m,)."""
    return np.interp(x, xp, fp)


@tg.primitive(x=lambda g, x, xp, fp: slope(x, xp, fp))
def interp_without_chain_rule(x, xp, fp):
    """The same with a mistake: the rule forgets g."""
    return np.interp(x, xp, fp)


def main() -> None:
    celsius = np.array([0.0, 20.0, 50.0, 100.0, 200.0])
    # What a thermocouple of type T shows at these temperatures.
    millivolts = np.array([0.0, 0.790, 2.036, 4.279, 9.288])
    x = np.array([-7.0, 13.0, 42.0, 77.0, 150.0])

    report = tg.gradcheck(lambda x, fp: interp(x, celsius, fp), x, millivolts)
    print(f"The derivatives in x and fp are right:\n{report}\n")
    assert report.values > 0
    by_hand, of_numpy = (
        tg.grad(lambda x, f=f: np.sum(f(x, celsius, millivolts)))(x) for f in (interp, np.interp)
    )
    print(f"np.interp's own derivative is the same: {np.allclose(by_hand, of_numpy)}\n")

    complaint = ""
    try:
        tg.gradcheck(lambda x: interp_without_chain_rule(x, celsius, millivolts), x)
    except GradcheckError as error:
        complaint = str(error)
    print(f"With a wrong one:\n{complaint}\n")
    assert "the rule ignores g" in complaint

    # An op like any other now: Newton's method reads the table backwards.  At which temperature are there 3
    # mV?
    excess = tg.value_and_grad(lambda t: np.sum(interp(t, celsius, millivolts)) - 3.0)
    temperature = np.array([20.0])
    for _ in range(5):
        value, gradient = excess(temperature)
        temperature -= value / gradient
    print(f"3 mV at {temperature[0]:.4f} °C")
    assert np.allclose(temperature, np.interp(3.0, millivolts, celsius))


if __name__ == "__main__":
    main()
