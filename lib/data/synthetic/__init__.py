"""Data sets that the course draws: faces, signatures, characters; nobody in them exists."""
