"""Sensitivities and mechanics: which number matters most, and what moves how."""

import numpy as np

import tinygrad_edu as tg

from .found import Found, fit


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
