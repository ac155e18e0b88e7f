"""The code that the lessons import: ten packages, in the order in which an image passes through."""
