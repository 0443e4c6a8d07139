"""From a folder of pictures to a convolutional network: PNG with transparency beside JPEG, of several sizes.

What stands in `journey` is all that is written by hand; the pictures are drawn by `drawn`, a folder a class.
"""

import random
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tinygrad_edu import data, nn, optim, train

SHAPES = ("circle", "square", "triangle")


def drawn(folder: Path, each: int = 120) -> None:
    """Shapes in all colours and places, from 40 to 90 pixels wide; every other one transparent around."""
    rng = random.Random(0)
    for shape in SHAPES:
        (folder / shape).mkdir()
        for i in range(each):
            size, paint = rng.randint(40, 90), tuple(rng.randint(0, 255) for _ in range(3))
            back = tuple((c + 128) % 256 for c in paint)
            png = i % 2 == 0
            mode, ground = ("RGBA", (*back, 0)) if png else ("RGB", back)
            image = Image.new(mode, (size, size), ground)
            r = size * rng.uniform(0.2, 0.3)
            x, y = (size * rng.uniform(0.4, 0.6) for _ in range(2))
            box = [x - r, y - r, x + r, y + r]
            draw = ImageDraw.Draw(image)
            if shape == "circle":
                draw.ellipse(box, paint)
            elif shape == "square":
                draw.rectangle(box, paint)
            else:
                draw.polygon([x, y - r, x - r, y + r, x + r, y + r], paint)
            image.save(folder / shape / f"{i:03}.{'png' if png else 'jpg'}")


def journey(folder: Path) -> float:
    """Read, learn, and tell the share of held-out pictures that are recognized."""
    files = sorted(folder.glob("*/*"))
    pictures = [Image.open(file).convert("RGB").resize((24, 24)) for file in files]
    x = np.stack([np.moveaxis(np.asarray(picture, np.float32) / 255, -1, 0) for picture in pictures])
    classes = data.LabelEncoder()
    y = classes.fit_transform([file.parent.name for file in files])
    x_train, x_test, y_train, y_test = data.train_test_split(x, y, stratify=y, rng=0)

    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, rng=0), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, rng=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveMaxPool2d(2),
        nn.Flatten(), nn.Linear(128, len(classes.classes), rng=2),
    )  # fmt: skip
    optimizer = optim.Adam(model.parameters(), lr=0.005)
    train.fit(model, nn.CrossEntropyLoss(), optimizer, (x_train, y_train), epochs=10, progress=False)
    return train.metrics.accuracy(y_test, train.predict(model, x_test))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        drawn(Path(name))
        start = time.perf_counter()
        accuracy = journey(Path(name))
    print(f"{accuracy:.1%} of the held-out pictures are recognized")
    print(f"{time.perf_counter() - start:.1f} s")
    assert accuracy > 0.9
