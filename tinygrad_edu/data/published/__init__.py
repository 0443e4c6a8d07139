"""Published data sets: those that scikit-learn bundles, and those that are fetched once, by name.

`named` has a function for each set, `sources` says where its files are, `download` finds or fetches them by
way of `https`, and `bundled` asks scikit-learn.

They import the readers of `data.files`, errors, and `io.atomic`, which stores a file whole or not at all.  io
stands beside data, on the core: it knows nothing of data.  It and `https` are imported in functions, when
something is to be fetched: programs that find their files here need not load them.
"""
