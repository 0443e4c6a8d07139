"""What stands here for the names that people bring from other frameworks.

It is the end of the message that an attribute is missing.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

# fmt: off
PACKAGE = {  # what tinygrad_edu.NAME would be
    "tensor": "Tensor", "array": "Tensor", "asarray": "Tensor", "Variable": "Tensor(…, requires_grad=True)",
    "Value": "Tensor(…, requires_grad=True)", "from_numpy": "Tensor", "as_tensor": "Tensor",
    "Parameter": "nn.Parameter", "Module": "nn.Module", "cross_entropy": "softmax_cross_entropy",
    "softmax_crossentropy": "softmax_cross_entropy", "bce_loss": "binary_cross_entropy",
    "bce": "binary_cross_entropy", "mean_squared_error": "mse_loss", "mse": "mse_loss",
    "functional": "the functions of tinygrad_edu itself, such as relu", "upsample": "interpolate",
    "optimizers": "optim", "optimizer": "optim", "layers": "nn", "utils": "data, io and train",
    "datasets": "data", "save": "io.save_checkpoint", "load": "io.load_checkpoint", "manual_seed": "seed",
    "inference_mode": "no_grad", "stop_gradient": "x.detach()", "checkpoint": "remat",
    "grad_check": "gradcheck", "check_grads": "gradcheck",
    "elementwise_grad": "grad of the sum: grad(lambda x: np.sum(f(x)))", "defvjp": "primitive",
    "custom_vjp": "primitive", "Function": "primitive", "jacrev": "jacobian", "jacfwd": "jacobian",
    "swish": "silu", "logits_loss": "softmax_cross_entropy", "cat": "np.concatenate",
    "unsqueeze": "np.expand_dims", "permute": "np.transpose", "matmul": "np.matmul", "mm": "np.matmul",
    "bmm": "np.matmul", "fit": "train.fit", "DataLoader": "data.DataLoader", "jit": "compile",
    "draw_dot": "draw", "make_dot": "draw", "build_graph": "draw", "plot_model": "draw", "visualize": "draw",
    "graphviz": "draw", "viz": "draw", "plot_graph": "draw",
    "losses": "the functions of tinygrad_edu itself, such as mse_loss, or the classes of nn",
    "loss": "mse_loss, softmax_cross_entropy …", "anomaly": "debug", "detect_anomaly": "debug",
    "set_detect_anomaly": "debug", "gradient_check": "gradcheck", "check_gradients": "gradcheck",
}
TENSOR = {  # what x.NAME would be
    "view": "x.reshape(…)", "view_as": "x.reshape(y.shape)", "reshape_as": "x.reshape(y.shape)",
    "unsqueeze": "np.expand_dims(x, axis), or x[:, None]", "permute": "x.transpose(axes)", "t": "x.T",
    "contiguous": "x itself", "clone": "x.copy()", "size_": "x.size", "dim": "x.ndim", "numel": "x.size",
    "float": "x.astype(np.float32)", "double": "x.astype(np.float64)", "half": "x.astype(np.float16)",
    "long": "x.astype(np.int64)", "int": "x.astype(np.int32)", "bool": "x.astype(bool)",
    "type": "x.astype(dtype)", "to": "x.astype(dtype); there is no other device than the CPU",
    "cpu": "x itself", "cuda": "x itself: this is a framework for the CPU",
    "to_device": "x itself: there is no other device than the CPU", "norm": "np.sqrt(np.sum(x**2))",
    "mm": "x @ y", "bmm": "x @ y", "matmul": "x @ y", "add": "x + y", "sub": "x - y", "mul": "x * y",
    "div": "x / y", "pow": "x ** y", "neg": "-x", "pow_": "x **= y under no_grad",
    "add_": "x += y under no_grad", "sub_": "x -= y under no_grad", "mul_": "x *= y under no_grad",
    "zero_": "x[…] = 0 under no_grad", "copy_": "x[…] = y under no_grad", "cat": "np.concatenate",
    "expand": "np.broadcast_to(x, shape)", "clamp": "x.clip(low, high)", "zero_grad": "x.grad = None",
    "gather": "np.take_along_axis(x, indices, axis)", "masked_fill": "np.where(mask, value, x)",
    "index_select": "np.take(x, indices, axis)", "amax": "x.max(axis=…)", "amin": "x.min(axis=…)",
    "detach_": "x = x.detach()", "retain_graph": "x.backward(retain_graph=True)", "value": "x.data",
    "asnumpy": "x.numpy()", "logsumexp": "tg.logsumexp(x)",
    "grad_fn": "tg.draw(x), which shows what made x; printed, x names its operation",
    "put": "x[…] = v, or x.flat[indices] = v",
    "resize": "np.reshape(x, shape), or np.resize(x.detach().numpy(), shape)",
    "base": "np.shares_memory(x.numpy(), y.numpy())", "dump": "tg.io.save_npz",
    "dumps": "x.detach().numpy().tobytes()",
}
PARTS = {  # what tinygrad_edu.PART.NAME would be
    "data": {
        "make_moons": "data.moons", "make_blobs": "data.blobs", "make_circles": "data.circles",
        "make_spirals": "data.spirals", "make_classification": "data.blobs", "make_regression": "data.line",
        "load_iris": "data.iris", "load_wine": "data.wine", "load_digits": "data.digits",
        "load_breast_cancer": "data.breast_cancer", "load_diabetes": "data.diabetes",
        "fetch_openml": "data.mnist", "TensorDataset": "data.ArrayDataset",
        "pad_sequence": "data.pad_sequences", "default_collate": "data.DataLoader",
        "IterableDataset": "data.DataLoader", "Subset": "data.ArrayDataset",
        "random_split": "data.train_test_split", "KFold": "data.k_fold",
        "StratifiedKFold": "data.stratified_k_fold", "SimpleImputer": "data.Imputer",
        "LabelBinarizer": "data.one_hot", "get_dummies": "data.OneHotEncoder",
        "ColumnTransformer": "data.Features", "DictVectorizer": "data.Features",
        "MultiLabelBinarizer": "data.one_hot", "to_categorical": "data.one_hot",
        "OrdinalEncoder": "data.LabelEncoder", "Normalizer": "data.StandardScaler", "DataFrame": "data.Table",
        "loadtxt": "data.read_csv", "genfromtxt": "data.read_csv", "read_table": "data.read_csv",
        "load_csv": "data.read_csv", "loadmat": "data.read_mat", "compute_class_weight": "data.class_weights",
        "class_weight": "data.class_weights",
    },
    "io": {
        "save": "io.save_checkpoint, of all that a training needs, or io.save_safetensors, of arrays",
        "load":
            "io.load_checkpoint, of all that a training needs, or io.load_safetensors, of arrays, or "
            "io.load_torch, of what torch.save has written",
        "load_pt": "io.load_torch", "load_pth": "io.load_torch", "load_pytorch": "io.load_torch",
        "torch_load": "io.load_torch", "dump": "io.save_checkpoint", "savez": "io.save_npz",
        "savez_compressed": "io.save_npz", "save_npy": "io.save_npz", "save_file": "io.save_safetensors",
        "load_file": "io.load_safetensors", "save_model": "io.save_safetensors",
        "load_model": "io.load_safetensors", "loadmat": "data.read_mat",
    },
    "plot": {
        "plot": "plot.curves", "line": "plot.curves", "imshow": "plot.images",
        "hist": "plot.activation_histograms", "savefig": "plot.save",
        "show": "plot.save, or the axes as the last value of a notebook's cell", "history": "plot.loss_curve",
        "plot_history": "plot.loss_curve", "learning_curve": "plot.loss_curve",
        "plot_decision_boundary": "plot.decision_regions", "decision_boundary": "plot.decision_regions",
        "plot_confusion_matrix": "plot.confusion_matrix", "ConfusionMatrixDisplay": "plot.confusion_matrix",
    },
    "optim": {
        "lr_scheduler": "optim.schedule", "ReduceLROnPlateau": "optim.ReduceOnPlateau",
        "StepLR": "optim.schedule.step", "MultiStepLR": "optim.schedule.multi_step",
        "ExponentialLR": "optim.schedule.exponential", "CosineAnnealingLR": "optim.schedule.cosine",
        "OneCycleLR": "optim.schedule.one_cycle", "Momentum": "optim.SGD", "Nesterov": "optim.SGD",
        "param_groups": "optim.Group", "clip_by_global_norm": "optim.clip_grad_norm",
    },
    "sklearn": {
        "MLPClassifier": "sklearn.Classifier", "MLPRegressor": "sklearn.Regressor",
        "NeuralNetClassifier": "sklearn.Classifier", "NeuralNetRegressor": "sklearn.Regressor",
    },
    "special": {"logsumexp": "logsumexp", "softmax": "softmax", "log_softmax": "log_softmax"},
    "stats": {
        "normal": "stats.norm", "gaussian": "stats.norm", "studentt": "stats.t", "student_t": "stats.t",
        "exponential": "stats.expon", "lognormal": "stats.lognorm", "log_normal": "stats.lognorm",
        "binomial": "stats.binom", "negative_binomial": "stats.nbinom", "mvn": "stats.multivariate_normal",
        "Normal": "stats.norm", "MultivariateNormal": "stats.multivariate_normal", "Gamma": "stats.gamma",
        "Poisson": "stats.poisson", "Categorical": "stats.categorical", "Laplace": "stats.laplace",
        "StudentT": "stats.t", "Exponential": "stats.expon", "Beta": "stats.beta",
        "Dirichlet": "stats.dirichlet",
    },
    "train": {
        "ModelCheckpoint": "train.Checkpoint", "Trainer": "train.fit", "train": "train.fit",
        "ReduceLROnPlateau": "optim.ReduceOnPlateau", "LearningRateScheduler": "optim.schedule",
        "CSVLogger": "train.History", "KFold": "data.k_fold", "f1_score": "train.metrics.f1",
        "r2_score": "train.metrics.r2", "accuracy_score": "train.metrics.accuracy",
        "recall_score": "train.metrics.recall", "precision_score": "train.metrics.precision",
        "roc_auc_score": "train.metrics.roc_auc", "mse": "train.metrics.mean_squared_error",
        "mae": "train.metrics.mean_absolute_error", "hamming_loss": "train.metrics.label_accuracy",
    },
    "nn.init": {
        "kaiming_uniform": "nn.init.he_uniform", "kaiming_normal": "nn.init.he_normal",
        "glorot_uniform": "nn.init.xavier_uniform", "glorot_normal": "nn.init.xavier_normal",
        "trunc_normal": "nn.init.truncated_normal", "calculate_gain": "nn.init.gain",
    },
}
OURS = (
    "relu", "sigmoid", "softmax", "log_softmax", "gelu", "elu", "selu", "silu", "softplus", "leaky_relu",
    "erf", "dropout", "mish",
)
# fmt: on


def missing(module: str, name: str) -> AttributeError:
    """The error for a name that a part of the package does not have, with what to write in its place."""
    package, _, part = module.partition(".")
    public = _public(module)
    said = f"module {module!r} has no attribute {name!r}"
    if name.startswith("_"):
        return AttributeError(f"{said}.", name=name)
    spellings = {other.lower().replace("_", ""): f"{part}.{other}" for other in public}
    bare = name.removesuffix("_")  # PyTorch's functions that write end with it
    ours = PARTS[part].get(bare) or spellings.get(bare.lower().replace("_", "")) or _elsewhere(package, bare)
    return AttributeError(f"{said}{f': use {ours}.' if ours else _similar(name, public)}", name=name)


def missing_from(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a part of the package: an error that says what stands there for a name."""

    def absent(name: str) -> Any:
        raise missing(module, name)

    return absent


def _elsewhere(package: str, name: str) -> str:
    """The name as another part of the package has it; empty if none does."""
    parts = ("train.metrics", "optim.schedule", "nn.init", *PARTS, "nn")
    loaded = (part for part in parts if f"{package}.{part}" in sys.modules)
    return next((f"{part}.{name}" for part in loaded if name in _public(f"{package}.{part}")), "")


def _public(module: str) -> list[str]:
    """The names that a module is there for."""
    names = vars(sys.modules[module])
    own = (name for name, value in names.items() if getattr(value, "__module__", "") == module)
    return names.get("__all__") or [name for name in own if name[0] != "_"]


def package_hint(name: str, public: Iterable[str]) -> str:
    """What to write instead of ``tinygrad_edu.name``, as the end of a sentence; "." if nobody knows."""
    package: Any = sys.modules[__package__]
    if name in PACKAGE:
        return f": use {PACKAGE[name]}."
    for part in ("nn", "optim"):
        if name in getattr(package, part).__all__:
            return f": use {part}.{name}."
    if callable(getattr(np, name, None)):
        return f": use np.{name}, which takes tensors."
    return _similar(name, public)


def tensor_hint(name: str) -> str:
    """What to write in the place of ``x.name`` of a Tensor, of the names that are `Absent` there."""
    package: Any = sys.modules[__package__]
    if name in TENSOR:
        return TENSOR[name]
    if hasattr(np.ndarray, name):
        return f"x.detach().numpy().{name}, of the plain array"
    if name in package.__all__ and callable(getattr(package, name)):
        return f"tg.{name}(x)"
    return f"np.{name}(x)" if hasattr(np, name) else f"np.linalg.{name}(x)"


class NoAttribute(AttributeError):
    """An attribute that a Tensor does not have.

    What stands for it is looked up when somebody reads the message: most only ask whether there is one.
    """

    def __init__(self, owner: type, name: str) -> None:
        super().__init__(owner, name)

    def __str__(self) -> str:
        owner, name = self.args
        return f"{owner.__name__} has no attribute {name!r}: use {tensor_hint(name)}."


class Absent:
    """Stands in a class for an attribute that people look for there: whoever asks is told what to use."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, tensor: Any, owner: type) -> Any:
        if tensor is None:
            return self
        raise NoAttribute(owner, self.name)


def absent_names(owner: type) -> set[str]:
    """The names of other frameworks, NumPy's functions and arrays' attributes that a class does not have."""
    functions = {name for name, value in vars(np).items() if callable(value) and not isinstance(value, type)}
    arrays = {name for name in dir(np.ndarray) if not name.startswith("_")}
    linear = {name for name in np.linalg.__all__ if callable(getattr(np.linalg, name))}
    names = {*TENSOR, *OURS, *functions, *arrays, *linear}
    return {name for name in names if not name.startswith("_") and not hasattr(owner, name)}


def _similar(name: str, public: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(public), n=2)
    return f": is it {' or '.join(close)}?" if close else "."
