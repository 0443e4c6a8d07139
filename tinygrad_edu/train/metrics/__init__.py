"""Metrics: functions of (targets, predictions), in this order, equal to scikit-learn's, on NumPy alone.

They take arrays, lists or tensors, and return Python floats (arrays where it says so), so that
``fit(…, metrics={"accuracy": accuracy})`` is all it needs.
"""

from .classification import accuracy, confusion_matrix, f1, precision, recall, top_k_accuracy
from .multilabel import label_accuracy, label_f1, subset_accuracy
from .ranking import roc_auc
from .regression import mean_absolute_error, mean_squared_error, r2

__all__ = [
    "accuracy",
    "confusion_matrix",
    "f1",
    "label_accuracy",
    "label_f1",
    "mean_absolute_error",
    "mean_squared_error",
    "precision",
    "r2",
    "recall",
    "roc_auc",
    "subset_accuracy",
    "top_k_accuracy",
]
