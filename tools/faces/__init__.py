"""Research on faces: measured for docs/results, imported by no lesson."""
