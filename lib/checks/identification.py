"""Check of the lesson on identification: a name for each probe, or none."""

from lib.checks.judge import edge, judge

PEOPLE = ["Ada", "Bo", "Cy", "Di", "Eve"]


def identify(attempt) -> bool | None:
    """`(scores (Q, G), names of the G templates, threshold) -> Q answers`, each a name or None."""

    def expected(scores, names, threshold):
        answers = []
        for row in scores.tolist():
            score, name = max(zip(row, names))
            answers.append(name if score >= threshold else None)
        return answers

    def draw(rng):
        names = rng.choice(PEOPLE, rng.integers(1, 9)).tolist()
        scores = rng.uniform(-0.2, 1, (rng.integers(1, 6), len(names)))
        return scores, names, round(rng.uniform(0.2, 0.9), 2)

    edges = [
        edge(
            "Each row is a probe, and its largest score names it.",
            *([[0.2, 0.8], [0.7, 0.1], [0.6, 0.3]], ["Ada", "Bo"], 0.5),
        ),
        edge("Nobody reaches the threshold: None.", [[0.4, 0.3]], ["Ada", "Bo"], 0.5),
        edge("Take the best of the three.", [[0.6, 0.9, 0.7]], ["Ada", "Bo", "Cy"], 0.5),
        edge("A score equal to the threshold is accepted.", [[0.5, 0.1]], ["Ada", "Bo"], 0.5),
        edge(
            "Of a person's templates the best one counts, not the mean or sum.",
            *([[0.9, 0.1, 0.8, 0.8]], ["Ada", "Ada", "Bo", "Bo"], 0.5),
        ),
        edge("A gallery of one person still meets strangers.", [[-0.3], [0.9]], ["Ada"], 0.0),
    ]
    hint = "The name of each row's largest score where it reaches the threshold, else None."
    return judge("identify", attempt, expected, edges, draw, hint)
