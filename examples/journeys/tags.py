"""From a table with tags to a model that tags: recipes by their numbers, each with none, one or several tags.

What stands in `journey` is all that is written by hand; the table is made by `export`.
"""

import random
import tempfile
import time
from pathlib import Path

import numpy as np

from tinygrad_edu import data, nn, optim, train


def export(path: Path, rows: int = 1500) -> None:
    """Recipes as a shop's database has them: the tags of each in one cell, with commas between them."""
    rng = random.Random(0)
    lines = ["name,kcal,sugar g,protein g,minutes,kitchen,vegan,tags"]
    for i in range(rows):
        kcal, sugar, protein = rng.uniform(80, 900), rng.expovariate(1 / 15), rng.expovariate(1 / 18)
        minutes, kitchen, vegan = (
            rng.randint(5, 120),
            rng.choice(["thai", "italian", "german"]),
            rng.random() < 0.3,
        )
        tags = ["sweet"] * (sugar > 20) + ["light"] * (kcal < 350) + ["quick"] * (minutes < 25)
        tags += ["sporty"] * (protein > 25) + ["hot"] * (kitchen == "thai" and rng.random() < 0.9)
        cells = [
            f"Recipe {i}",
            f"{kcal:.0f}",
            f"{sugar:.1f}",
            f"{protein:.1f}" if rng.random() < 0.95 else "",
        ]
        lines.append(
            ",".join([*cells, str(minutes), kitchen, "yes" if vegan else "no", f'"{", ".join(tags)}"'])
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def journey(path: Path) -> tuple[float, list[list[str]]]:
    """Read, learn, and tag held-out recipes; the mean F1 of the tags, and the tags of the first five."""
    table = data.read_csv(path, header=True)
    tags = table.tags("tags")
    names = sorted({tag for row in tags for tag in row})
    y = data.one_hot(tags, names)
    known, held_out, y_train, y_test = data.train_test_split(table, y, stratify=y, rng=0)
    columns = ["kcal", "sugar g", "protein g", "minutes", "kitchen", "vegan"]
    features = data.Features(columns, indicator=True).fit(known)

    model = nn.Sequential(
        nn.Linear(len(features.names), 32, rng=0), nn.ReLU(), nn.Linear(32, len(names), rng=0)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    batches = features.transform(known), y_train
    train.fit(model, nn.BCEWithLogitsLoss(), optimizer, batches, epochs=60, progress=False)
    found = train.predict(model, features.transform(held_out)) > 0
    f1 = train.metrics.label_f1(y_test, found, average="macro")
    return f1, [[name for name, there in zip(names, row) if there] for row in found[:5]]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        export(Path(name, "recipes.csv"))
        start = time.perf_counter()
        f1, first = journey(Path(name, "recipes.csv"))
    print(f"mean F1 of the tags of held-out recipes {f1:.3f}; the first five: {first}")
    print(f"{time.perf_counter() - start:.1f} s")
    assert np.isfinite(f1)
    assert f1 > 0.85
