"""Makes the pictures of this folder again.

    python examples/pictures/make.py                    # all but those of the systems, in two minutes
    python examples/pictures/make.py cnn graph_10       # these alone
    python examples/pictures/make.py systems            # those of examples/systems, in half an hour

It needs the extras `examples` and `notebook`, nbconvert, and for pages the browser chromium.  Pictures are
stored with 256 colors, which is a third of the size.
"""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageChops

import tinygrad_edu as tg
from tinygrad_edu import drawing, nn, optim, train

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent
SCRIPTS = ("digits", "cnn", "autoencoder", "numpy_tour", "schedules", "spiral")  # each takes --out PATH


def of_script(name: str) -> None:
    run(EXAMPLES / f"{name}.py", "--out", HERE / f"{name}.png")
    shrink(HERE / f"{name}.png")


def of_folder(script: Path, folder: Path) -> None:
    """What a script writes into a folder."""
    run(script, "--out", folder)
    for path in folder.glob("*.png"):
        shrink(path)


def run(script: Path, *arguments: object) -> None:
    subprocess.run([sys.executable, script, *map(str, arguments)], check=True)


def shrink(path: Path) -> None:
    """Store a picture with 256 colors; where they run into each other, neighbors mix, and no bands show."""
    picture = Image.open(path).convert("RGB")
    few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    off = np.abs(np.asarray(few.convert("RGB"), int) - np.asarray(picture, int)).max(axis=2)
    if np.quantile(off, 0.99) > 4:
        few = picture.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)
    few.save(path, optimize=True)


# ---- what tg.draw, tg.explain, the doctor and notebooks show -----------------------------------------------


def graph_10() -> None:
    """A neuron with two inputs: ten boxes."""
    w, b = tg.Tensor([-3.0, 1.0], requires_grad=True), tg.Tensor(6.88, requires_grad=True)
    y = np.tanh(np.sum(w * [2.0, 0.5]) + b) - b / 10
    y.backward(retain_graph=True)
    tg.draw(y).save(HERE / "drawing" / "graph_10.svg")


def graph_300() -> None:
    """A transformer with ten layers, each of them a box."""
    with tg.seed(0):
        model = nn.Transformer(16, 2, num_encoder_layers=5, num_decoder_layers=5, dim_feedforward=32)
    source, target = np.random.default_rng(0).normal(size=(2, 2, 5, 16)).astype(np.float32)
    with drawing.watch(model):
        loss = np.mean(model(source, target) ** 2)
        loss.backward(retain_graph=True)
    tg.draw(loss, names=model, modules=2).save(HERE / "drawing" / "graph_300.svg")


def graph_30000() -> None:
    """Ten thousand steps of Euler's method: the last ones, and a box for all others."""
    angle = tg.Tensor([0.1, 0.2, 0.3], requires_grad=True)
    end = angle
    for _ in range(10_000):
        end = end + 0.0002 * np.sin(end)
    loss = np.sum(end)
    loss.backward(retain_graph=True)
    tg.draw(loss, most=7).save(HERE / "drawing" / "graph_30000.svg")


def explain() -> None:
    """The page of tg.explain, which replays both passes of a neuron, as a moving picture."""
    w, b = tg.Tensor(0.5, requires_grad=True), tg.Tensor(-0.3, requires_grad=True)
    y = np.tanh(w * 2.0 + b)
    y.backward(retain_graph=True)
    with TemporaryDirectory() as folder:
        tg.explain(y).save(Path(folder) / "page.html")
        page = (Path(folder) / "page.html").read_text(encoding="utf-8")
        last = int(page.split('type="range" min="0" max="')[1].split('"')[0])
        frames = []
        for at in range(last + 1):
            frames.append(photograph(page.replace('value="0"></label>', f'value="{at}"></label>'), 960, 600))
    assert len({frame.tobytes() for frame in frames}) == len(frames)
    colors = frames[-2].quantize(48, dither=Image.Dither.NONE)
    first, *others = [frame.quantize(palette=colors, dither=Image.Dither.NONE) for frame in frames]
    pause = [1500, *[900] * (last - 1), 4000]  # milliseconds
    path = HERE / "drawing" / "explain.gif"
    first.save(path, save_all=True, append_images=others, duration=pause, loop=0, optimize=True)


def doctor() -> None:
    """What a notebook shows of the doctor's findings."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)) * [1, 300, 1]
    model = nn.Sequential(nn.Linear(3, 16, rng=rng), nn.ReLU(), nn.Linear(16, 2, rng=rng), nn.Softmax())
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    report = train.doctor(model, nn.CrossEntropyLoss(), (x, (x[:, 0] > 0).astype(int)), optimizer)
    keep(photograph(PAGE.format(report._repr_html_()), 1100, 700, scale=1.5), "doctor")


PAGE = '<!doctype html><meta charset="utf-8"><body style="font:15px system-ui;margin:16px">{}</body>'
LESSON = [
    "# XOR\n\nNo straight line separates the ones of XOR from its zeros; a network with a hidden layer does.",
    "import numpy as np\nimport tinygrad_edu as tg\nfrom tinygrad_edu import nn, optim, plot, train\n\n"
    "x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)\ny = np.array([0, 1, 1, 0])\n"
    "model = nn.Sequential(nn.Linear(2, 8, rng=0), nn.Tanh(), nn.Linear(8, 2, rng=1))\nmodel",
    "history = train.fit(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.05), (x, y),\n"
    "                    epochs=100, progress=False)\nhistory",
    'plot.decision_regions(model, x, y, probabilities=True, classes=["0", "1"])',
]


def notebook() -> None:
    """A lesson in four cells, as Jupyter shows it."""
    import nbclient
    import nbconvert
    import nbformat.v4 as v4

    title, *code = LESSON
    lesson = v4.new_notebook(cells=[v4.new_markdown_cell(title), *map(v4.new_code_cell, code)])
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    nbclient.NotebookClient(lesson, kernel_name="python3").execute()
    page, _ = nbconvert.HTMLExporter(embed_images=True).from_notebook_node(lesson)
    keep(photograph(page, 900, 2400, scale=1.5), "notebook")


def keep(picture: Image.Image, name: str) -> None:
    path = HERE / "drawing" / f"{name}.png"
    picture.save(path)
    shrink(path)


def photograph(page: str, width: int, height: int, scale: float = 1) -> Image.Image:
    """A page as a browser shows it, without the empty space below."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("make.py: the pictures of pages need a browser: chromium")
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
    with TemporaryDirectory() as folder:
        file, picture = Path(folder) / "page.html", Path(folder) / "page.png"
        file.write_text(page, encoding="utf-8")
        how = [f"--window-size={width},{height}", f"--force-device-scale-factor={scale}", "--hide-scrollbars"]
        how += [f"--user-data-dir={folder}/profile", f"--screenshot={picture}", "--no-first-run", *quiet]
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", *how, file.as_uri()]
        subprocess.run(command, check=True, capture_output=True)
        taken = Image.open(io.BytesIO(picture.read_bytes())).convert("RGB")
    paper = Image.new("RGB", taken.size, taken.getpixel((taken.width - 1, taken.height - 1)))
    box = ImageChops.difference(taken, paper).getbbox() or (0, 0, *taken.size)
    return taken.crop((0, 0, taken.width, min(taken.height, box[3] + 16)))


PICTURES: dict[str, Callable[[], None]] = {
    **{name: (lambda name=name: of_script(name)) for name in SCRIPTS},
    "plot": lambda: of_folder(EXAMPLES / "gallery.py", HERE / "plot"),
    **{maker.__name__: maker for maker in (graph_10, graph_300, graph_30000, explain, doctor, notebook)},
    "systems": lambda: of_folder(EXAMPLES / "systems" / "run.py", HERE / "systems"),
}


def main() -> None:
    names = sys.argv[1:] or [name for name in PICTURES if name != "systems"]
    if unknown := [name for name in names if name not in PICTURES]:
        sys.exit(f"make.py: there is no picture {unknown[0]!r}; expected {', '.join(PICTURES)}")
    (HERE / "drawing").mkdir(exist_ok=True)
    for name in names:
        PICTURES[name]()
        print(name, flush=True)


if __name__ == "__main__":
    main()
