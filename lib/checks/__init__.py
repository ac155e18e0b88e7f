"""One check an exercise. Call it with your function; it answers in one line.

    checks.semi_hard(semi_hard)
    semi_hard: passed on 200 random inputs and 6 edge cases
"""

__all__: list[str] = []
