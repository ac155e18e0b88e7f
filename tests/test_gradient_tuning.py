"""Training on with photographs: who learns, who chooses, and who is in neither."""

import numpy as np
import pytest
import torch

from lib import data, losses, models
from lib.data import ImageSet
from lib.training import History
from tools.faces import fine_tuning, gradient_tuning, halves, rows
from tools.faces.gradient_tuning import RECIPES, class_means, training_set

VIEWS = ("aligned", "fixed", "mirrored", "fixed-mirrored")


def painted(identity: np.ndarray) -> dict[str, np.ndarray]:
    """Views whose first pixel holds the identity in red and the number of the view in green."""
    images = {view: np.zeros((len(identity), 4, 4, 3), np.uint8) for view in VIEWS}
    for n, view in enumerate(VIEWS):
        images[view][:, 0, 0, 0], images[view][:, 0, 0, 1] = identity, n
    return images


def white_faces(people: int = 3) -> ImageSet:
    white, everyone = np.full((2 * people, 4, 4, 3), 255, np.uint8), np.repeat(np.arange(people), 2)
    return ImageSet(white, everyone, np.ones(2 * people, bool), [""] * (2 * people))


@pytest.fixture
def watched(monkeypatch):
    """`tune` without training: what each training was given, and how much each network errs.

    noise  {(recipe, steps): how noisy the vectors of this network are}
    """
    given, noise = [], {}

    def train(recipe, images, steps, name):
        is_photograph = images.images[:, 0, 0, 2] == 0
        people = set(images.images[is_photograph][:, 0, 0, 0].tolist())
        given.append((recipe, steps, name, people))
        return (recipe, steps), 10.0

    def embed_views(model, name, views):
        rng = np.random.default_rng(0)
        spread = noise.get((RECIPES.index(model[0]), model[1]), 8.0)
        return {
            view: np.eye(250)[images[:, 0, 0, 0]]
            + spread * rng.normal(size=(len(images), 250)) / 16
            for view, images in views.items()
        }

    monkeypatch.setattr(gradient_tuning, "train", train)
    monkeypatch.setattr(gradient_tuning, "embed_views", embed_views)
    monkeypatch.setattr(data, "load", lambda *_, **__: white_faces())
    return given, noise


def test_no_trial_learns_from_the_people_it_is_judged_on_and_the_last_training_learns_from_all(
    watched,
):
    given, _ = watched
    identity = np.repeat(np.arange(100), 3)
    out = gradient_tuning.tune(painted(identity), identity, "some")
    held = set(identity[fine_tuning.held_out(identity)].tolist())
    assert len(held) == 20 and len(given) == len(RECIPES) + 2
    for _, _, name, people in given[:-1]:
        assert name.startswith("trial") and people == set(range(100)) - held
    assert (
        out.name == given[-1][2]
        and out.name.startswith("tuned")
        and given[-1][3] == set(range(100))
    )
    assert out.seconds == 10.0 * len(given)
    assert len({name for _, _, name, _ in given}) == len(given), (
        "each training has a checkpoint of its own"
    )


@pytest.mark.parametrize("longer", [False, True], ids=["short", "long"])
@pytest.mark.parametrize("chosen", range(len(RECIPES)))
def test_the_recipe_and_length_with_the_fewest_errors_on_people_held_out_train_on_everybody(
    watched, chosen, longer
):
    given, noise = watched
    noise[chosen, 2], noise[chosen, 4] = 5.5, 5.0 if longer else 6.5
    identity = np.random.default_rng(1).permutation(np.repeat(np.arange(100), 3))
    out = gradient_tuning.tune(painted(identity), identity, "some")
    steps = 4 if longer else 2
    assert [(RECIPES.index(recipe), length) for recipe, length, _, _ in given] == [
        (0, 2),
        (1, 2),
        (2, 2),
        (chosen, 4),
        (chosen, steps),
    ]
    assert out.model == (RECIPES[chosen], steps)
    marked = [row for row in out.rows if row.get("chosen")]
    assert len(marked) == 1 and marked[0]["recipe"].endswith(
        f" {steps} steps: {RECIPES[chosen].description}"
    )
    assert 0 < marked[0]["eer"] == min(row["eer"] for row in out.rows) < 0.3
    assert len(out.trial["aligned"]) == len(identity), "the trial's network, of all photographs"


def test_a_training_set_gives_no_identity_to_two_people_and_may_leave_single_photographs_out():
    identity = np.array([7, 7, 9, 4, 4, 4])  # 9 has one photograph
    views = {name: painted(identity)[name] for name in gradient_tuning.LEARNED_FROM}
    some, all_ = (
        training_set(views, identity, white_faces(), everybody) for everybody in (False, True)
    )
    for images, people in ((some, {7: 4, 4: 6}), (all_, {7: 4, 9: 2, 4: 6})):
        real = images.images[:, 0, 0, 2] == 0
        assert (images.images[real, 0, 0, 0] == images.identity[real]).all(), (
            "each crop stays its person's"
        )
        assert {
            int(who): int((images.identity[real] == who).sum())
            for who in set(images.identity[real].tolist())
        } == people
        assert not set(images.identity[real].tolist()) & set(images.identity[~real].tolist())
        assert len(set(images.identity[~real].tolist())) == 3 and (~real).sum() == 6


def test_a_class_mean_is_the_direction_of_the_sum_of_its_vectors():
    rng = np.random.default_rng(0)
    vectors, label = rng.normal(size=(9, 4)), np.array([2, 0, 1, 0, 2, 2, 1, 0, 2])
    found = class_means(torch.from_numpy(vectors).float(), label)
    for one in range(3):
        total = sum(vectors[k] for k in range(9) if label[k] == one)
        np.testing.assert_allclose(found[one], total / np.sqrt((total**2).sum()), atol=1e-6)


def test_cosface_begins_with_each_persons_mean_and_triplets_have_no_directions(monkeypatch):
    seen = {}

    def fit(model, train, *, loss, steps, **options):
        seen.update(loss=loss, train=train, steps=steps, options=options)
        return History(steps, loss=[1.0] * steps, seconds=2.0)

    monkeypatch.setattr(gradient_tuning, "fit", fit)
    train = data.load("synthetic-faces", identities=4, images=3, size=56, seed=5)
    model, seconds = gradient_tuning.train(RECIPES[1], train, 7, "watched")
    vectors = models.embed(models.course_model(), train).numpy()
    weight = seen["loss"].head.weight.detach().numpy()
    assert seconds == 2.0 and seen["steps"] == 7 and weight.shape == (4, model.embedding_size)
    for row, who in zip(weight, train.identities):
        mean = vectors[train.identity == who].mean(0)
        assert row @ mean / np.linalg.norm(mean) == pytest.approx(1, abs=1e-5)
    baseline = losses.baseline_loss(
        "cosface", margin=gradient_tuning.MARGIN, scale=gradient_tuning.SCALE, classes=4
    )
    assert seen["options"]["baseline"] == baseline
    gradient_tuning.train(RECIPES[0], train, 7, "watched")
    assert seen["loss"] is losses.batch_hard_triplet_loss and seen["options"]["baseline"] == 0.2


def test_a_training_that_was_stopped_is_not_measured(monkeypatch):
    monkeypatch.setattr(
        gradient_tuning, "fit", lambda *_, steps, **__: History(steps, loss=[1.0] * (steps - 1))
    )
    with pytest.raises(KeyboardInterrupt, match="after 4 of 5 steps; the same command goes on"):
        gradient_tuning.train(RECIPES[0], white_faces(), 5, "stopped")


def test_shrunk_pictures_become_the_input_that_large_ones_become():
    crops = data.load("synthetic-faces", identities=2, images=2, size=112, seed=5).images
    model = models.course_model()
    apart = models.to_input(gradient_tuning.shrink(crops), model) - models.to_input(crops, model)
    assert apart.abs().max() <= 0.5 / 127.5 + 1e-4


def test_each_pair_is_judged_by_the_network_that_never_met_its_people():
    rng = np.random.default_rng(0)
    i, j, fold = np.arange(0, 40, 2), np.arange(1, 40, 2), np.repeat(np.arange(10), 2)
    pairs = (i, j, np.tile([True, False], 10), fold)
    splits = fine_tuning.halves(np.arange(40), pairs)
    networks = [
        (
            {view: rng.normal(size=(40, 5)) for view in VIEWS},
            (rng.normal(size=5), rng.normal(size=(5, 5))),
        )
        for _ in range(2)
    ]
    found = halves.judge(networks, splits, pairs)

    def cosine(views, layer, n):
        a, b = (
            (sum(view[k] for view in views) / len(views) - layer[0]) @ layer[1]
            for k in (i[n], j[n])
        )
        return a @ b / np.sqrt(a @ a * (b @ b))

    for n in range(20):
        views, layer = networks[0 if fold[n] >= 5 else 1]  # the first half learns from folds 0 to 4
        assert found.one_view[n] == pytest.approx(cosine([views["aligned"]], layer, n))
        assert found.all_views[n] == pytest.approx(cosine(list(views.values()), layer, n))
        for k, (theirs, on_top) in enumerate(networks):
            assert found.after[k, n] == pytest.approx(cosine([theirs["aligned"]], on_top, n))


def test_the_layer_on_top_is_chosen_with_the_trials_network_and_fitted_to_the_last_one():
    rng = np.random.default_rng(0)
    identity = np.repeat(np.arange(100), 4)
    people = rng.normal(size=(100, 4))
    trial = {
        view: people[identity] + np.array([3.0, 1.0, 0.2, 0.2]) * rng.normal(size=(400, 4))
        for view in "ab"
    }
    last = {
        view: people[identity] + np.array([0.2, 0.2, 1.0, 3.0]) * rng.normal(size=(400, 4))
        for view in "ab"
    }
    (mean, matrix), trials = fine_tuning.fit_layer(last, identity, "some", trial)
    _, alone = fine_tuning.fit_layer(trial, identity, "some")
    assert [row["eer"] for row in trials] == [row["eer"] for row in alone[1:]], (
        "judged with the trial's network"
    )
    best = int(np.argmin([row["eer"] for row in trials]))
    assert [row.get("chosen") for row in trials].index("chosen") == best
    expected = fine_tuning.whitening_layer(
        np.concatenate([last["a"], last["b"]]), np.tile(identity, 2), fine_tuning.ROUNDNESS[best]
    )
    np.testing.assert_allclose(mean, expected[0])
    np.testing.assert_allclose(matrix, expected[1])


def test_a_gain_is_the_fall_of_the_eer_on_the_same_pairs():
    same = np.tile([True, False], 50)
    i, j = np.arange(0, 200, 2), np.arange(1, 200, 2)
    wrong = np.where(same, 0.0, 1.0)
    before, after = wrong.copy(), wrong.copy()
    before[:60] = same[:60]  # 20 of 50 errors of either kind are left
    after[:80] = same[:80]  # 10 of 50
    found = rows.gain(before, after, (i, j, same, None), np.arange(200))
    low, high = found["interval"]
    assert found["points"] == pytest.approx(20) and 0 < low < 20 < high
