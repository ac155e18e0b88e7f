"""Draw the two pictures of the README.

    python -m tools.first_page

docs/first_page.png shows four pairs with their scores and the threshold between two histograms,
docs/two_losses.png how the contrastive and the triplet loss move points. The first one names the
network that gave its scores, by its fingerprint, among its metadata.
"""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt

from lib import course
from lib.data import load
from lib.data.pairs import all_pairs
from lib.evaluation import pair_scores, tar_at_far
from lib.export.contract import fingerprint
from lib.models import course_model, embed
from lib.plots.losses import margin_forces, triplet_forces
from lib.plots.scores import score_histograms
from lib.plots.welcome import PAIRS, pairs_of_faces


def two_losses() -> None:
    fig, axes = plt.subplots(1, 2, figsize=(12, 4.2), layout="constrained")
    margin_forces(axes[0], margin=1.0)
    triplet_forces(axes[1])
    fig.savefig(course.ROOT / "docs" / "two_losses.png", dpi=100)


def one_model() -> None:
    people, model = load("synthetic-faces", identities=60, images=10, seed=2), course_model()
    vectors = embed(model, people)
    i, j, same = all_pairs(people.identity)
    scores = pair_scores(vectors, i, j)
    fig = plt.figure(figsize=(10, 4.2))
    grid = fig.add_gridspec(2, 4, width_ratios=(1, 1, 0.05, 2.6))
    faces = [fig.add_subplot(grid[row, column]) for row in (0, 1) for column in (0, 1)]
    shown = [float(vectors[a] @ vectors[b]) for a, b in PAIRS]
    pairs_of_faces(faces, people.images, PAIRS, shown, people.identity)
    score_histograms(fig.add_subplot(grid[:, 3]), scores, same, tar_at_far(scores, same, 0.01)[1])
    metadata = {"Network": fingerprint(model)}
    fig.savefig(course.ROOT / "docs" / "first_page.png", dpi=110, metadata=metadata)


def main() -> None:
    course.use_figure_style()
    one_model()
    two_losses()


if __name__ == "__main__":
    main()
