"""Data: what a model learns from, from a file, a published set or code, to the batches of an epoch.

* `read_csv`, `read_idx`, `read_mat` read files (the folder `files`); a `Table` is what a CSV file becomes.
* `mnist`, `titanic` and others are published sets, fetched once and checked (the folder `published`);
  `bundled` has those that come with scikit-learn.
* `moons`, `blobs` and others are toy sets, and `student_records` and `line` records, made by code.
* `StandardScaler`, `MinMaxScaler` and `Imputer` learn from the training part what they do to every part;
  `LabelEncoder`, `one_hot` and `relabel` make numbers of classes, and `class_weights` balances them.
* `Features` makes one matrix of a table with columns of numbers, dates, truth values and text, and
  `OneHotEncoder` columns of zeros and ones; both are fitted and saved as the others are.
* `train_test_split`, `k_fold` and `stratified_k_fold` divide rows.
* `ArrayDataset` and `DataLoader` give a model its samples, batch after batch; `pad_sequences` and
  `pad_collate` make batches of sequences of several lengths.

Nothing here knows of models: data imports the errors, the reading of files, the generators and the door for
arrays, and, when something is to be stored, `io.atomic`; never nn, optim, train or plot.
"""

from ..hints import missing_from
from .categories import OneHotEncoder
from .dataset import ArrayDataset, Dataset, MappedDataset
from .encode import LabelEncoder, one_hot, relabel
from .features import Features
from .files.csv_reader import read_csv
from .files.idx import read_idx
from .files.mat import read_mat
from .files.table import Table
from .impute import Imputer
from .loader import DataLoader
from .published import bundled
from .published.bundled import breast_cancer, diabetes, digits, wine
from .published.named import (
    HeartDisease,
    Records,
    Titanic,
    TrainTest,
    course_digits,
    heart_disease,
    iris,
    iris_train_test,
    mnist,
    titanic,
    wheat_seeds,
)
from .records import STUDENT_COLUMNS, STUDENT_MAJORS, line, student_records
from .scale import MinMaxScaler, StandardScaler
from .sequences import pad_collate, pad_sequences
from .split import k_fold, stratified_k_fold, train_test_split
from .toy import Points, blobs, checkerboard, circles, flower, moons, spirals, xor
from .weights import class_weights

# fmt: off
__all__ = [
    "STUDENT_COLUMNS", "STUDENT_MAJORS", "ArrayDataset", "DataLoader", "Dataset", "Features", "HeartDisease", "Imputer",
    "LabelEncoder", "MappedDataset", "MinMaxScaler", "OneHotEncoder", "Points", "Records", "StandardScaler", "Table",
    "Titanic", "TrainTest", "blobs", "breast_cancer", "bundled", "checkerboard", "circles", "class_weights", "course_digits",
    "diabetes", "digits", "flower", "heart_disease", "iris", "iris_train_test", "k_fold", "line", "mnist",
    "moons", "one_hot", "pad_collate", "pad_sequences", "read_csv", "read_idx", "read_mat", "relabel", "spirals", "stratified_k_fold",
    "student_records", "titanic", "train_test_split", "wheat_seeds", "wine", "xor",
]
# fmt: on

__getattr__ = missing_from(__name__)
