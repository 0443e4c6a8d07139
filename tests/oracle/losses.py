"""Losses: every reduction, with and without their options; labels that are ignored, classes on any axis,
soft targets.
"""

from .cases import (
    binary,
    case,
    counts,
    extreme,
    labels,
    lists,
    log_rows,
    positive,
    probability,
    real,
    rows,
    signs,
)

REDUCTIONS = ("mean", "sum", "none")

CASES = []
for reduction in REDUCTIONS:
    hard = (real(4, 3), labels(4, high=3))
    ignoring = (real(4, 3), labels(4, high=3, ignored=-100))
    soft = (real(4, 3), rows(4, 3))
    images = (real(2, 3, 2, 2), labels(2, 2, 2, high=3))
    soft_series = (real(2, 3, 4), rows(2, 3, 4, axis=1))
    CASES += [
        # cross-entropy of labels
        case("CrossEntropyLoss", of=hard, reduction=reduction),
        case("CrossEntropyLoss", of=(real(4, 3, scale=300), labels(4, high=3)), reduction=reduction),
        case("CrossEntropyLoss", of=(real(3), labels(high=3)), reduction=reduction),
        case("CrossEntropyLoss", of=hard, reduction=reduction, label_smoothing=0.1),
        case("CrossEntropyLoss", of=hard, reduction=reduction, weight=positive(3)),
        case("CrossEntropyLoss", of=hard, reduction=reduction, weight=positive(3), label_smoothing=0.2),
        case("CrossEntropyLoss", of=ignoring, reduction=reduction),
        case("CrossEntropyLoss", of=ignoring, reduction=reduction, label_smoothing=0.2),
        case("CrossEntropyLoss", of=ignoring, reduction=reduction, weight=positive(3)),
        case("CrossEntropyLoss", of=ignoring, reduction=reduction, weight=positive(3), label_smoothing=0.2),
        case(
            "CrossEntropyLoss",
            of=(real(4, 3), labels(4, high=3, ignored=2)),
            reduction=reduction,
            ignore_index=2,
        ),
        # … of soft rows
        case("CrossEntropyLoss", of=soft, reduction=reduction),
        case("CrossEntropyLoss", of=soft, reduction=reduction, label_smoothing=0.1),
        case("CrossEntropyLoss", of=soft, reduction=reduction, weight=positive(3)),
        case("CrossEntropyLoss", of=soft, reduction=reduction, weight=positive(3), label_smoothing=0.2),
        # … with the classes on axis 1
        case("CrossEntropyLoss", of=images, reduction=reduction, ours={"axis": 1}),
        case("CrossEntropyLoss", of=images, reduction=reduction, label_smoothing=0.1, ours={"axis": 1}),
        case("CrossEntropyLoss", of=images, reduction=reduction, weight=positive(3), ours={"axis": 1}),
        case(
            "CrossEntropyLoss",
            of=(real(2, 3, 4), labels(2, 4, high=3, ignored=-100)),
            reduction=reduction,
            ours={"axis": 1},
        ),
        case("CrossEntropyLoss", of=soft_series, reduction=reduction, ours={"axis": 1}),
        case(
            "CrossEntropyLoss",
            of=soft_series,
            reduction=reduction,
            weight=positive(3),
            label_smoothing=0.1,
            ours={"axis": 1},
        ),
        # negative log-likelihood
        case("NLLLoss", of=(log_rows(4, 3), labels(4, high=3)), reduction=reduction),
        case("NLLLoss", of=(log_rows(3), labels(high=3)), reduction=reduction),
        case("NLLLoss", of=(log_rows(4, 3), labels(4, high=3)), reduction=reduction, weight=positive(3)),
        case("NLLLoss", of=(log_rows(4, 3), labels(4, high=3, ignored=-100)), reduction=reduction),
        case(
            "NLLLoss",
            of=(log_rows(4, 3), labels(4, high=3, ignored=1)),
            reduction=reduction,
            ignore_index=1,
            weight=positive(3),
        ),
        case("NLLLoss", of=(log_rows(2, 3, 4), labels(2, 4, high=3)), reduction=reduction, ours={"axis": 1}),
        case(
            "NLLLoss",
            of=(log_rows(2, 3, 4), labels(2, 4, high=3, ignored=-100)),
            reduction=reduction,
            weight=positive(3),
            ours={"axis": 1},
        ),
        # binary cross-entropy
        case("BCELoss", of=(probability(4, 3), probability(4, 3)), reduction=reduction),
        case("BCELoss", of=(probability(5), binary(5)), reduction=reduction),
        case("BCELoss", of=(probability(4, 3), binary(4, 3)), reduction=reduction, weight=positive(3)),
        case("BCELoss", of=(extreme(6), probability(6)), reduction=reduction),
        case("BCEWithLogitsLoss", of=(real(4, 3), probability(4, 3)), reduction=reduction),
        case("BCEWithLogitsLoss", of=(real(6, scale=300), binary(6)), reduction=reduction),
        case("BCEWithLogitsLoss", of=(real(4, 3), binary(4, 3)), reduction=reduction, weight=positive(4, 1)),
        case(
            "BCEWithLogitsLoss",
            of=(real(4, 3), probability(4, 3)),
            reduction=reduction,
            pos_weight=positive(3),
        ),
        case(
            "BCEWithLogitsLoss",
            of=(real(4, 3), binary(4, 3)),
            reduction=reduction,
            pos_weight=positive(3),
            weight=positive(3),
        ),
        # distances
        case("MSELoss", of=(real(4, 3), real(4, 3)), reduction=reduction),
        case("MSELoss", of=(real(5), real(5)), reduction=reduction),
        case("L1Loss", of=(real(4, 3), real(4, 3)), reduction=reduction),
        case("HuberLoss", of=(real(4, 3), real(4, 3)), reduction=reduction),
        case("HuberLoss", of=(real(4, 3), real(4, 3)), reduction=reduction, delta=0.5),
        case("SmoothL1Loss", of=(real(4, 3), real(4, 3)), reduction=reduction),
        case("SmoothL1Loss", of=(real(4, 3), real(4, 3)), reduction=reduction, beta=0.5),
        case("SmoothL1Loss", of=(real(4, 3), real(4, 3)), reduction=reduction, beta=0.0),
        # margins
        case("MultiMarginLoss", of=(real(4, 3), labels(4, high=3)), reduction=reduction),
        case("MultiMarginLoss", of=(real(4, 3), labels(4, high=3)), reduction=reduction, p=2),
        case("MultiMarginLoss", of=(real(4, 3), labels(4, high=3)), reduction=reduction, margin=0.5),
        case("MultiMarginLoss", of=(real(4, 3), labels(4, high=3)), reduction=reduction, weight=positive(3)),
        case(
            "CosineEmbeddingLoss", of=(real(5, 3), real(5, 3), signs(5)), constant=(2,), reduction=reduction
        ),
        case(
            "CosineEmbeddingLoss",
            of=(real(5, 3), real(5, 3), signs(5)),
            constant=(2,),
            reduction=reduction,
            margin=0.3,
        ),
        case("SoftMarginLoss", of=(real(4, 3), signs(4, 3)), constant=(1,), reduction=reduction),
        case("MultiLabelMarginLoss", of=(real(4, 3), lists(4, 3)), reduction=reduction),
        case("MultiLabelMarginLoss", of=(real(3), lists(3)), reduction=reduction),
        case("MultiLabelSoftMarginLoss", of=(real(4, 3), binary(4, 3)), constant=(1,), reduction=reduction),
        case(
            "MultiLabelSoftMarginLoss",
            of=(real(4, 3), probability(4, 3)),
            reduction=reduction,
            weight=positive(3),
        ),
        case("HingeEmbeddingLoss", of=(positive(4, 3), signs(4, 3)), constant=(1,), reduction=reduction),
        case("HingeEmbeddingLoss", of=(real(5), signs(5)), constant=(1,), reduction=reduction, margin=0.3),
        case("MarginRankingLoss", of=(real(5), real(5), signs(5)), constant=(2,), reduction=reduction),
        case(
            "MarginRankingLoss",
            of=(real(4, 3), real(4, 3), signs(4, 3)),
            constant=(2,),
            reduction=reduction,
            margin=0.7,
        ),
        # likelihoods
        case("PoissonNLLLoss", of=(real(4, 3), positive(4, 3)), reduction=reduction),
        case("PoissonNLLLoss", of=(real(4, 3), counts(4, 3)), constant=(1,), reduction=reduction, full=True),
        case(
            "PoissonNLLLoss",
            of=(positive(4, 3), counts(4, 3)),
            constant=(1,),
            reduction=reduction,
            log_input=False,
        ),
        case(
            "PoissonNLLLoss",
            of=(positive(4, 3), positive(4, 3)),
            reduction=reduction,
            log_input=False,
            full=True,
            eps=0.1,
        ),
        case("GaussianNLLLoss", of=(real(4, 3), real(4, 3), positive(4, 3)), reduction=reduction),
        case("GaussianNLLLoss", of=(real(4, 3), real(4, 3), positive(4)), reduction=reduction, full=True),
        case("GaussianNLLLoss", of=(real(4, 3), real(4, 3), positive(4, 1)), reduction=reduction),
        case("GaussianNLLLoss", of=(real(4, 3), real(4, 3), positive(1, 3)), reduction=reduction),
        case("GaussianNLLLoss", of=(real(4, 3), real(4, 3), probability(4, 3)), reduction=reduction, eps=0.5),
        # … short enough that the 1e-12 in the lengths counts, not that torch rounds it to float32
        case(
            "CosineEmbeddingLoss",
            of=(real(5, 3, scale=1e-3), real(5, 3, scale=1e-3), signs(5)),
            constant=(2,),
            reduction=reduction,
        ),
        case("TripletMarginLoss", of=(real(5, 3), real(5, 3), real(5, 3)), reduction=reduction),
        case("TripletMarginLoss", of=(real(5, 3), real(5, 3), real(5, 3)), reduction=reduction, margin=2.5),
        case("TripletMarginLoss", of=(real(5, 3), real(5, 3), real(5, 3)), reduction=reduction, p=1.0),
        case("TripletMarginLoss", of=(real(5, 3), real(5, 3), real(5, 3)), reduction=reduction, p=3.0),
        case("TripletMarginLoss", of=(real(5, 3), real(5, 3), real(5, 3)), reduction=reduction, swap=True),
        case(
            "TripletMarginLoss", of=(real(5, 3), real(5, 3), real(5, 3)), reduction=reduction, eps=1e-2, p=1.5
        ),
    ]

for reduction in (*REDUCTIONS, "batchmean"):
    CASES += [
        case("KLDivLoss", of=(log_rows(4, 3), rows(4, 3)), reduction=reduction),
        case("KLDivLoss", of=(log_rows(4, 3), log_rows(4, 3)), reduction=reduction, log_target=True),
    ]
