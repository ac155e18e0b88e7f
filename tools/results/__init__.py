"""Figures measured on real data: `python -m tools.results omniglot` measures and writes docs/results/omniglot.json and docs/results.md."""
