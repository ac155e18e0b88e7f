"""Figures measured on real data: `python -m tools.results` writes docs/results/ and results.md."""
