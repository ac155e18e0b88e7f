"""One-shot learning: networks, episodes and intervals against slow loops; the measured results."""

import json
import math
import os
import subprocess
import sys
from functools import partial
from itertools import product
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from scipy.stats import binomtest

from lib import data, evaluation, losses, models, training
from lib.models import embed
from lib.training import augment
from tools.omniglot.networks import quarter_turns
from tools.omniglot.views import (
    best_agreement,
    embed_views,
    turned_features,
    twins_scores,
)

ROOT = Path(__file__).resolve().parent.parent
LESSON = ROOT / "notebooks" / "08_one_shot_learning.ipynb"


@pytest.fixture
def rng():
    return np.random.default_rng(6)


@pytest.fixture
def identity(rng):
    return rng.permutation(
        np.repeat(np.arange(30), 6)
    )  # 30 identities in 3 groups of 10, six images each


@pytest.fixture
def group(identity):
    return identity // 10


# -- networks --------------------------------------------------------------------------------------


def test_kochs_network_has_the_papers_shapes_and_parameters():
    twins, head = models.KochNet(), models.L1Head()
    assert sum(p.numel() for module in (twins, head) for p in module.parameters()) == 38_951_745
    assert twins.conv(torch.zeros(1, 1, 105, 105)).shape == (1, 256, 6, 6)
    features = twins(torch.rand(2, 1, 105, 105))
    assert features.shape == (2, 4096) and bool(((features > 0) & (features < 1)).all())


def test_the_head_weighs_each_features_difference():
    torch.manual_seed(1)
    head, a, b = models.L1Head(5), torch.rand(3, 5), torch.rand(4, 5)
    torch.nn.init.normal_(head.alpha), torch.nn.init.normal_(head.bias)
    for i, j in product(range(3), range(4)):
        expected = head.bias + sum(head.alpha[f] * abs(a[i, f] - b[j, f]) for f in range(5))
        assert float(head.scores(a, b)[i, j].detach()) == pytest.approx(float(expected), abs=1e-6)


def test_the_heads_loss_is_cross_entropy_with_both_kinds_of_pairs_counting_half():
    torch.manual_seed(2)
    head, x, labels = models.L1Head(4), torch.rand(6, 4), torch.tensor([0, 0, 1, 1, 2, 0])
    cost = {True: [], False: []}
    for i in range(6):
        for j in range(i):
            p = float(torch.sigmoid(head.scores(x[i : i + 1], x[j : j + 1]).detach()))
            same = bool(labels[i] == labels[j])
            cost[same].append(-math.log(p if same else 1 - p))
    assert float(head(x, labels).detach()) == pytest.approx(
        sum(np.mean(c) for c in cost.values()) / 2, abs=1e-6
    )
    head.alpha.data.zero_()
    assert float(head(x, labels).detach()) == pytest.approx(math.log(2))  # ignores its input


def test_the_n_way_head_asks_which_of_the_batchs_characters_a_drawing_shows():
    torch.manual_seed(3)
    head, x = models.NWayL1Head(4), torch.rand(6, 4)
    torch.nn.init.normal_(head.alpha), torch.nn.init.normal_(head.bias)
    labels = torch.tensor([5, 2, 7, 2, 5, 7])
    first, second = [1, 0, 2], [3, 4, 5]  # of the labels 2, 5, 7
    terms = []
    for asked, shown in ((first, second), (second, first)):
        for n, probe in enumerate(asked):
            logits = head.scores(x[probe : probe + 1], x[shown]).detach()[0].tolist()
            terms.append(math.log(sum(map(math.exp, logits))) - logits[n])
    assert float(head(x, labels).detach()) == pytest.approx(np.mean(terms), abs=1e-6)
    head.alpha.data.zero_()
    assert float(head(x, labels).detach()) == pytest.approx(math.log(3))  # ignores its input
    for wrong in ([5, 2, 7, 2, 5, 5], [5, 5, 5, 5, 2, 2], [1, 2, 3, 4, 5, 6]):
        with pytest.raises(ValueError, match="every label twice"):
            head(x, torch.tensor(wrong))


def test_initial_weights_let_two_drawings_differ_and_the_head_is_undecided():
    drawings = data.load("synthetic-glyphs", alphabets=2, characters=8, drawers=2)
    torch.manual_seed(3)
    twins, head = models.KochNet(input_size=(28, 28), kernels=(4, 3, 2, 1)), models.L1Head()
    as_torch_starts = embed(twins, drawings).std(0).mean()
    models.initialise(twins, head)
    features = embed(twins, drawings)
    assert features.std(0).mean() > 20 * as_torch_starts and features.std(0).mean() > 0.05
    with torch.no_grad():
        logits = head.scores(features, features)
    assert (
        torch.allclose(logits.diagonal(), torch.tensor(2.0)) and -6 < float(logits.mean()) < 2
    )  # a drawing and itself: "same", and none is sure
    assert float(head(features, torch.arange(len(drawings)) // 2).detach()) < 2 * math.log(2)


@pytest.mark.parametrize(
    ("size", "width", "dimensions"),
    [((48, 48), 1.0, 256), ((28, 28), 0.5, 64), ((33, 40), 0.5, 16)],
)
def test_the_glyph_network_gives_unit_vectors_at_any_size(size, width, dimensions):
    net = models.GlyphNet(dimensions, size, width)
    vectors = net(torch.rand(3, 1, *size))
    assert vectors.shape == (3, dimensions) and torch.allclose(vectors.norm(dim=1), torch.ones(3))


def test_the_networks_learn_to_score_below_their_baselines():
    glyphs = data.load("synthetic-glyphs", alphabets=2, characters=8, drawers=6)
    torch.manual_seed(0)
    one_cycle = partial(training.learning_rate, schedule="one-cycle")
    twins, head = models.KochNet(128, (28, 28), (4, 3, 2, 1), width=0.25), models.L1Head(128)
    picking, n_way = models.KochNet(128, (28, 28), (4, 3, 2, 1), 0.25), models.NWayL1Head(128)
    models.initialise(picking, n_way)
    net, cosface = (
        models.GlyphNet(32, (28, 28), 0.25),
        losses.SoftmaxLoss(losses.CosFace(32, 16, scale=16.0, margin=0.1)),
    )
    for model, loss, baseline, lr in (
        (twins, head, math.log(2), 2e-3),
        (picking, n_way, losses.baseline_loss("n_way", classes=16), 5e-4),
        (net, cosface, losses.baseline_loss("cosface", scale=16.0, margin=0.1, classes=16), 5e-3),
    ):
        history = training.fit(
            model,
            glyphs,
            loss=loss,
            steps=40,
            batch=(16, 2),
            optimizer=torch.optim.AdamW(training.parameter_groups(model, loss), lr=lr),
            schedule=one_cycle,
        )
        assert history.smooth()[-1] < 0.97 * baseline


# -- what they are trained on ----------------------------------------------------------------------


def test_a_turned_character_is_another_character(rng):
    images = data.ImageSet(
        rng.integers(0, 255, (6, 5, 5), dtype=np.uint8),
        np.array([0, 0, 3, 3, 7, 7]),
        np.ones(6, bool),
        tuple("abcdef"),
    )
    turned = quarter_turns(images)
    assert len(turned.identities) == 4 * 3 and len(turned) == 4 * 6
    for turns, n in product(range(4), range(6)):
        at = turned.names.index(f"{images.names[n]} turned {90 * turns}")
        assert (turned.images[at] == np.rot90(images.images[n], turns)).all()
    sets = [set(turned.identity[turns * 6 : turns * 6 + 6]) for turns in range(4)]
    assert sum(len(one) for one in sets) == len(set.union(*sets))


def test_redrawing_follows_the_seed_and_at_strength_0_changes_nothing():
    x = torch.zeros(4, 1, 20, 20)
    x[:, :, 6:14, 9:11] = 1
    assert torch.allclose(augment.Redrawn(0.0)(x), x, atol=1e-5)
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(augment.Redrawn()(x))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    assert not torch.allclose(drawn[0][0], drawn[0][1])  # each image another hand
    assert 0.5 < float(drawn[0].sum() / x.sum()) < 2  # the ink stays on the page


# -- questions and answers -------------------------------------------------------------------------


@pytest.mark.parametrize(("ways", "shots"), [(2, 1), (5, 3), (10, 5)])
def test_an_episode_shows_different_identities_of_one_group_and_never_the_probe(
    identity, group, ways, shots
):
    asked = evaluation.draw_episodes(identity, ways, shots, 200, seed=3, group=group)
    assert asked.shown.shape == (200, ways, shots)
    for shown, probe, answer in zip(*asked):
        people = identity[shown]  # (ways, shots)
        assert (people == people[:, :1]).all() and len(set(people[:, 0])) == ways
        assert len(set(shown.ravel())) == ways * shots and probe not in shown
        assert identity[probe] == people[answer, 0] and len(set(group[shown.ravel()])) == 1
    counts = np.bincount(asked.answer, minlength=ways)
    assert counts.max() - counts.min() < 200 * 0.35


def test_a_narrowed_episode_is_the_same_question_with_fewer_wrong_answers(identity):
    asked = evaluation.draw_episodes(identity, 8, 4, 50)
    few = asked.narrowed(ways=3, shots=2)
    assert few.shown.shape == (50, 3, 2) and (few.probe == asked.probe).all()
    for e in range(50):
        assert (few.shown[e, few.answer[e]] == asked.shown[e, asked.answer[e], :2]).all()
        wrong = np.delete(asked.shown[e], asked.answer[e], axis=0)[:, :2].tolist()
        assert all(way in wrong for way in few.shown[e, 1:].tolist())


def test_too_few_identities_or_images_are_refused_in_words(identity, group):
    with pytest.raises(ValueError, match="needs 11 identities"):
        evaluation.draw_episodes(identity, 11, 1, 5, group=group)
    with pytest.raises(ValueError, match="with 7 images"):
        evaluation.draw_episodes(identity, 5, 6, 5)


def test_a_prototypes_score_is_the_mean_cosine_with_its_shots(identity, rng):
    vectors = rng.normal(size=(len(identity), 7))
    asked = evaluation.draw_episodes(identity, 5, 3, 20)
    scores = evaluation.prototype_scores(vectors, asked)
    for e, way in product(range(20), range(5)):
        probe = vectors[asked.probe[e]]
        cosines = [
            probe @ vectors[s] / np.linalg.norm(probe) / np.linalg.norm(vectors[s])
            for s in asked.shown[e, way]
        ]
        assert scores[e, way] == pytest.approx(np.mean(cosines), abs=1e-12)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert np.allclose(scores, evaluation.episode_scores(unit @ unit.T, asked), atol=1e-12)


def test_each_of_k_ways_that_tie_counts_1_over_k(identity):
    scores = [[1, 3, 2], [2, 2, 1], [0, 5, 5], [4, 4, 4]]
    assert evaluation.is_correct(scores, [1, 0, 0, 2]) == pytest.approx([1, 0.5, 0, 1 / 3])
    asked = evaluation.draw_episodes(identity, 5, 1, 40)
    collapsed = evaluation.prototype_scores(np.ones((len(identity), 3)), asked)
    assert evaluation.is_correct(collapsed, asked.answer).mean() == pytest.approx(1 / 5)


def test_an_episode_of_a_set_worked_by_hand():
    # Each identity has two equal images, but the second image of 2 looks like identity 0.
    vectors = np.eye(3)[[0, 0, 1, 1, 2, 0]]
    shown = np.array([[[0], [2], [4]], [[0], [2], [4]], [[0], [2], [5]]])
    asked = evaluation.Episodes(shown, probe=np.array([3, 5, 1]), answer=np.array([1, 2, 0]))
    correct = evaluation.is_correct(evaluation.prototype_scores(vectors, asked), asked.answer)
    assert correct.tolist() == [1, 0, 0.5]


# -- intervals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 7, 368, 399, 400])
def test_wilsons_interval_is_scipys(count):
    expected = binomtest(count, 400).proportion_ci(0.95, method="wilson")
    found = evaluation.wilson_interval(count, 400)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_an_interval_over_groups_equals_a_plain_loop_that_draws_whole_groups(rng):
    values, groups, kinds = rng.random(60), rng.integers(0, 9, 60), rng.integers(0, 2, 60)
    slow, means, balanced = np.random.default_rng(5), [], []
    for _ in range(2000):
        drawn = np.concatenate([np.flatnonzero(groups == g) for g in slow.integers(9, size=9)])
        some, kind = values[drawn], kinds[drawn]
        means.append(some.mean())
        balanced.append((some[kind == 0].mean() + some[kind == 1].mean()) / 2)
    found = evaluation.interval_over(values, groups, seed=5)
    assert found == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])), abs=1e-12)
    found = evaluation.interval_over(values, groups, kinds, seed=5)
    assert found == pytest.approx(tuple(np.percentile(balanced, [2.5, 97.5])), abs=1e-12)


def test_answers_that_fail_together_make_the_interval_wider():
    correct = np.repeat([1.0, 0, 1, 1, 0, 1, 1, 0, 1, 1], 40)
    alone = evaluation.interval_over(correct, np.arange(400))
    together = evaluation.interval_over(correct, np.repeat(np.arange(10), 40))
    assert together[1] - together[0] > 3 * (alone[1] - alone[0])


# -- retrieval and views ---------------------------------------------------------------------------


def test_retrieval_sorts_all_other_images_and_leaves_out_the_query(identity, rng):
    vectors = rng.normal(size=(len(identity), 5))
    found, correct = evaluation.retrieve(vectors, identity, k=6, block=37)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for query in range(len(identity)):
        others = [n for n in range(len(identity)) if n != query]
        assert found[query].tolist() == sorted(others, key=lambda n: -(unit[n] @ unit[query]))[:6]
        assert correct[query].tolist() == [identity[n] == identity[query] for n in found[query]]


def test_a_first_look_is_the_image_as_it_is_and_the_best_look_the_best_pair(rng):
    net, images = (
        models.GlyphNet(16, (28, 28), 0.25).eval(),
        rng.integers(0, 255, (5, 28, 28), dtype=np.uint8),
    )
    views = embed_views(net, images, redrawn=2, seed=1)
    assert torch.allclose(views[0], embed(net, images), atol=1e-5) and torch.equal(
        views, embed_views(net, images, redrawn=2, seed=1)
    )
    turned = embed_views(net, images, turns=4)[0]
    assert turned.shape == (5, 64) and torch.allclose(
        turned[:, 16:32] * 2, embed(net, np.rot90(images, 1, (1, 2)).copy()), atol=1e-5
    )
    scores = best_agreement(views[:, :2], views[:, 2:])
    for p, s in product(range(2), range(3)):
        expected = max(float(views[i, p] @ views[j, 2 + s]) for i in range(3) for j in range(3))
        assert float(scores[p, s]) == pytest.approx(expected, abs=1e-6)


def test_the_twins_logits_are_summed_over_quarter_turns_of_both_drawings(rng):
    torch.manual_seed(4)
    twins, head = models.KochNet(16, (28, 28), (4, 3, 2, 1), width=0.25), models.L1Head(16)
    images = rng.integers(0, 255, (5, 28, 28), dtype=np.uint8)
    views = turned_features(twins, images, turns=4)
    scores = twins_scores(head, views[:, :2], views[:, 2:])
    expected = 0
    for turn in range(4):
        features = embed(twins, np.rot90(images, turn, (1, 2)).copy())
        expected += head.scores(features[:2], features[2:]).detach()
    assert scores.shape == (2, 3) and torch.allclose(scores, expected, atol=1e-5)


def test_a_row_of_the_official_runs_resamples_alphabets_not_runs():
    from tools.omniglot import runs

    correct, alphabet = np.zeros((4, 20)), np.array([8, 8, 3, 3])
    correct[:2] = 1  # one alphabet is all right, the other all wrong
    found = runs.row("a method", correct, alphabet)
    assert found["right"] == 40 and found["right_by_run"] == [20, 20, 0, 0]
    assert found["interval"] == (0, 1), "half of the draws of two alphabets hold one of them alone"


def test_the_alphabet_of_a_run_is_that_of_its_drawings(rng):
    from lib.data.published.omniglot import Run
    from tools.omniglot.runs import alphabets

    images = rng.integers(0, 255, (6, 5, 5), dtype=np.uint8)
    extra = {"alphabet": np.array([4, 4, 9, 9, 2, 2])}
    drawings = data.ImageSet(images, np.arange(6), np.ones(6, bool), tuple("abcdef"), extra)
    shown = [Run(images[[a, b]], images[[b, a]], np.array([1, 0])) for a, b in ((2, 3), (5, 4))]
    assert alphabets(shown, drawings).tolist() == [9, 2]


# -- results ---------------------------------------------------------------------------------------


def test_counts_and_intervals_of_the_measured_runs_hold_together():
    from tools.results import page

    file = page.FOLDER / "omniglot.json"
    if not file.exists():
        pytest.skip("docs/results/omniglot.json is not there yet: python -m tools.results omniglot")
    rows = json.loads(file.read_text(encoding="utf-8"))["tables"][0]["rows"]
    ours = [row for row in rows if "right" in row]
    assert sum(row.get("headline", False) for row in ours) == 1
    for row in ours:
        assert (
            row["of"] == 400
            and row["share"] == row["right"] / 400
            and row["interval"][0] <= row["share"] <= row["interval"][1]
        )
    hausdorff = next(row for row in ours if "Hausdorff" in row["method"])
    assert hausdorff["share"] == pytest.approx(
        0.612, abs=0.005
    )  # Lake's published figure for the same files


@pytest.fixture
def omniglot(real_data, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", str(real_data))


def test_no_character_asked_about_is_among_those_trained_on(omniglot):
    from tools.omniglot.study import held_out

    background, test = (
        data.load("omniglot", part="background"),
        data.load("omniglot", part="evaluation"),
    )
    assert not set(background.identities) & set(test.identities)
    assert not set(background.extra["alphabet"]) & set(test.extra["alphabet"])
    scripts = [{name.split("/")[0] for name in part.names} for part in (background, test)]
    assert len(scripts[0]) == 30 and len(scripts[1]) == 20 and not scripts[0] & scripts[1]
    train, held = held_out(background)
    assert len(np.unique(held.extra["alphabet"])) == 6 and not set(train.extra["alphabet"]) & set(
        held.extra["alphabet"]
    )


def test_every_drawing_of_the_official_runs_is_an_evaluation_drawing_and_no_background_one(
    omniglot,
):
    from lib.data.published.omniglot import one_shot_runs

    known = {
        part: {
            image.tobytes(): n
            for n, image in enumerate(data.load("omniglot", part=part, size=35).images)
        }
        for part in ("background", "evaluation")
    }
    test, runs = data.load("omniglot", part="evaluation", size=35), one_shot_runs(size=35)
    assert len(runs) == 20
    for run in runs:
        drawings = [image.tobytes() for image in (*run.training, *run.test)]
        assert len(drawings) == 40 and not any(image in known["background"] for image in drawings)
        at = np.array([known["evaluation"][image] for image in drawings])
        assert len(set(test.extra["alphabet"][at])) == 1  # within one alphabet
        assert (test.identity[at[20:]] == test.identity[at[:20]][run.answer]).all()


@pytest.mark.slow
def test_the_results_command_runs_from_archive_to_table_and_leaves_docs_alone(omniglot, tmp_path):
    before = {
        path: path.stat().st_mtime_ns for path in (ROOT / "docs").rglob("*") if path.is_file()
    }
    environment = os.environ | {"COURSE_BUDGET": "quick"}
    done = subprocess.run(
        [sys.executable, "-m", "tools.results", "omniglot"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "### The official 20 runs" in done.stdout and "| guessing |  | 5.0 % |" in done.stdout
    assert before == {
        path: path.stat().st_mtime_ns for path in (ROOT / "docs").rglob("*") if path.is_file()
    }


# -- the lesson ------------------------------------------------------------------------------------


def test_the_lesson_prints_the_results_that_are_on_file():
    if not LESSON.exists():
        pytest.skip("lesson 8 is not there yet")
    printed = "\n".join(
        output.get("text", "")
        for cell in nbformat.read(LESSON, 4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    rows = json.loads((ROOT / "docs/results/omniglot.json").read_text(encoding="utf-8"))["tables"][
        0
    ]["rows"]
    for row in rows:
        line = next(line for line in printed.splitlines() if line.startswith(row["method"]))
        assert line.endswith(f"{row['share']:.1%}")


def test_the_lessons_words_about_the_runs_are_the_figures_on_file():
    if not LESSON.exists():
        pytest.skip("lesson 8 is not there yet")
    words = " ".join(
        " ".join(
            cell.source for cell in nbformat.read(LESSON, 4).cells if cell.cell_type == "markdown"
        ).split()
    )
    rows = json.loads((ROOT / "docs/results/omniglot.json").read_text(encoding="utf-8"))["tables"][
        0
    ]["rows"]
    headline = next(row for row in rows if row.get("headline"))
    one_view = next(row for row in rows if row["method"] == "GlyphNet, one view")
    assert (
        f"**{headline['right']:g} of 400, {100 * headline['share']:.1f} %**" in words
        and f"has {one_view['right']:g} of 400 right" in words
    )
    twins, ink = (
        next(row for row in rows if row["method"] == method)
        for method in ("Koch's twins, half resolution", "raw pixels, cosine")
    )
    assert (
        f"**{twins['right']:g} of 400, {100 * twins['share']:.1f} %**" in words
        and f"raw pixels {ink['right']:g}" in words
    )
    assert (
        ink["interval"][1] < twins["interval"][0] and twins["interval"][1] < one_view["interval"][0]
    )
    episodes = json.loads((ROOT / "docs/results/omniglot.json").read_text(encoding="utf-8"))[
        "tables"
    ][2]["rows"]
    random_hands = next(
        r
        for r in episodes
        if (r["ways"], r["shots"], r["from"], r["method"]) == (20, 1, "one alphabet", "GlyphNet")
    )
    assert f"answers {100 * random_hands['share']:.0f} % of 2,000 questions" in words
    published = {row["method"]: row["share"] for row in rows if "published" in row["method"]}
    assert published["published: people"] == 0.955 and "people 95.5 %" in words
    assert headline["interval"][0] > published["published: Koch's twins, 105x105"]
    assert headline["share"] < max(published.values()), "the words call no figure the best"


def test_the_lessons_words_about_its_own_training_hold_in_what_it_prints():
    if not LESSON.exists():
        pytest.skip("lesson 8 is not there yet")
    printed = "\n".join(
        output.get("text", "")
        for cell in nbformat.read(LESSON, 4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    share = {
        name.strip(): float(rest.partition("%")[0])
        for name, _, rest in (line.partition(": ") for line in printed.splitlines())
        if "% right, " in rest
    }
    raw, bias_0, pairs, which, cosface, glyphs = (
        share[name]
        for name in (
            "raw pixels",
            "twins on pairs, bias 0",
            "twins on pairs",
            "twins on which of 32",
            "Koch's network, CosFace",
            "GlyphNet, CosFace",
        )
    )
    assert abs(bias_0 - raw) < 12 and 68 < pairs < 82  # "no better than", "about three quarters"
    assert which > pairs + 5 and which > cosface + 5 and glyphs > cosface + 5
