"""Published data sets: those that scikit-learn bundles, and those that are fetched once, by name."""
