"""An autoencoder: digits of 64 pixels pass through two numbers, and come out again;
clearer than any linear map can do it.

    python examples/autoencoder.py --out autoencoder.png

The encoder maps an image to a point of the plane, its code; the decoder maps the code to an image.  Both
learn together to bring the image back.  Of all *linear* maps through two numbers, none loses less of the
training images than principal component analysis (PCA); the loss of both is measured on images held out, as
in digits.py, for five splits by five seeds. (The settings were chosen on the splits of other seeds, 10 and
11.)
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import argparse
from statistics import median

import numpy as np
from digits import Progress  # the script beside this one; it says what to do if there is no scikit-learn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import tinygrad_edu as tg
from tinygrad_edu import nn, plot
from tinygrad_edu.optim import schedule


class Autoencoder(nn.Module):
    def __init__(self, rng: np.random.Generator) -> None:
        self.encoder = nn.Sequential(
            nn.Linear(64, 256, rng=rng),
            nn.ReLU(),
            nn.Linear(256, 128, rng=rng),
            nn.ReLU(),
            nn.Linear(128, 2, rng=rng),
            nn.Tanh(),  # codes stay in a square, and spread over it
        )
        self.decoder = nn.Sequential(
            nn.Linear(2, 128, rng=rng),
            nn.ReLU(),
            nn.Linear(128, 256, rng=rng),
            nn.ReLU(),
            nn.Linear(256, 64, rng=rng),
        )

    def forward(self, x: np.ndarray) -> tg.Tensor:
        return self.decoder(self.encoder(x))


def train(x: np.ndarray, seed: int, *, epochs: int = 80, batch: int = 64, lr: float = 0.005) -> Autoencoder:
    """Learn to repeat the images x of shape (n, 64)."""
    rng = np.random.default_rng(seed)
    model = Autoencoder(rng)
    optimizer = tg.optim.Adam(model.parameters(), lr=lr)
    rate = schedule.cosine(lr, epochs)
    with Progress(f"seed {seed}", epochs) as progress:
        for epoch in range(epochs):
            optimizer.lr = rate(epoch)
            order = rng.permutation(len(x))
            for start in range(0, len(x), batch):
                images = x[order[start : start + batch]]
                optimizer.zero_grad()
                loss = tg.mse_loss(model(images), images)
                loss.backward()
                optimizer.step()
            progress.show(f"loss {loss.item():.4f}")
    return model


def pca(x: np.ndarray, images: np.ndarray, components: int = 2) -> np.ndarray:
    """The images, of shape (m, 64), as far as they lie in the plane
    that is nearest to the training images x.
    """
    mean = x.mean(axis=0)
    axes = np.linalg.svd(x - mean, full_matrices=False).Vh[:components]  # (2, 64)
    return mean + (images - mean) @ axes.T @ axes


def save_picture(
    path: str, model: Autoencoder, images: np.ndarray, by_pca: np.ndarray, labels: np.ndarray, title: str
) -> None:
    """The codes of the held-out images, and the first image of each digit with what became of it."""
    from matplotlib.colors import to_rgb
    from matplotlib.figure import Figure

    with tg.no_grad():
        codes, out = model.encoder(images).numpy(), model(images).numpy()
    first = [np.flatnonzero(labels == digit)[0] for digit in range(10)]

    figure = Figure(figsize=(13, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.35))
    for digit in range(10):
        x, y = codes[labels == digit].T
        dark = 0.8 * np.array(
            to_rgb(plot.PALETTE[digit])
        )  # the palette's light colors are too light for signs
        left.scatter(x, y, s=64, marker=f"${digit}$", linewidths=0.4, color=[dark])
    ends = {"xlim": (-1.08, 1.08), "ylim": (-1.08, 1.08), "xticks": (-1, 0, 1), "yticks": (-1, 0, 1)}
    left.set(title="Codes of held-out images", aspect="equal", **ends)
    rows = np.concatenate([images[first], out[first], by_pca[first]]).reshape(-1, 8, 8)
    plot.images(rows.clip(0, 1), ax=right, columns=10)
    for row, name in enumerate(("image", "autoencoder", "PCA")):
        right.text(-0.02, 1 - (row + 0.5) / 3, name, transform=right.transAxes, ha="right", va="center")
    figure.suptitle(title)
    plot.save(figure, path)
    print(f"picture: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Train an autoencoder with a code of two numbers on the digits of scikit-learn."
    )
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[0, 1, 2, 3, 4],
        metavar="N",
        help="one run for each (default: 0 1 2 3 4)",
    )
    parser.add_argument("--out", metavar="PATH", help="save a picture of the first run here")
    settings = parser.parse_args()
    if settings.out:
        try:
            plot.check_path(settings.out)
        except (tg.TinygradError, ImportError) as error:
            parser.error(str(error))

    pixels, digits = load_digits(return_X_y=True)
    pixels = (pixels / 16).astype(np.float32)  # from 0 to 1
    errors = []
    for seed in settings.seeds:
        x, images, _, labels = train_test_split(
            pixels, digits, stratify=digits, test_size=0.2, random_state=seed
        )
        model, by_pca = train(x, seed), pca(x, images)
        with tg.no_grad():
            errors.append((tg.mse_loss(model(images), images).item(), float(np.mean((by_pca - images) ** 2))))
        text = "mean square error on held-out images: autoencoder {:.4f}, PCA {:.4f}".format(*errors[-1])
        print(f"seed {seed}: {text}")
        if settings.out and seed == settings.seeds[0]:
            save_picture(
                settings.out, model, images, by_pca, labels, f"64 pixels through two numbers; {text}"
            )
    ours, linear = (median(column) for column in zip(*errors))
    print(f"median: autoencoder {ours:.4f}, PCA {linear:.4f}: {ours / linear:.0%}")
    if settings.seeds == parser.get_default("seeds"):
        assert ours < 0.65 * linear


if __name__ == "__main__":
    main()
