"""What the app does, in Python: align a face, judge its quality, search the gallery, decide."""
