"""A tour of everyday NumPy code that differentiates as it stands: thirteen pieces, from a line through points
to the fastest slide.

    python examples/numpy_tour.py --out numpy_tour.png

Each piece is plain NumPy, with what one would want its derivative for: a fit, a sensitivity, an error bar.
Each checks the answer against what is known otherwise, and `gradcheck` compares all its derivatives, first
and second, with numerical ones.
"""

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import plot


class Found(NamedTuple):
    """What a piece has found: in words, the function with inputs for gradcheck, and a picture or none."""

    text: str
    f: Callable[..., Any]
    inputs: tuple[Any, ...]
    draw: Callable[[Any], None] | None = None


def fit(loss: Callable[..., Any], start: Any, steps: int = 100) -> np.ndarray:
    """Where a loss of one array is least, by L-BFGS from a start."""
    x = tg.Tensor(np.asarray(start, float), requires_grad=True)
    optimizer = tg.optim.LBFGS([x], max_iter=steps)

    def closure() -> Any:
        optimizer.zero_grad()
        value = loss(x)
        value.backward()
        return value

    optimizer.step(closure)
    return x.data


# ---- pieces ------------------------------------------------------------------------------------------------


def least_squares(rng: np.random.Generator) -> Found:
    """Which point pulls hardest at the slope of a line through all?"""
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 9.0])
    y = 1 + 0.5 * x + 0.1 * rng.standard_normal(6)

    def slope(x, y):
        return np.linalg.lstsq(np.stack([x, np.ones(6)], axis=1), y)[0][0]

    pull = tg.grad(slope, 1)(x, y)
    assert np.allclose(pull, (x - x.mean()) / np.sum((x - x.mean()) ** 2))  # as the textbook has it
    return Found(
        f"moving point {np.argmax(np.abs(pull))} by 1 turns the slope by {pull[5]:.3f}", slope, (x, y)
    )


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


def principal_components(rng: np.random.Generator) -> Found:
    """Which measurement shapes the first principal component's share most?"""
    X = rng.standard_normal((40, 4)) * [1.0, 2.0, 0.5, 1.5]

    def share(scales):
        variances = np.linalg.svd((X - X.mean(axis=0)) * scales, compute_uv=False) ** 2
        return variances[0] / np.sum(variances)

    change = tg.grad(share)(np.ones(4))
    assert abs(np.sum(change)) < 1e-12  # to scale all alike changes nothing
    text = f"share {share(np.ones(4)):.2f}; a larger feature {np.argmax(change)} would raise it most"
    return Found(text, share, (np.array([1.0, 0.8, 1.3, 0.6]),))


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


def foxes_and_hares(rng: np.random.Generator) -> Found:
    """The Lotka–Volterra equations, by Runge and Kutta's method, fitted to a noisy count."""
    true, h = np.log([1.1, 0.4, 0.4, 0.1]), 0.2

    def grow(state, rates):
        a, b, c, d = rates
        hares, foxes = state
        return np.stack([a * hares - b * hares * foxes, d * hares * foxes - c * foxes])

    def run(log_rates, steps=60):
        rates, state, states = np.exp(log_rates), np.array([10.0, 5.0]), []
        for _ in range(steps):
            k1 = grow(state, rates)
            k2 = grow(state + h / 2 * k1, rates)
            k3 = grow(state + h / 2 * k2, rates)
            k4 = grow(state + h * k3, rates)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            states.append(state)
        return np.stack(states)

    counts = run(true) * np.exp(0.1 * rng.standard_normal((60, 2)))

    def loss(log_rates, steps=60):
        return np.mean((np.log(run(log_rates, steps)) - np.log(counts[:steps])) ** 2)

    found = fit(loss, true + 0.1 * rng.standard_normal(4), 20)
    assert np.allclose(found, true, atol=0.05)

    def draw(ax):
        time = h * np.arange(1, 61)
        ax.plot(time, counts, ".", ms=3, color="0.5")
        ax.plot(time, run(found), label=["hares", "foxes"])
        ax.legend(frameon=False)

    text = f"rates {np.exp(found).round(2)}, truly {np.exp(true).round(2)}"
    return Found(text, lambda log_rates: loss(log_rates, 10), (true + 0.1,), draw)


def kepler(rng: np.random.Generator) -> Found:
    """Kepler's equation E − e sin E = M has no closed solution; its root has a derivative nevertheless."""
    M = np.linspace(0, np.pi, 9)
    root = tg.implicit_root(lambda E, e, M: E - e * np.sin(E) - M)

    def anomaly(e, M):
        return root(np.full(9, 2.0), e, M)  # from E = 2, by Newton's method

    speed = tg.grad(lambda M: np.sum(anomaly(0.6, M)))(M)
    assert np.allclose(speed, 1 / (1 - 0.6 * np.cos(anomaly(0.6, M))))
    text = (
        f"at eccentricity 0.6, E moves {speed[0] / speed[-1]:.1f} times as fast near the sun as far from it"
    )
    return Found(text, anomaly, (0.6, M))


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


def markov_chain(rng: np.random.Generator) -> Found:
    """Which link of a small web would raise the first page's rank most?"""
    links = rng.uniform(0.1, 1, (5, 5))

    def rank(links):
        P = 0.85 * links / np.sum(links, axis=1, keepdims=True) + 0.15 / 5
        return np.linalg.solve(np.eye(5) - P.T + 1, np.ones(5))  # π P = π and Σ π = 1

    worth = tg.jacobian(rank)(links)  # (5, 5, 5)
    assert np.allclose(np.sum(worth, axis=0), 0)  # ranks sum to 1, whatever the links
    start, end = np.unravel_index(np.argmax(worth[0]), (5, 5))
    return Found(f"rank {rank(links)[0]:.3f}; the link {start} → {end} is worth most", rank, (links,))


def brachistochrone(rng: np.random.Generator) -> Found:
    """The slide on which a bead is down first, out of all polygons of 40 pieces."""
    x = np.linspace(0, 1, 41)

    def time(drops):
        y = np.concatenate([[0.0], np.cumsum(np.exp(drops))])
        y = y / y[-1] * 0.65  # it ends 0.65 below
        # The first speed is the constant 0: the slope of a square root there is infinite.
        speeds = np.concatenate([[0.0], np.sqrt(2 * 9.81 * y[1:])])
        return np.sum(np.hypot(np.diff(x), np.diff(y)) / (0.5 * (speeds[1:] + speeds[:-1])))

    straight = np.zeros(40)
    found = fit(time, straight, 200)
    # A cycloid x = r (θ − sin θ), y = r (1 − cos θ) takes √(r/g) θ; its end gives θ and r.
    theta = np.linspace(1, 6, 100001)
    end = np.interp(0, (theta - np.sin(theta)) / (1 - np.cos(theta)) - 1 / 0.65, theta)
    r = 0.65 / (1 - np.cos(end))
    best = np.sqrt(r / 9.81) * end
    assert best < time(found) < 1.003 * best

    def draw(ax):
        y = np.concatenate([[0.0], np.cumsum(np.exp(found))])
        angles = np.linspace(0, end, 100)
        ax.plot(x, -0.65 * x, color="0.6", ls="--", label="straight")
        ax.plot(r * (angles - np.sin(angles)), r * (np.cos(angles) - 1), "k", lw=1, label="cycloid")
        ax.plot(x, -0.65 * y / y[-1], "C0.", ms=5, label="found")
        ax.legend(frameon=False)

    text = f"{time(found):.4f} s, a cycloid {best:.4f} s, the straight line {time(straight):.4f} s"
    return Found(text, time, (0.3 * rng.standard_normal(40),), draw)


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


PIECES = {
    "least squares": least_squares,
    "logistic regression": logistic_regression,
    "Kalman filter": kalman_filter,
    "Gaussian process": gaussian_process,
    "spline": spline,
    "principal components": principal_components,
    "low-pass filter": low_pass,
    "foxes and hares": foxes_and_hares,
    "Kepler's equation": kepler,
    "robust line": robust_line,
    "ranks of pages": markov_chain,
    "fastest slide": brachistochrone,
    "resonance": resonance,
}


def save_picture(path: str, found: dict[str, Found]) -> None:
    from matplotlib.figure import Figure

    drawn = {name: piece.draw for name, piece in found.items() if piece.draw}
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    for ax, (name, draw) in zip(figure.subplots(2, 3).flat, drawn.items(), strict=True):
        draw(ax)
        ax.set_title(name, fontsize=10)
        ax.spines[["top", "right"]].set_visible(False)
    plot.save(figure, path, dpi=100)
    print(f"picture: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Differentiate thirteen pieces of everyday NumPy code.")
    parser.add_argument("--out", metavar="PATH", help="save a picture of six of them here")
    out = parser.parse_args().out
    if out:
        try:
            plot.check_path(out)
        except tg.TinygradError as error:
            parser.error(str(error))
        except ImportError:
            parser.error("the picture needs matplotlib: pip install matplotlib")

    found = {}
    for number, (name, piece) in enumerate(PIECES.items()):
        found[name] = piece(np.random.default_rng(number))
        print(f"{name:21} {found[name].text}", flush=True)
        report = tg.gradcheck(found[name].f, *found[name].inputs)
        print(f"{'':21} {report.elements} derivatives right to {report.largest_error:.0e}", flush=True)
    if out:
        save_picture(out, found)


if __name__ == "__main__":
    main()
