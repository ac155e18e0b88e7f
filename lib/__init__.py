"""The code that the lessons import: flat modules, one idea each. Start with `course`, `data` and `losses`."""
