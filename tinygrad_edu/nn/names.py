"""Names that are looked for and not here: those that other frameworks have for ours, and slips of the pen."""

from typing import Any

# fmt: off
LAYERS = {
    "Dense": "Linear", "FullyConnected": "Linear", "LazyLinear": "Linear", "Affine": "Linear",
    "Convolution1D": "Conv1d", "Convolution2D": "Conv2d", "Conv1DTranspose": "ConvTranspose1d",
    "Conv2DTranspose": "ConvTranspose2d", "MaxPooling1D": "MaxPool1d", "MaxPooling2D": "MaxPool2d",
    "AveragePooling1D": "AvgPool1d", "AveragePooling2D": "AvgPool2d",
    "GlobalMaxPooling1D": "AdaptiveMaxPool1d(1)", "GlobalMaxPooling2D": "AdaptiveMaxPool2d(1)",
    "GlobalAveragePooling1D": "AdaptiveAvgPool1d(1)", "GlobalAveragePooling2D": "AdaptiveAvgPool2d(1)",
    "BatchNormalization": "BatchNorm1d, of features and sequences, or nn.BatchNorm2d, of images",
    "LayerNormalization": "LayerNorm", "GroupNormalization": "GroupNorm", "RMSNormalization": "RMSNorm",
    "SimpleRNN": "RNN", "Embed": "Embedding", "Skip": "Residual",
    "InstanceNormalization": "InstanceNorm1d, of sequences, or nn.InstanceNorm2d, of images", "Swish": "SiLU",
    "ZeroPadding1D": "ZeroPad1d", "ZeroPadding2D": "ZeroPad2d",
    "Cropping1D": "ZeroPad1d, of negative numbers", "Cropping2D": "ZeroPad2d, of negative numbers",
    "SpatialDropout1D": "Dropout1d", "SpatialDropout2D": "Dropout2d", "Reshape": "Unflatten",
    "UpSampling1D": "Upsample", "UpSampling2D": "Upsample", "UpsamplingNearest2d": "Upsample",
    "UpsamplingBilinear2d": "Upsample", "MeanSquaredError": "MSELoss", "MeanAbsoluteError": "L1Loss",
    "KLDivergence": "KLDivLoss",
    "BinaryCrossentropy": "BCEWithLogitsLoss, of logits, or nn.BCELoss, of probabilities",
    "CategoricalCrossentropy": "CrossEntropyLoss", "SparseCategoricalCrossentropy": "CrossEntropyLoss",
    "Layer": "Module", "Model": "Module", "Variable": "Parameter", "Poisson": "PoissonNLLLoss",
}
ELSEWHERE = {
    "functional": "Functions are at the top: tinygrad_edu.relu, tinygrad_edu.softmax_cross_entropy.",
    "utils":
        "Gradients are clipped by tinygrad_edu.optim.clip_grad_norm; recurrent layers take lengths=, of "
        "data.pad_sequences.",
    "Input": "Layers have their input sizes: nn.Linear(in_features, out_features).",
    "TripletMarginWithDistanceLoss":
        "Of a distance d of yours: tinygrad_edu.relu(d(a, p) - d(a, n) + margin).mean().",
    "Lambda": "Any function stands in nn.Sequential as it is.",
    **dict.fromkeys(["Adam", "AdamW", "SGD", "RMSprop"], "Optimizers are in tinygrad_edu.optim."),
    **dict.fromkeys([f"{kind}3d" for kind in (
        "Conv", "ConvTranspose", "MaxPool", "AvgPool", "LPPool", "AdaptiveAvgPool", "AdaptiveMaxPool",
        "BatchNorm", "InstanceNorm", "Dropout", "ZeroPad", "ConstantPad", "ReflectionPad", "ReplicationPad",
        "CircularPad",
    )], "There are layers of sequences (1d) and of images (2d)."),
    **dict.fromkeys(
        ["MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"],
        "It is written in examples/define_a_layer.py, as an op with a rule of one line.",
    ),
    "CTCLoss": "It would be an op with a rule of its own, as examples/define_a_layer.py writes one.",
    "EmbeddingBag": "It is np.sum or np.mean of what an nn.Embedding returns, over the axis of words.",
}
METHODS = {
    **dict.fromkeys(["cuda", "cpu", "mps", "device"],
                    "This is a framework for the CPU: there is nothing to move."),
    "half": "Convert it by to(np.float16).", "float": "Convert it by to(np.float32).",
    "double": "Convert it by to(np.float64).",
    "requires_grad": "Parameters have it; of all of them, freeze(), unfreeze() or requires_grad_(False).",
    "register_parameter": "Assign an attribute: module.name = nn.Parameter(values).",
    "add_module": "Assign an attribute: module.name = layer.",
    "register_buffer": "Assign an attribute: module.name = nn.Buffer(values).",
    "get_parameter": "It is dict(module.named_parameters())[path].",
    "compile": "Training is train.fit(model, loss, optimizer, data).",
    "fit": "It is train.fit(model, loss, optimizer, data).", "predict": "It is train.predict(model, x).",
    "evaluate": "It is train.evaluate(model, loss, data).", "summary": "It is nn.summary(model, x).",
    "save": "It is io.save_safetensors(path, model).",
    "load": "It is model.load_state_dict(arrays), of arrays, _ = io.load_safetensors(path).",
    "trainable_variables": "They are model.parameters().",
    "weights": "They are model.parameters(); of a layer, weight and bias.",
}
# fmt: on

WORD = "training"
MISTYPED = frozenset(
    [WORD[:i] + WORD[i + 1 :] for i in range(1, 8)]  # a letter left out,
    + [WORD[: i + 1] + WORD[i:] for i in range(8)]  # or doubled,
    + [WORD[:i] + WORD[i + 1] + WORD[i] + WORD[i + 2 :] for i in range(7)]  # or two in the other order
    + ["Training", "is_training", "train_mode", "training_mode"]
)


def missing(name: str, names: list[str]) -> str:
    """What stands for a name that `tinygrad_edu.nn` does not have; empty if nothing is known of it."""
    if name in ELSEWHERE:
        return f" {ELSEWHERE[name]}"
    plain = {n.lower(): n for n in names}
    key = name.lower().replace("_", "")
    spellings = (key, f"{key}loss", key.removesuffix("layer"))
    ours = LAYERS.get(name) or next((plain[k] for k in spellings if k in plain), None)
    return f" Here it is nn.{ours}." if ours else ""


def may_replace(name: str, value: Any) -> bool:
    """Whether a value may stand for a method: a function may; a layer only for forward, as it computes."""
    if not callable(value) or name in MISTYPED:
        return False
    return name == "forward" or not hasattr(value, "named_parameters")


def refuse_attribute(module: Any, name: str) -> None:
    """Raise for an attribute whose assignment would do nothing of what it seems to do."""
    kind = type(module).__name__
    if name in MISTYPED:
        said = f"{kind} has no {name}: the mode is called training, and is set by train() and eval()."
    elif name in METHODS:
        said = f"{kind} has no {name}, and setting it would do nothing. {METHODS[name]}"
    else:
        said = f"{name} is a method of {kind}, which cannot be a value: call it, or choose another name."
    raise AttributeError(said, name=name, obj=module)
