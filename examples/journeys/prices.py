"""From Excel's German export to a model of prices: cp1252, semicolons, 1.234,50, "k.A.", an unseen town.

What stands in `journey` is all that is written by hand; `export` makes the file, as an agency would.
"""

import random
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from tinygrad_edu import data, nn, optim, train

TOWNS = {"Köln": 5200, "Münster": 4300, "Görlitz": 1500, "Düren": 2300, "Weißenfels": 1200}  # euros a m²


def export(path: Path, rows: int = 1200, towns: tuple[str, ...] = tuple(TOWNS)) -> None:
    """Flats as an agency's Excel saves them as CSV, two lines above the table and a few cells unknown."""
    rng = random.Random(len(towns))
    lines = ["Angebote der Agentur Böhm & Söhne", "Stand: 03.05.2024", ""]
    lines += ['"Objekt-Nr.";Ort;Wohnfläche (m²);Zimmer;Baujahr;Balkon;"Frei ab";"Kaufpreis (€)"']
    german = lambda number, digits: f"{number:,.{digits}f}".translate(str.maketrans(",.", ".,"))
    for i in range(rows):
        town, area, year = rng.choice(towns), rng.uniform(28, 160), rng.randint(1900, 2023)
        price = TOWNS.get(town, 2900) * area * (0.75 + (year - 1900) / 300) + rng.gauss(0, 9000)
        free = date(2024, 5, 1) + timedelta(rng.randint(0, 400))
        cells = [town, german(area, 2), str(max(1, round(area / 28))), str(year), rng.choice(["ja", "nein"])]
        cells += [free.strftime("%d.%m.%Y")]
        cells = [cell if rng.random() > 0.02 else "k.A." for cell in cells]
        lines.append(";".join([f"{100_000 + i:,}".replace(",", "."), *cells, german(max(price, 20000), 2)]))
    path.write_text("\r\n".join(lines) + "\r\n", encoding="cp1252")


def journey(path: Path, new: Path) -> tuple[float, np.ndarray]:
    """Read, learn, and ask for the prices of new flats; the mean error of held-out ones in percent."""
    excel = {"encoding": "cp1252", "delimiter": ";", "decimal": ",", "thousands": ".", "skip_rows": 3}
    table = data.read_csv(path, missing=("", "k.A."), **excel)
    known, held_out = data.train_test_split(table, rng=0)

    columns = [name for name in table.names if name not in ("Objekt-Nr.", "Kaufpreis (€)")]
    features = data.Features(columns, unknown="ignore", indicator=True).fit(known)
    price = data.Features("Kaufpreis (€)").fit(known)

    model = nn.Sequential(nn.Linear(len(features.names), 32, rng=0), nn.ReLU(), nn.Linear(32, 1, rng=0))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    batches = features.transform(known), price.transform(known)
    train.fit(model, nn.MSELoss(), optimizer, batches, epochs=40, progress=False)

    def prices(table: data.Table) -> np.ndarray:
        return price.inverse(train.predict(model, features.transform(table)))["Kaufpreis (€)"]

    error = np.abs(prices(held_out) / held_out.numbers("Kaufpreis (€)") - 1)
    return 100 * float(np.median(error)), prices(data.read_csv(new, missing=("", "k.A."), **excel))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        path, new = Path(name, "Angebote.csv"), Path(name, "Neue Angebote.csv")
        export(path)
        export(new, 5, (*TOWNS, "Trier"))
        start = time.perf_counter()
        error, asked = journey(path, new)
    print(f"half of the held-out prices are within {error:.1f} %; new flats: {asked.round(-3).tolist()}")
    print(f"{time.perf_counter() - start:.1f} s")
    assert error < 8
    assert np.isfinite(asked).all()
