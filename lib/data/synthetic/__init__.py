"""Data sets that the course draws itself: faces, signatures and characters; nobody in them exists."""
