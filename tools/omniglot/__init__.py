"""Research on Omniglot: measured for docs/results, imported by no lesson."""
