"""scikit-learn's own checks of estimators: all pass, none is expected to fail, and what it skips is known."""

import warnings

import pytest

pytest.importorskip("sklearn", "1.6", reason="tinygrad_edu.sklearn needs scikit-learn")

from sklearn.utils.estimator_checks import check_estimator

import tinygrad_edu as tg

SKIPPED = {  # by scikit-learn, since there is nothing to check, or since an environment variable is not set
    "check_array_api_input",  # SCIPY_ARRAY_API is not set
    "check_classifiers_multilabel_output_format_decision_function",  # there is none
}


@pytest.mark.parametrize("kind", [tg.sklearn.Classifier, tg.sklearn.Regressor])
def test_every_check_of_scikit_learn_passes(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # many checks do what is warned of, such as too few epochs
        # As many epochs as scikit-learn takes for its own networks.
        found = check_estimator(kind(max_iter=100), on_skip=None, on_fail=None)
    by = {status: [c for c in found if c["status"] == status] for status in ("passed", "skipped")}
    others = [(c["check_name"], c["status"], c["exception"]) for c in found if c["status"] not in by]
    assert others == []
    assert {c["check_name"] for c in by["skipped"]} <= SKIPPED
    assert len(by["passed"]) > 40


def test_a_broken_estimator_fails_them():
    class Forgetful(tg.sklearn.Regressor):
        def predict(self, X):
            return super().predict(X)[:-1]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(Forgetful((), max_iter=1), on_skip=None, on_fail=None)
    assert any(check["status"] == "failed" for check in found)
