"""The published files that named data sets are read from: where they are, and the sha256 of what is in them.

The hash is that of the unpacked data.  Addresses on GitHub name a commit, so that what they give never
changes; the copies there were compared with the originals, as the hashes say.  None of these files is part of
this package; of their licences we know:

* MNIST (Y. LeCun, C. Cortes, C. Burges): none stated.
* Wheat seeds (M. Charytanowicz et al. 2010, UCI): none stated with this copy.
* Heart disease, Cleveland (A. Janosi, W. Steinbrunn, M. Pfisterer, R. Detrano, UCI): CC BY 4.0.
* Titanic (the training part of Kaggle's competition): none stated.
* Iris (R. A. Fisher 1936, UCI): none stated with these copies.
"""

from .download import Remote


def _github(repository: str, commit: str, path: str) -> tuple[str, str]:
    """A file at a commit, from GitHub itself and from a mirror of it."""
    return (
        f"https://raw.githubusercontent.com/{repository}/{commit}/{path}",
        f"https://cdn.jsdelivr.net/gh/{repository}@{commit}/{path}",
    )


def _mnist(name: str, size: int, sha256: str) -> Remote:
    urls = (
        f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}.gz",
        f"https://storage.googleapis.com/cvdf-datasets/mnist/{name}.gz",
        _github("fgnt/mnist", "ae608a02b796c9ee908c082585a5f006fe05258e", f"{name}.gz")[0],
    )
    return Remote(f"mnist/{name}.gz", size, sha256, urls)


def _brownlee(name: str) -> tuple[str, str]:
    return _github("jbrownlee/Datasets", "d20fcb6402ae34e653d4513b00f39257bb37ed7f", name)


def _mccaffrey(name: str) -> tuple[str, str]:
    return _github("leestott/IrisData", "7dc2c50503a19b2b4d2f7097d5275743be5153f7", name)


# fmt: off
MNIST_TRAIN_IMAGES = _mnist("train-images-idx3-ubyte", 47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db")
MNIST_TRAIN_LABELS = _mnist("train-labels-idx1-ubyte",     60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5")
MNIST_TEST_IMAGES  = _mnist("t10k-images-idx3-ubyte",   7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7")
MNIST_TEST_LABELS  = _mnist("t10k-labels-idx1-ubyte",      10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2")

WHEAT_SEEDS = Remote("wheat-seeds/wheat-seeds.csv", 9_301, "8dbd1853a4439afc113cfe07f290422c7ce3fe48745d71f3f7eaa027cd38fd6e",
                     _brownlee("wheat-seeds.csv"))
IRIS        = Remote("iris/iris.csv", 4_549, "f5d0c11e5c78a69a20dbb80baf2b24703f59a6687595752abb397d23732647c5", _brownlee("iris.csv"))
IRIS_TRAIN  = Remote("iris/irisTrainData.txt", 2_640, "09acbb43c9b70f70b49b2d6f93c9bd4947770c81e100c1f348bf5d987ff91ccd",
                     _mccaffrey("irisTrainData.txt"))
IRIS_TEST   = Remote("iris/irisTestData.txt", 660, "93d8d4fcbad395870c334508cca44c3097a7ba92100e7090c791e2594747e3ab",
                     _mccaffrey("irisTestData.txt"))
TITANIC     = Remote("titanic/titanic.csv", 60_302, "4a437fde05fe5264e1701a7387ac6fb75393772ba38bb2c9c566405af5af4bd7",
                     _github("datasciencedojo/datasets", "f0ccab6a7ceafdff780052166fb6fab3311398eb", "titanic.csv"))
HEART       = Remote("cleveland/processed.cleveland.data", 18_461, "a74b7efa387bc9d108d7d0115d831fe9b414b29ae7124f331b622b4efa0427c8",
                     ("https://archive.ics.uci.edu/ml/machine-learning-databases/heart-disease/processed.cleveland.data",
                      *_github("EyedBread/naive-bayes", "994f04619bf639588777b184cf1dfe65a9eab8f1", "processed.cleveland.data")),
                     preface=b"(age),(sex),(cp),(trestbps),(chol),(fbs),(restecg),(thalach),(exang),(oldpeak),(slope),(ca),(thal),(num)"
                             b" (the predicted attribute)\n")
# fmt: on
