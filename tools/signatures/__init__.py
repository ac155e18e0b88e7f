"""Research on signatures: measured for docs/results, imported by no lesson."""
