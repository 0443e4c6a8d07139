"""Student majors in six steps, in the style of PyTorch: data, network, training, evaluation, saving, use.

James McCaffrey (2020), Multi-Class Classification Using PyTorch, Visual Studio Magazine.  6-(10-10)-3 with
tanh, Xavier uniform weights and zero biases, cross-entropy, SGD, a Dataset and a DataLoader.  Sex, units,
home state (one-hot) and score of a student, and which of three majors was chosen; his records are not public,
so these are made by code: 200 to train on, 40 to test with.
"""

import tempfile
from pathlib import Path

import numpy as np
from report import Row, show, spread, track

import tinygrad_edu as tg
from tinygrad_edu import data, io, nn, plot, train


class StudentDataset:
    """Step 1: rows of six predictors, and the major as 0, 1 or 2."""

    def __init__(self, students: data.Points) -> None:
        self.x_data, self.y_data = students.x.astype(np.float32), students.y

    def __len__(self) -> int:
        return len(self.x_data)

    def __getitem__(self, idx: int) -> tuple[np.ndarray, np.int64]:
        return self.x_data[idx], self.y_data[idx]


class Net(nn.Module):
    """Step 2: 6-(10-10)-3."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.hid1 = nn.Linear(6, 10, init=nn.init.xavier_uniform, rng=rng)
        self.hid2 = nn.Linear(10, 10, init=nn.init.xavier_uniform, rng=rng)
        self.oupt = nn.Linear(10, 3, init=nn.init.xavier_uniform, rng=rng)

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        z = np.tanh(self.hid1(x))
        z = np.tanh(self.hid2(z))
        return self.oupt(z)  # the softmax is in the loss


def fit(net: Net, train_ldr: data.DataLoader, max_epochs: int) -> list[float]:
    """Step 3: the loss of each epoch, a sum over its batches."""
    loss_func = nn.CrossEntropyLoss()
    optimizer = tg.optim.SGD(net.parameters(), lr=0.01)
    losses = []
    for _ in track(range(max_epochs), "student majors"):
        epoch_loss = 0.0
        for x, y in train_ldr:
            optimizer.zero_grad()
            loss_val = loss_func(net(x), y)
            epoch_loss += loss_val.item()
            loss_val.backward()
            optimizer.step()
        losses.append(epoch_loss)
    return losses


def accuracy(net: Net, ds: StudentDataset) -> float:
    """Step 4."""
    return train.metrics.accuracy(ds.y_data, train.predict(net, ds.x_data).argmax(axis=1))


def save_and_load(net: Net) -> Net:
    """Step 5: a file, and another network of the same shape that takes its weights on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "student_model.safetensors"
        io.save_safetensors(path, net.state_dict())
        weights, _ = io.load_safetensors(path)
    loaded = Net(np.random.default_rng())
    loaded.load_state_dict(weights)
    return loaded


# ---- measured beside the original --------------------------------------------------------------------------


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    accuracies, curves = [], {}
    for seed in range(1 if quick else 5):
        rng = np.random.default_rng(seed)
        train_ds = StudentDataset(data.student_records(200, rng=rng))
        test_ds = StudentDataset(data.student_records(40, rng=rng))
        net = Net(rng)
        curves[f"seed {seed}"] = fit(
            net, data.DataLoader(train_ds, 10, shuffle=True, seed=seed), max_epochs=250 if quick else 1000
        )
        accuracies.append((accuracy(net, train_ds), accuracy(net, test_ds)))
    loaded = save_and_load(net)

    # Step 6: a man with 73 units, from Nebraska, who scored 543.
    student = np.array([[-1, 0.73, 0, 1, 0, 0.543]], np.float32)
    probs = tg.softmax(train.predict(loaded, student))[0]
    same = np.array_equal(probs, tg.softmax(train.predict(net, student))[0])
    major, alike = data.STUDENT_MAJORS[probs.argmax()], "as" if same else "unlike"
    ours = f"the loaded net says {major} ({probs.max():.0%}), {alike} the saved one"
    rows = [
        Row(
            "student majors: data, net, training, evaluation, saving, use",
            "goal: the six steps work",
            ours,
            same,
        )
    ]
    for part, figures, figure in zip(("train", "test"), np.transpose(accuracies), (0.815, 0.75)):
        target = f"published {100 * figure:.2f} % (successor, other data)"
        rows.append(
            Row(
                f"student majors: {part} accuracy",
                target,
                spread(figures, ".2%"),
                bool(np.median(figures) >= figure),
            )
        )
    if out:
        save_picture(out, curves)
    return rows


def save_picture(out: Path, curves: dict[str, list[float]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    plot.loss_curve(curves, ax=figure.add_subplot(), ylabel="cross-entropy, sum over batches").set_title(
        "Student majors: 6-(10-10)-3"
    )
    plot.save(figure, out / "10_student_majors.png")


if __name__ == "__main__":
    show(run)
