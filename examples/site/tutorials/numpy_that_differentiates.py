"""
NumPy that differentiates
=========================

You have a function written in NumPy, and want its derivative: for a fit, a sensitivity, an error bar.  It
needs no rewriting.
"""

# %%
# A program of your own
# ---------------------
#
# A damped oscillation, as anybody would write it.  Nothing in it knows of this package.
import numpy as np


def swing(parameters, t):
    amplitude, rate, frequency = parameters
    return amplitude * np.exp(-rate * t) * np.cos(2 * np.pi * frequency * t)


t = np.linspace(0, 4, 200)
rng = np.random.default_rng(0)
truth = np.array([1.5, 0.4, 0.8])
measured = swing(truth, t) + 0.05 * rng.normal(size=t.shape)


def misfit(parameters):
    return np.mean((swing(parameters, t) - measured) ** 2)


# %%
# Its gradient
# ------------
import tinygrad_edu as tg

start = np.array([1.0, 0.2, 0.78])
print(misfit(start))
print(tg.grad(misfit)(start))

# %%
# `tinygrad_edu.value_and_grad` computes both in one go; that is what SciPy's ``minimize`` takes with
# ``jac=True``.
from scipy.optimize import minimize

found = minimize(tg.value_and_grad(misfit), start, jac=True)
print(found.x.round(3), "in", found.nfev, "evaluations; the truth is", truth)

# %%
# Error bars, from the second derivative
# --------------------------------------
#
# Where the misfit is least, its curvature tells how well the data fix each parameter.  The covariance is
# 2 σ² / n times the inverse of the Hessian.
hessian = tg.hessian(misfit)(found.x)
covariance = 2 * misfit(found.x) / len(t) * np.linalg.inv(hessian)
for name, value, error in zip(("amplitude", "rate", "frequency"), found.x, np.sqrt(np.diag(covariance))):
    print(f"{name:10} {value:.4f} ± {error:.4f}")

# %%
# How the whole curve moves with each parameter is a Jacobian: a row for each time, a column for each
# parameter.
print(tg.jacobian(lambda parameters: swing(parameters, t))(found.x).shape)

# %%
# Linear algebra and spectra too
# ------------------------------
#
# All of ``np.linalg`` and ``np.fft`` differentiates.  The gradient of log det A is the inverse of A,
# transposed:
a = rng.normal(size=(3, 3))
a = a @ a.T + np.eye(3)
print(np.allclose(tg.grad(lambda a: np.linalg.slogdet(a)[1])(a), np.linalg.inv(a).T))

# %%
# A filter in the frequency domain, and how its output's power depends on each of the filter's coefficients:
signal = rng.normal(size=64)


def power(gains):
    return np.mean(np.fft.irfft(np.fft.rfft(signal) * gains, 64) ** 2)


print(tg.grad(power)(np.ones(33)).round(4)[:5])

# %%
# What does not differentiate says so
# -----------------------------------
#
# A function of NumPy differentiates, is written with others that do, has a constant result, or refuses by
# name. Nothing is silently given a zero gradient.
try:
    tg.grad(lambda x: np.sum(np.unique(x)))(np.array([2.0, 1.0, 2.0]))
except tg.TinygradError as error:
    print(error)

# %%
# ``python -m tinygrad_edu coverage`` prints the fate of each function, and :doc:`/how_it_works/coverage`
# has them all.  What a derivative is where a function has a kink, and how complex numbers are counted, is
# in :doc:`/made/how/conventions`.
