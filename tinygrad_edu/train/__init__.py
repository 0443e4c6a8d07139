"""Training: `fit` and its History, prediction, metrics, early stopping, checkpoints, reports over
seeds, and a doctor.

A training in full, in a few lines::

    from tinygrad_edu import nn, optim, train
    from tinygrad_edu.train import metrics

    model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.ReLU(), nn.Linear(16, 3, rng=1))
    history = train.fit(
        model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.01), (x_train, y_train),
        epochs=50, validation=(x_test, y_test), metrics={"accuracy": metrics.accuracy},
    )
    print(train.doctor(model, nn.CrossEntropyLoss(), (x_train, y_train)))  # what is wrong, if anything
    print(history)
    history.save_csv("history.csv")
    labels = train.predict(model, x_new).argmax(axis=1)

To read the code, begin with `tinygrad_edu.train.loop`: the loop is on one screen.
"""

from ..hints import missing_from
from . import metrics
from .checkpoint import Checkpoint
from .clinic import Finding, Report, doctor
from .fit import fit
from .history import History
from .predict import evaluate, predict
from .seeds import SeedReport, over_seeds
from .stopping import EarlyStopping

__all__ = [
    "Checkpoint",
    "EarlyStopping",
    "Finding",
    "History",
    "Report",
    "SeedReport",
    "doctor",
    "evaluate",
    "fit",
    "metrics",
    "over_seeds",
    "predict",
]

__getattr__ = missing_from(__name__)
