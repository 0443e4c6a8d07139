"""Models fitted to data: regressions, a filter, a process, a polygon, a circuit."""

import numpy as np

import tinygrad_edu as tg

from .found import Found, fit


def logistic_regression(rng: np.random.Generator) -> Found:
    """Newton's method, and error bars from the inverse Hessian."""
    X = np.stack([np.ones(200), rng.standard_normal(200)], axis=1)
    label = rng.random(200) < 1 / (1 + np.exp(-X @ [0.5, 2.0]))

    def loss(w):
        return np.sum(np.logaddexp(0, np.where(label, -1.0, 1.0) * (X @ w)))

    w = np.zeros(2)
    for _ in range(8):
        w = w - np.linalg.solve(tg.hessian(loss)(w), tg.grad(loss)(w))
    bars = np.sqrt(np.diagonal(np.linalg.inv(tg.hessian(loss)(w))))
    assert np.all(np.abs(tg.grad(loss)(w)) < 1e-9)
    assert np.all(np.abs(w - [0.5, 2.0]) < 3 * bars)
    return Found(
        f"{w[0]:.2f} ± {bars[0]:.2f} and {w[1]:.2f} ± {bars[1]:.2f}, truly 0.5 and 2", loss, (w + 0.1,)
    )


def kalman_filter(rng: np.random.Generator) -> Found:
    """How noisy are a random walk and its measurements?  The filter's likelihood knows."""
    seen = np.cumsum(0.5 * rng.standard_normal(300)) + rng.standard_normal(300)

    def minus_log_likelihood(log_variances, seen=seen):
        walk, noise = np.exp(log_variances)
        mean, variance, total = 0.0, 10.0, 0.0
        for z in seen:
            variance = variance + walk
            error, spread = z - mean, variance + noise
            total = total + 0.5 * (np.log(spread) + error**2 / spread)
            gain = variance / spread
            mean, variance = mean + gain * error, (1 - gain) * variance
        return total

    found = np.exp(fit(minus_log_likelihood, [0.0, 0.0], 15) / 2)
    assert np.allclose(found, [0.5, 1.0], atol=0.15)
    text = f"steps of {found[0]:.2f} (truly 0.5) under noise of {found[1]:.2f} (truly 1)"
    return Found(text, minus_log_likelihood, (np.array([-1.0, 0.3]), seen[:20]))


def gaussian_process(rng: np.random.Generator) -> Found:
    """Length, height and noise of a curve, by the likelihood of 25 points of it."""
    x = np.sort(rng.uniform(0, 10, 25))
    y = np.sin(x) + 0.2 * rng.standard_normal(25)

    def kernel(a, b, log_settings):
        length, height, _ = np.exp(log_settings)
        return height**2 * np.exp(-0.5 * ((a[:, None] - b) / length) ** 2)

    def minus_log_likelihood(log_settings):
        L = np.linalg.cholesky(kernel(x, x, log_settings) + np.exp(2 * log_settings[2]) * np.eye(25))
        return 0.5 * np.sum(np.linalg.solve(L, y) ** 2) + np.sum(np.log(np.diagonal(L)))

    found = fit(minus_log_likelihood, [0.0, 0.0, -1.0])
    length, height, noise = np.exp(found)
    assert 0.1 < noise < 0.3

    def draw(ax):
        fine = np.linspace(0, 10, 200)
        K, k = kernel(x, x, found) + noise**2 * np.eye(25), kernel(fine, x, found)
        mean = k @ np.linalg.solve(K, y)
        spread = 2 * np.sqrt(np.maximum(height**2 - np.sum(k * np.linalg.solve(K, k.T).T, axis=1), 0))
        ax.fill_between(fine, mean - spread, mean + spread, color="C0", alpha=0.2, lw=0)
        ax.plot(fine, mean, "C0")
        ax.plot(x, y, "k.")

    text = f"length {length:.2f}, height {height:.2f}, noise {noise:.2f} (truly 0.2)"
    return Found(text, minus_log_likelihood, (found + 0.2,), draw)


def spline(rng: np.random.Generator) -> Found:
    """A polygon through noisy points: where its knots are is learned, as well as how high."""
    x = np.linspace(0, 1, 80)
    y = np.abs(x - 0.37) + 0.03 * rng.standard_normal(80)  # it has a corner where no knot is

    def polygon(knots):
        widths = np.exp(knots[:4])
        places = np.concatenate([[0.0], np.cumsum(widths) / np.sum(widths)])
        return places, knots[4:]

    def loss(knots):
        return np.mean((np.interp(x, *polygon(knots)) - y) ** 2)

    found = fit(loss, np.zeros(9))
    places, heights = polygon(found)
    assert np.min(np.abs(places - 0.37)) < 0.02

    def draw(ax):
        ax.plot(x, y, "k.", ms=3)
        ax.plot(places, heights, "C0o-")

    text = f"the corner at 0.37 is found at {places[np.argmin(np.abs(places - 0.37))]:.3f}"
    return Found(text, loss, (found + 0.05 * rng.standard_normal(9),), draw)


def low_pass(rng: np.random.Generator) -> Found:
    """Where to cut a spectrum: a signal is measured twice, and one measurement judges the other filtered."""
    t = np.arange(256) / 256
    clean = np.sin(2 * np.pi * 3 * t) + 0.5 * np.cos(2 * np.pi * 7 * t)
    one, other = clean + 0.6 * rng.standard_normal((2, 256))  # measured twice
    frequencies = np.arange(129.0)

    def filtered(settings):
        cut, width = np.exp(settings)
        gains = 0.5 * (1 + np.tanh((cut - frequencies) / width))
        return np.fft.irfft(np.fft.rfft(one) * gains, 256)

    def loss(settings):
        return np.mean((filtered(settings) - other) ** 2)

    found = fit(loss, np.log([30.0, 5.0]))
    before, after = (np.sqrt(np.mean((signal - clean) ** 2)) for signal in (one, filtered(found)))
    assert 7 < np.exp(found[0]) < 30
    assert after < before / 2.5

    def draw(ax):
        ax.plot(t, one, color="0.7", lw=0.8, label="measured")
        ax.plot(t, clean, "k--", lw=1, label="true")
        ax.plot(t, filtered(found), "C0", label="filtered")
        ax.set_ylim(top=3.6)
        ax.legend(frameon=False, fontsize=8, ncols=3, loc="upper center")

    text = (
        f"cut at {np.exp(found[0]):.1f} (7 is the highest): the error falls from {before:.2f} to {after:.2f}"
    )
    return Found(text, loss, (found + 0.3,), draw)


def robust_line(rng: np.random.Generator) -> Found:
    """A line through points of which a quarter are outliers: residuals count by their median."""
    x = np.linspace(0, 10, 40)
    y = 2 + 0.7 * x + 0.3 * rng.standard_normal(40)
    y[::4] += rng.uniform(3, 9, 10)

    def loss(line):
        residuals = y - line[0] - line[1] * x
        scale = 1.4826 * np.median(np.abs(residuals - np.median(residuals)))
        return np.log(scale) + np.mean(np.log1p((residuals / scale) ** 2))

    plain = np.polyfit(x, y, 1)[::-1]
    found = fit(loss, plain)
    assert np.all(np.abs(found - [2, 0.7]) < [0.3, 0.05])

    def draw(ax):
        ax.plot(x, y, "k.")
        ax.plot(x, plain[0] + plain[1] * x, color="0.6", ls="--", label="least squares")
        ax.plot(x, found[0] + found[1] * x, "C0", label="robust")
        ax.legend(frameon=False)

    lines = [f"{height:.2f} + {slope:.2f} x" for height, slope in (found, plain)]
    text = f"{lines[0]}, truly 2 + 0.7 x; least squares says {lines[1]}"
    return Found(text, loss, (found + 0.1,), draw)


def resonance(rng: np.random.Generator) -> Found:
    """Resistance, inductance and capacity of a circuit, from its complex impedance."""
    true = np.array([10.0, 2e-3, 5e-6])
    omega = np.geomspace(1e3, 1e5, 40)

    def impedance(log_parts):
        R, L, C = np.exp(log_parts)
        return R + 1j * omega * L + 1 / (1j * omega * C)

    noise = 0.02 * (rng.standard_normal((2, 40)) * [[1], [1j]]).sum(axis=0)
    measured = impedance(np.log(true)) * (1 + noise)

    def loss(log_parts):
        return np.mean(np.abs(np.log(impedance(log_parts) / measured)) ** 2)

    found = np.exp(fit(loss, np.log([5.0, 1e-3, 1e-5])))
    assert np.allclose(found, true, rtol=0.03)
    text = f"{found[0]:.2f} Ω, {1e3 * found[1]:.3f} mH, {1e6 * found[2]:.3f} µF; truly 10, 2 and 5"
    return Found(text, loss, (np.log(true) + 0.1,))
