"""One-shot learning on Omniglot: Lake's official 20 runs, random episodes, retrieval.

    COURSE_MIRROR=../shared/data python -m tools.results omniglot
                                     without the mirror the archives are downloaded
    python -m tools.results.omniglot study
                                     what each step of the recipe brings (`tools.omniglot.study`)

Trained on the background alphabets alone. Whatever was chosen was chosen by the study, on
background alphabets that the network had not learned. The evaluation alphabets and the 20 runs were
scored by the chosen recipe alone, trained on all 30 background alphabets; nothing was tuned between
two scorings.
"""

import json
import sys

from lib import course, data, evaluation
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
from tools.omniglot.runs import run_rows, scores_by_method
from tools.results import page

COMMAND = "python -m tools.results omniglot"
STUDY = page.FOLDER / "study" / "omniglot.json"
STEPS, KOCH_STEPS = 2000, 3000


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


def study_table() -> list[dict]:
    """The table of the study, where it has been run: it takes as long as the training."""
    if not STUDY.exists():
        return []
    found = json.loads(STUDY.read_text(encoding="utf-8"))
    return [page.table("study", found["rows"])]


def run() -> dict:
    """What `python -m tools.results omniglot` writes to docs/results/omniglot.json."""
    steps, koch_steps, episodes = course.by_budget(
        quick=(20, 10, 200), full=(STEPS, KOCH_STEPS, 2000)
    )
    background = data.load("omniglot", part="background", size=SIZE)
    test = data.load("omniglot", part="evaluation", size=SIZE)
    glyphs, glyph_history = train_glyph_net(background, steps, f"glyphnet_{steps}")
    koch, head, koch_history = train_koch_net(background, koch_steps, f"koch_{koch_steps}")
    runs, large_runs = one_shot_runs(size=SIZE), one_shot_runs(size=105)
    if course.budget() == "quick":
        test = test[test.extra["alphabet"] < 33]  # 3 of the 20 alphabets
        runs, large_runs = runs[:1], large_runs[:1]
    redrawn = course.by_budget(quick=2, full=study.REDRAWN)
    methods = scores_by_method(glyphs, koch, head, redrawn)
    rows = run_rows(methods, runs, large_runs)
    vectors = {"raw pixels": pixels(test.images), "GlyphNet": embed(glyphs, test)}
    networks = [
        network_row("GlyphNet", glyphs, count_multiply_adds(glyphs), glyph_history, batch=128),
        network_row("Koch's twins", koch, koch_multiply_adds(koch), koch_history, batch=64),
    ]
    return {
        "command": COMMAND,
        "facts": {"held_out": study.HELD_OUT},
        "tables": [
            page.table("runs", [*rows, *page.published("omniglot")]),
            page.table("networks", networks),
            page.table("episodes", episode_rows(vectors, test, episodes)),
            page.table("retrieval", retrieval_rows(vectors, test)),
            *study_table(),
        ],
    }


if __name__ == "__main__":
    if sys.argv[1:] != ["study"]:
        sys.exit(f"{COMMAND}, or python -m tools.results.omniglot study")
    course.seed_everything(0)
    found = study.study(course.by_budget(quick=10, full=study.STEPS))
    write_atomically(STUDY, (json.dumps(found, indent=1) + "\n").encode())
