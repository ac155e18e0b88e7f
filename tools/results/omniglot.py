"""One-shot learning on Omniglot: Lake's official 20 runs, random episodes, retrieval.

    COURSE_MIRROR=../shared/data python -m tools.results omniglot
                                     without the mirror the archives are downloaded
    python -m tools.results.omniglot study
                                     what each step of the recipe brings (`tools.omniglot.study`)
    python -m tools.results.omniglot twins
                                     the same for Koch's twins: which loss, which start

Trained on the background alphabets alone. Whatever was chosen was chosen by the study, on
background alphabets that the network had not learned. The evaluation alphabets and the 20 runs were
scored by the chosen recipe alone, trained on all 30 background alphabets; nothing was tuned between
two scorings.
"""

import json
import sys
from pathlib import Path

from lib import course, data, evaluation, models
from lib.data.files import write_atomically
from lib.data.published.omniglot import one_shot_runs
from lib.models import count_multiply_adds, count_parameters, embed
from tools.omniglot import study
from tools.omniglot.networks import (
    SIZE,
    koch_multiply_adds,
    pixels,
    train_glyph_net,
    train_koch_net,
)
from tools.omniglot.runs import (
    alphabets,
    run_rows,
    scores_of_glyphs,
    scores_of_twins,
    scores_untrained,
)
from tools.results import page

COMMAND = "python -m tools.results omniglot"
STUDIES = {  # name: (what it measures, at how many steps)
    "study": (study.study, study.STEPS),
    "twins": (study.twins_study, study.TWINS_STEPS),
}
STEPS, KOCH_STEPS = 2000, 3000
PAIRWISE = "Koch's twins, half resolution"
N_WAY = f"{PAIRWISE}, N-way loss"
LONGER = f"{N_WAY}, twice as long"
TWINS = (  # row of the official runs, name of the loss, checkpoint, N-way loss?, times KOCH_STEPS
    (PAIRWISE, "", "koch", False, 1),
    (N_WAY, ", N-way loss", "koch_n_way", True, 1),
    (LONGER, ", N-way loss", "koch_n_way", True, 2),
)
# What was known of the official runs' answers when a row's recipe was chosen.
SEEN = {
    N_WAY: "an earlier trial of the same recipe: 355",
    f"{N_WAY}, four quarter turns": "an earlier trial of the same recipe: 366",
    f"{LONGER}, four quarter turns": "the row above with half the steps: 367",
}


def episode_rows(vectors: dict, test: data.ImageSet, count: int) -> list[dict]:
    """Accuracy in random episodes; the same episodes for all methods."""
    rows = []
    for ways, shots in ((5, 1), (20, 1), (5, 5), (20, 5)):
        for where, group in (("any alphabet", None), ("one alphabet", test.extra["alphabet"])):
            episodes = evaluation.draw_episodes(
                test.identity, ways, shots, count, seed=0, group=group
            )
            for name, embedded in vectors.items():
                scores = evaluation.prototype_scores(embedded, episodes)
                correct = evaluation.is_correct(scores, episodes.answer)
                interval = evaluation.interval_over(correct, test.identity[episodes.probe])
                rows.append(
                    {
                        "ways": ways,
                        "shots": shots,
                        "from": where,
                        "method": name,
                        "episodes": count,
                        "share": float(correct.mean()),
                        "interval": interval,
                    }
                )
    return rows


def retrieval_rows(vectors: dict, test: data.ImageSet) -> list[dict]:
    """Precision among the k most similar drawings, each drawing being the query once."""
    rows = []
    for name, embedded in vectors.items():
        _, correct = evaluation.retrieve(embedded, test.identity, 19)
        for k in (1, 5, 10, 19):
            precision = correct[:, :k].mean(1)
            interval = evaluation.interval_over(precision, test.identity)
            mean = float(precision.mean())
            rows.append({"k": k, "method": name, "precision": mean, "interval": interval})
    return rows


def network_row(name: str, model, multiply_adds: int, history, batch: int) -> dict:
    """The size of a network, and what its training took and came to."""
    return {
        "name": name,
        "parameters": count_parameters(model),
        "multiply_adds": multiply_adds,
        "steps": history.steps,
        "drawings": history.steps * batch,
        "loss": history.smooth()[-1],
        "trivial": history.baseline,
        "seconds": round(history.seconds),
    }


def study_file(name: str) -> Path:
    return page.FOLDER / "study" / f"omniglot_{name}.json"


def study_tables() -> list[dict]:
    """A table of each study that has been run: one takes as long as the training."""
    found = {
        name: json.loads(study_file(name).read_text(encoding="utf-8"))
        for name in STUDIES
        if study_file(name).exists()
    }
    return [page.table(name, one["rows"]) for name, one in found.items()]


def methods_asked(background: data.ImageSet) -> tuple[dict, models.GlyphNet, list[dict]]:
    """({method: its scores}, the course's network, rows of all networks), trained or loaded."""
    steps, koch_steps, redrawn = course.by_budget(
        quick=(20, 10, 2), full=(STEPS, KOCH_STEPS, study.REDRAWN)
    )
    glyphs, history = train_glyph_net(background, steps, f"glyphnet_{steps}")
    cost = count_multiply_adds(glyphs)
    networks = [network_row("GlyphNet", glyphs, cost, history, batch=128)]
    methods = scores_untrained()
    for name, loss, file, n_way, times in TWINS:
        steps = times * koch_steps
        koch, head, history = train_koch_net(background, steps, f"{file}_{steps}", n_way)
        cost = koch_multiply_adds(koch)
        networks.append(network_row(f"Koch's twins{loss}", koch, cost, history, batch=64))
        methods[name] = scores_of_twins(koch, head)
        methods[f"{name}, four quarter turns"] = scores_of_twins(koch, head, turns=4)
    return methods | scores_of_glyphs(glyphs, redrawn), glyphs, networks


def run() -> dict:
    """What `python -m tools.results omniglot` writes to docs/results/omniglot.json."""
    background = data.load("omniglot", part="background", size=SIZE)
    test = data.load("omniglot", part="evaluation", size=SIZE)
    methods, glyphs, networks = methods_asked(background)
    runs, large_runs = one_shot_runs(size=SIZE), one_shot_runs(size=105)
    alphabet = alphabets(runs, test)
    if course.budget() == "quick":
        test = test[test.extra["alphabet"] < 33]  # 3 of the 20 alphabets
        runs, large_runs, alphabet = runs[:1], large_runs[:1], alphabet[:1]
    rows = run_rows(methods, runs, large_runs, alphabet)
    for row in rows:
        row |= {"seen": SEEN[row["method"]]} if row["method"] in SEEN else {}
    vectors = {"raw pixels": pixels(test.images), "GlyphNet": embed(glyphs, test)}
    episodes = course.by_budget(quick=200, full=2000)
    return {
        "command": COMMAND,
        "facts": {"held_out": study.HELD_OUT},
        "tables": [
            page.table("runs", [*rows, *page.published("omniglot")]),
            page.table("networks", networks),
            page.table("episodes", episode_rows(vectors, test, episodes)),
            page.table("retrieval", retrieval_rows(vectors, test)),
            *study_tables(),
        ],
    }


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in STUDIES:
        sys.exit(f"{COMMAND}, or python -m tools.results.omniglot study|twins")
    course.seed_everything(0)
    measure, steps = STUDIES[sys.argv[1]]
    found = measure(course.by_budget(quick=10, full=steps))
    write_atomically(study_file(sys.argv[1]), (json.dumps(found, indent=1) + "\n").encode())
