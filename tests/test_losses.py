"""Losses against plain loops, against pytorch-metric-learning in float64, and at their edges."""

import itertools
import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from pytorch_metric_learning import distances as pml_distances
from pytorch_metric_learning import losses as pml_losses
from pytorch_metric_learning import miners, reducers

from lib import losses
from lib.losses import ArcFace, CosFace, NormalizedSoftmax, SoftmaxLoss, SphereFace

RAW = dict(distance=pml_distances.LpDistance(normalize_embeddings=False))
LABELS = torch.tensor(
    [0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4]
)  # uneven, and one identity with a single image
BATCH_LOSSES = [
    losses.batch_contrastive_loss,
    losses.batch_hard_triplet_loss,
    losses.batch_all_triplet_loss,
    losses.semi_hard_triplet_loss,
    losses.n_pair_loss,
    losses.nt_xent_loss,
    losses.supcon_loss,
]
HEADS = [NormalizedSoftmax, SphereFace, CosFace, ArcFace]
batch_losses = pytest.mark.parametrize("loss", BATCH_LOSSES, ids=lambda f: f.__name__)
heads = pytest.mark.parametrize("head_type", HEADS, ids=lambda c: c.__name__)
# With names as ids: an address would differ between the workers of pytest-xdist.
every_kind = pytest.mark.parametrize(
    "loss",
    [*BATCH_LOSSES, SoftmaxLoss(ArcFace(3, 9))],
    ids=[*(f.__name__ for f in BATCH_LOSSES), "softmax_with_arcface"],
)


@pytest.fixture(params=[0, 1, 2])
def embeddings(request) -> torch.Tensor:
    generator = torch.Generator().manual_seed(request.param)
    return torch.randn(len(LABELS), 5, generator=generator, dtype=torch.float64)


def close(a, b) -> bool:
    a, b = (float(x.detach()) if isinstance(x, torch.Tensor) else x for x in (a, b))
    return a == pytest.approx(b, abs=1e-10, rel=1e-10)


def loop_triplets(labels) -> list[tuple[int, int, int]]:
    n = range(len(labels))
    return [
        (a, p, n_)
        for a, p, n_ in itertools.product(n, n, n)
        if a != p and labels[a] == labels[p] and labels[a] != labels[n_]
    ]


def loop_distance(x, i, j) -> float:
    return math.sqrt(sum((float(u) - float(v)) ** 2 for u, v in zip(x[i], x[j])))


# --- pairs and triplets given by their distances --------------------------------------------------


def test_contrastive_is_hadsells_equation():
    d, same = [0.6, 0.6, 1.2, 0.0, 0.0], [True, False, False, True, False]
    by_hand = [0.18, 0.08, 0.0, 0.0, 0.5]
    for one_d, one_same, value in zip(d, same, by_hand):
        assert close(
            losses.contrastive_loss(
                torch.tensor(one_d, dtype=torch.float64), torch.tensor(one_same), 1.0
            ),
            value,
        )
    assert close(
        losses.contrastive_loss(torch.tensor(d, dtype=torch.float64), torch.tensor(same), 1.0),
        sum(by_hand) / 5,
    )


def test_contrastive_equals_its_linear_parts_in_the_trusted_library(embeddings):
    trusted = pml_losses.ContrastiveLoss(
        pos_margin=0, neg_margin=1.5, reducer=reducers.DoNothingReducer(), **RAW
    )(embeddings, LABELS)
    terms = torch.cat(
        [trusted["pos_loss"]["losses"], trusted["neg_loss"]["losses"]]
    )  # each pair twice, linear
    assert close(losses.batch_contrastive_loss(embeddings, LABELS, 1.5), terms.square().mean() / 2)


@pytest.mark.parametrize("margin", [0.2, 3.0])
def test_triplet_loss_equals_that_of_torch(embeddings, margin):
    a, p, n = embeddings[:4], embeddings[4:8], embeddings[8:]
    d_ap, d_an = torch.linalg.vector_norm(a - p, dim=1), torch.linalg.vector_norm(a - n, dim=1)
    assert close(
        losses.triplet_loss(d_ap, d_an, margin), F.triplet_margin_loss(a, p, n, margin, eps=0)
    )


def test_soft_margin_is_ln_1_plus_e_to_the_gap():
    d_ap, d_an = (
        torch.tensor([0.3, 1.0], dtype=torch.float64),
        torch.tensor([0.5, 0.1], dtype=torch.float64),
    )
    expected = (math.log(1 + math.exp(-0.2)) + math.log(1 + math.exp(0.9))) / 2
    assert close(losses.triplet_loss(d_ap, d_an, None), expected)


# --- batches --------------------------------------------------------------------------------------


def test_batch_contrastive_equals_a_plain_loop(embeddings):
    terms = []
    for i, j in itertools.combinations(range(len(LABELS)), 2):
        d = loop_distance(embeddings, i, j)
        terms.append(d**2 / 2 if LABELS[i] == LABELS[j] else max(0.0, 2.0 - d) ** 2 / 2)
    assert close(losses.batch_contrastive_loss(embeddings, LABELS, 2.0), sum(terms) / len(terms))


def test_batch_hard_equals_a_plain_loop(embeddings):
    terms = []
    for a in range(len(LABELS)):
        positives = [
            loop_distance(embeddings, a, i)
            for i in range(len(LABELS))
            if i != a and LABELS[i] == LABELS[a]
        ]
        negatives = [
            loop_distance(embeddings, a, i) for i in range(len(LABELS)) if LABELS[i] != LABELS[a]
        ]
        if positives and negatives:
            terms.append(max(0.0, max(positives) - min(negatives) + 0.3))
    assert len(terms) == len(LABELS) - 1
    assert close(losses.batch_hard_triplet_loss(embeddings, LABELS, 0.3), sum(terms) / len(terms))


def test_batch_hard_equals_the_trusted_miner_and_loss(embeddings):
    mined = miners.BatchHardMiner(**RAW)(embeddings, LABELS)
    for margin, options in ((0.3, dict(margin=0.3)), (None, dict(margin=0.0, smooth_loss=True))):
        trusted = pml_losses.TripletMarginLoss(**options, reducer=reducers.MeanReducer(), **RAW)
        assert close(
            losses.batch_hard_triplet_loss(embeddings, LABELS, margin),
            trusted(embeddings, LABELS, mined),
        )


@pytest.mark.parametrize("active_only", [False, True])
def test_batch_all_equals_the_trusted_loss_and_the_loop(embeddings, active_only):
    reducer = reducers.AvgNonZeroReducer() if active_only else reducers.MeanReducer()
    trusted = pml_losses.TripletMarginLoss(margin=0.3, reducer=reducer, **RAW)(embeddings, LABELS)
    ours = losses.batch_all_triplet_loss(embeddings, LABELS, 0.3, active_only=active_only)
    terms = [
        max(0.0, loop_distance(embeddings, a, p) - loop_distance(embeddings, a, n) + 0.3)
        for a, p, n in loop_triplets(LABELS)
    ]
    terms = [t for t in terms if t > 0] if active_only else terms
    assert close(ours, trusted) and close(ours, sum(terms) / len(terms))


def test_a_single_triplet_that_costs_something_is_the_mean():
    e, labels = torch.tensor([[0.0], [1.0], [3.0]]), torch.tensor([5, 5, 6])
    assert close(losses.batch_all_triplet_loss(e, labels, 1.5, active_only=True), 0.5)
    assert close(losses.semi_hard_triplet_loss(e, labels, 1.5), 0.5)


def test_batch_all_with_the_soft_margin_equals_the_loop(embeddings):
    gaps = [
        loop_distance(embeddings, a, p) - loop_distance(embeddings, a, n)
        for a, p, n in loop_triplets(LABELS)
    ]
    expected = sum(math.log1p(math.exp(gap)) for gap in gaps) / len(gaps)
    assert close(losses.batch_all_triplet_loss(embeddings, LABELS, None), expected)


def test_semi_hard_equals_the_trusted_miner_and_loss(embeddings):
    mined = miners.TripletMarginMiner(margin=0.7, type_of_triplets="semihard", **RAW)(
        embeddings, LABELS
    )
    assert len(mined[0]) > 5
    trusted = pml_losses.TripletMarginLoss(margin=0.7, reducer=reducers.MeanReducer(), **RAW)
    assert close(
        losses.semi_hard_triplet_loss(embeddings, LABELS, 0.7), trusted(embeddings, LABELS, mined)
    )


@pytest.mark.parametrize("kind, name", enumerate(["easy", "semihard", "hard"]))
def test_triplet_kinds_are_the_trusted_miners_sets(embeddings, kind, name):
    d = losses.distances(embeddings)
    mask = losses.triplet_kinds(d[:, :, None], d[:, None, :], 0.7)[kind] & losses.triplet_mask(
        LABELS
    )
    mined = miners.TripletMarginMiner(margin=0.7, type_of_triplets=name, **RAW)(embeddings, LABELS)
    assert set(zip(*(m.tolist() for m in mined))) == set(map(tuple, mask.nonzero().tolist()))


def test_every_triplet_is_exactly_one_kind_and_equal_distances_are_hard():
    values = torch.tensor([0.0, 0.1, 0.2, 0.5, 0.7, 2.0])
    for margin in (0.0, 0.2, 1.0):
        easy, semi_hard, hard = losses.triplet_kinds(values[:, None], values[None], margin)
        assert torch.equal(
            easy.int() + semi_hard.int() + hard.int(), torch.ones_like(easy, dtype=torch.int)
        )
        assert hard.diagonal().all() and torch.equal(hard, values[None] <= values[:, None])
    easy, semi_hard, hard = losses.triplet_kinds(
        torch.tensor([0.5, 0.5, 0.5]), torch.tensor([0.8, 0.6, 0.4]), 0.2
    )
    assert (easy.tolist(), semi_hard.tolist(), hard.tolist()) == (
        [True, False, False],
        [False, True, False],
        [False, False, True],
    )


def test_a_triplet_whose_loss_is_exactly_zero_is_easy():
    steps = [n / 8 for n in range(9)]  # sums of eighths are exact
    for margin in (0.0, 0.25, 0.5):
        easy, semi_hard, hard = losses.triplet_kinds(
            torch.tensor(steps)[:, None], torch.tensor(steps)[None], margin
        )
        for a, d_ap in enumerate(steps):
            for n, d_an in enumerate(steps):
                kind = "hard" if d_an <= d_ap else "semi-hard" if d_an < d_ap + margin else "easy"
                assert [kind] == [
                    name
                    for name, mask in (("easy", easy), ("semi-hard", semi_hard), ("hard", hard))
                    if mask[a, n]
                ]


def test_triplet_mask_is_the_loop_and_never_pairs_an_anchor_with_itself():
    assert sorted(loop_triplets(LABELS)) == sorted(
        map(tuple, losses.triplet_mask(LABELS).nonzero().tolist())
    )


def test_n_pair_equals_the_trusted_loss(embeddings):
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    trusted = pml_losses.NPairsLoss(
        distance=pml_distances.DotProductSimilarity(normalize_embeddings=False)
    )
    assert close(losses.n_pair_loss(embeddings, labels), trusted(embeddings, labels))


def test_n_pair_is_sohns_equation_on_the_first_two_of_each_label(embeddings):
    anchors, positives = embeddings[[0, 3, 5, 10]], embeddings[[1, 4, 6, 11]]
    terms = [
        math.log(1 + sum(math.exp(a @ positives[j] - a @ positives[i]) for j in range(4) if j != i))
        for i, a in enumerate(anchors)
    ]
    assert close(losses.n_pair_loss(embeddings, LABELS), sum(terms) / 4)


def test_the_n_way_loss_asks_every_view_of_either_side_which_of_n_it_is(embeddings):
    logits = embeddings[:6] @ embeddings[6:].T
    terms = []
    for i in range(6):
        row = sum(math.exp(logits[i, j]) for j in range(6))  # which second view is it?
        column = sum(math.exp(logits[j, i]) for j in range(6))  # which first view is it?
        terms += [math.log(side) - float(logits[i, i]) for side in (row, column)]
    assert close(losses.n_way_loss(logits), sum(terms) / 12)
    assert close(losses.n_way_loss(logits + 7), losses.n_way_loss(logits)), "a bias plays no part"


def test_the_n_way_loss_is_the_n_pair_loss_both_ways_round(embeddings):
    labels = torch.arange(6).repeat(2)
    swapped = torch.cat([embeddings[6:], embeddings[:6]])
    both = losses.n_pair_loss(embeddings, labels) + losses.n_pair_loss(swapped, labels)
    assert close(losses.n_way_loss(embeddings[:6] @ embeddings[6:].T), both / 2)


def test_the_n_way_losss_gradient_is_that_of_finite_differences(embeddings):
    logits = (embeddings[:4] @ embeddings[4:8].T).requires_grad_()
    assert torch.autograd.gradcheck(losses.n_way_loss, logits)
    equal = torch.zeros(4, 4, requires_grad=True)
    losses.n_way_loss(equal).backward()
    assert equal.grad.isfinite().all()


@pytest.mark.parametrize("shape", [(3, 4), (9,), (0, 0)])
def test_the_n_way_loss_takes_a_square_of_logits_alone(shape):
    with pytest.raises(ValueError, match=r"logits must be \(N, N\)"):
        losses.n_way_loss(torch.zeros(shape))
    with pytest.raises(ValueError, match="logits holds 1 NaN"):
        losses.n_way_loss(torch.tensor([[math.nan, 0.0], [0.0, 0.0]]))


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_nt_xent_equals_the_trusted_loss_and_the_loop(embeddings, temperature):
    ours = losses.nt_xent_loss(embeddings, LABELS, temperature)
    unit, terms = F.normalize(embeddings, dim=1), []
    e = (unit @ unit.T / temperature).exp()
    for a, p in itertools.permutations(range(len(LABELS)), 2):
        if LABELS[a] == LABELS[p]:
            terms.append(
                -math.log(
                    e[a, p]
                    / (e[a, p] + sum(e[a, n] for n in range(len(LABELS)) if LABELS[n] != LABELS[a]))
                )
            )
    assert close(ours, sum(terms) / len(terms))
    assert close(ours, pml_losses.NTXentLoss(temperature=temperature)(embeddings, LABELS))


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_supcon_equals_the_trusted_loss_and_the_loop(embeddings, temperature):
    ours = losses.supcon_loss(embeddings, LABELS, temperature)
    unit, terms, n = F.normalize(embeddings, dim=1), [], range(len(LABELS))
    e = (unit @ unit.T / temperature).exp()
    for a in n:
        total = sum(e[a, other] for other in n if other != a)
        own = [-math.log(e[a, p] / total) for p in n if p != a and LABELS[p] == LABELS[a]]
        if own:
            terms.append(sum(own) / len(own))
    assert close(ours, sum(terms) / len(terms))
    assert close(ours, pml_losses.SupConLoss(temperature=temperature)(embeddings, LABELS))


# --- heads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ours, trusted",
    [
        (
            NormalizedSoftmax(5, 6, scale=20.0),
            pml_losses.NormalizedSoftmaxLoss(6, 5, temperature=1 / 20.0),
        ),
        (
            SphereFace(5, 6, scale=None, margin=4),
            pml_losses.SphereFaceLoss(6, 5, margin=4, scale=1),
        ),
        (
            SphereFace(5, 6, scale=None, margin=3),
            pml_losses.SphereFaceLoss(6, 5, margin=3, scale=1),
        ),
        (CosFace(5, 6, scale=30.0, margin=0.4), pml_losses.CosFaceLoss(6, 5, margin=0.4, scale=30)),
        (
            ArcFace(5, 6, scale=64.0, margin=0.5),
            pml_losses.ArcFaceLoss(6, 5, margin=math.degrees(0.5), scale=64),
        ),
        (
            ArcFace(5, 6, scale=10.0, margin=1.2),
            pml_losses.ArcFaceLoss(6, 5, margin=math.degrees(1.2), scale=10),
        ),
    ],
)
def test_heads_equal_the_trusted_losses_in_value_and_gradient(ours, trusted, embeddings):
    ours = ours.double()
    trusted.W.data = (
        3 * ours.weight.detach().T.clone()
    )  # (D, C) there, and only the direction may count
    mine, theirs = embeddings.clone().requires_grad_(), embeddings.clone().requires_grad_()
    loss, expected = SoftmaxLoss(ours)(mine, LABELS), trusted(theirs, LABELS)
    assert close(loss, expected)
    torch.testing.assert_close(
        torch.autograd.grad(loss, mine)[0],
        torch.autograd.grad(expected, theirs)[0],
        rtol=1e-8,
        atol=1e-10,
    )


def margins_on_a_circle(head, angles) -> torch.Tensor:
    """cos-with-margin at each angle to the right class, without scale."""
    with torch.no_grad():
        head.weight.zero_()[0, 0] = 1.0
        head.weight[1, 1] = 1.0
    embeddings = torch.stack([angles.cos(), angles.sin()], dim=1)
    return head(embeddings, torch.zeros(len(angles), dtype=torch.long))[:, 0] / head.scale


def test_arcface_adds_radians_and_keeps_falling_beyond_pi_minus_m():
    m, angles = 0.5, torch.linspace(0, math.pi, 2001, dtype=torch.float64)
    got = margins_on_a_circle(ArcFace(2, 2, 64.0, m).double(), angles)
    expected = torch.tensor(
        [
            math.cos(t + m) if t < math.pi - m else math.cos(t) - m * math.sin(m)
            for t in angles.tolist()
        ],
        dtype=torch.float64,
    )
    torch.testing.assert_close(
        got, expected, rtol=0, atol=1e-6
    )  # the floor under the root shows at 0 and pi only
    assert (got.diff() < 0).all()


@pytest.mark.parametrize("dtype, steepest", [(torch.float32, 1e7**0.5), (torch.float64, 1e6)])
def test_the_slope_of_arcface_is_bounded_also_where_rounding_lifts_a_cosine_above_one(
    dtype, steepest
):
    steps = torch.linspace(-4, 400, 405, dtype=dtype) * torch.finfo(dtype).eps
    cosine = (1 - steps).requires_grad_()
    ArcFace(2, 2, margin=0.5).with_margin(cosine).sum().backward()
    assert cosine.grad.isfinite().all() and cosine.grad.abs().max() <= steepest


def test_cosface_lowers_the_cosine_and_sphereface_multiplies_the_angle():
    angles = torch.linspace(0, math.pi, 401, dtype=torch.float64)
    torch.testing.assert_close(
        margins_on_a_circle(CosFace(2, 2, 9.0, 0.35).double(), angles), angles.cos() - 0.35
    )
    for m in (1, 2, 3, 4):
        got = margins_on_a_circle(SphereFace(2, 2, 9.0, m).double(), angles)
        k = [min(int(m * t / math.pi), m - 1) for t in angles.tolist()]
        expected = torch.tensor(
            [(-1) ** k_ * math.cos(m * t) - 2 * k_ for k_, t in zip(k, angles.tolist())],
            dtype=torch.float64,
        )
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-9)
        assert (got.diff() < 1e-12).all()


@heads
def test_the_margin_lowers_the_true_class_alone_and_other_logits_are_scaled_cosines(
    head_type, embeddings
):
    head = head_type(5, 5, scale=7.0).double()
    logits, plain = (
        head(embeddings, LABELS),
        7.0 * F.cosine_similarity(embeddings[:, None], head.weight[None], dim=2),
    )
    own = F.one_hot(LABELS, 5).bool()
    torch.testing.assert_close(logits[~own], plain[~own])
    torch.testing.assert_close(
        logits / 7.0 if head_type is NormalizedSoftmax else logits[~own],
        plain / 7.0 if head_type is NormalizedSoftmax else plain[~own],
    )
    if head_type is not NormalizedSoftmax:
        assert (logits[own] < plain[own]).all()


# --- gradients ------------------------------------------------------------------------------------


@batch_losses
def test_batch_losses_pass_gradcheck(loss, embeddings):
    assert torch.autograd.gradcheck(lambda x: loss(x, LABELS), embeddings.requires_grad_())


def test_distance_losses_pass_gradcheck():
    d = torch.tensor([0.2, 0.7, 1.6, 0.4], dtype=torch.float64, requires_grad=True)
    same = torch.tensor([True, False, False, True])
    assert torch.autograd.gradcheck(lambda d: losses.contrastive_loss(d, same, 1.0), d)
    for margin in (0.25, None):
        assert torch.autograd.gradcheck(
            partial(losses.triplet_loss, margin=margin),
            (d, (1.1 * d + 0.05).detach().requires_grad_()),
        )


@heads
def test_heads_pass_gradcheck_for_embeddings_and_weights(head_type, embeddings):
    head = head_type(5, 5, scale=4.0).double()

    def loss(x, weight):
        return torch.func.functional_call(SoftmaxLoss(head), {"head.weight": weight}, (x, LABELS))

    assert torch.autograd.gradcheck(
        loss, (embeddings.requires_grad_(), head.weight.detach().clone().requires_grad_())
    )


# --- precision ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("autocast", [False, True])
def test_losses_compute_in_float32_or_wider(dtype, autocast, embeddings):
    rounded = embeddings.to(dtype)
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    for loss in [*BATCH_LOSSES, *(SoftmaxLoss(head_type(5, 5)) for head_type in HEADS)]:
        x = rounded.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            value = loss(x, LABELS)
        value.backward()
        assert value.dtype == wide and torch.equal(value, loss(rounded.to(wide), LABELS))
        assert x.grad.dtype == dtype and x.grad.isfinite().all()
    d = rounded[:, 0].abs()
    assert (
        losses.contrastive_loss(d, d > 0.5).dtype == losses.triplet_loss(d, d.flip(0)).dtype == wide
    )


def test_distances_keep_the_digits_of_close_neighbours():
    x = torch.full((40, 8), 3.0)
    x[1] += 1e-4
    assert losses.distances(x)[0, 1].item() == pytest.approx(1e-4 * math.sqrt(8), rel=2e-3)
    assert (losses.distances(x).diagonal() == 0).all()


# --- edges ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("case", ["collapsed", "opposite", "zero", "one hot", "huge"])
def test_values_and_gradients_are_finite_at_the_edges(dtype, case):
    x = {
        "collapsed": torch.ones(12, 5),
        "opposite": torch.ones(12, 5) * torch.tensor([1.0, -1.0] * 6)[:, None],
        "zero": torch.zeros(12, 5),
        "one hot": torch.eye(5).repeat(3, 1)[:12],
        "huge": torch.eye(5).repeat(3, 1)[:12] * 1000,
    }[case].to(dtype)
    for loss in [*BATCH_LOSSES, *(SoftmaxLoss(head_type(5, 5)) for head_type in HEADS)]:
        if isinstance(loss, SoftmaxLoss):
            loss.head.weight.data = torch.eye(5)  # so that cosines are exactly 1, 0 and -1
        x = x.detach().requires_grad_()
        value = loss(x, LABELS)
        value.backward()
        assert value.isfinite() and x.grad.isfinite().all(), loss
        if isinstance(loss, SoftmaxLoss):
            assert loss.head.weight.grad.isfinite().all()


@pytest.mark.parametrize(
    "labels",
    [[0, 1, 2, 3], [5, 5, 5, 5], [7], []],
    ids=["no positive", "no negative", "one image", "no image"],
)
@batch_losses
def test_a_batch_without_a_term_gives_a_zero_with_zero_gradients(loss, labels):
    x = torch.randn(len(labels), 3, requires_grad=True)
    value = loss(x, torch.tensor(labels, dtype=torch.long))
    value.backward()
    if not (
        loss in (losses.batch_contrastive_loss, losses.supcon_loss) and len(labels) > 1
    ):  # pairs of one kind still have a loss
        assert value.item() == 0 and (x.grad == 0).all()


def test_single_images_are_no_anchors_but_serve_as_negatives(embeddings):
    labels = torch.tensor([0, 0, 1, 2])
    d = losses.distances(embeddings[:4])
    expected = sum(max(0.0, d[0, 1] - min(d[a, 2], d[a, 3]) + 5.0) for a in (0, 1)) / 2
    assert close(losses.batch_hard_triplet_loss(embeddings[:4], labels, 5.0), expected)


# --- what is refused, in words --------------------------------------------------------------------


def test_a_column_and_a_row_are_refused_and_not_broadcast():
    d = torch.rand(4, 1)
    with pytest.raises(ValueError, match="one shape"):
        losses.contrastive_loss(d, torch.ones(4, dtype=torch.bool))
    with pytest.raises(ValueError, match="one shape"):
        losses.triplet_loss(d, d[:, 0])
    with pytest.raises(ValueError, match="number of axes"):
        losses.triplet_kinds(d, d[:, 0], 0.2)


@every_kind
@pytest.mark.parametrize(
    "shape, labels", [((4, 3), [0, 1, 2]), ((4, 3), [[0], [0], [1], [1]]), ((4,), [0, 0, 1, 1])]
)
def test_wrong_shapes_are_refused(loss, shape, labels):
    with pytest.raises(ValueError, match=r"must be"):
        loss(torch.rand(shape), torch.tensor(labels))


@every_kind
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nan_is_refused_before_it_spreads(loss, value):
    x = torch.rand(4, 3)
    x[2, 1] = value
    with pytest.raises(
        ValueError,
        match="NaN" if isinstance(loss, SoftmaxLoss) else "holds 1 NaN or infinite of 12 values",
    ):
        loss(x, torch.tensor([0, 0, 1, 1]))


def test_values_outside_their_range_are_refused_in_words():
    d, same = torch.tensor([0.1, 0.5]), torch.tensor([True, False])
    for call, words in [
        (lambda: losses.contrastive_loss(-d, same), "similarity"),
        (lambda: losses.contrastive_loss(d, torch.tensor([3, 7])), "labels"),
        (lambda: losses.contrastive_loss(torch.tensor([math.nan, 0]), same), "NaN"),
        (lambda: losses.contrastive_loss(d, same, -1.0), "margin"),
        (lambda: losses.triplet_loss(d, d, math.nan), "margin"),
        (
            lambda: losses.semi_hard_triplet_loss(torch.rand(3, 2), torch.tensor([0, 0, 1]), -0.1),
            "margin",
        ),
        (lambda: losses.nt_xent_loss(torch.rand(3, 2), torch.tensor([0, 0, 1]), 0), "temperature"),
        (lambda: losses.supcon_loss(torch.rand(3, 2), torch.tensor([0, 0, 1]), 0), "temperature"),
        (lambda: ArcFace(8, 10, margin=28.6), "radians"),
        (lambda: CosFace(8, 10, margin=2.5), "cosine"),
        (lambda: SphereFace(8, 10, margin=1.5), "whole number"),
        (lambda: NormalizedSoftmax(8, 1), "classes"),
        (
            lambda: ArcFace(8, 10)(torch.rand(2, 8), torch.tensor([0, 10])),
            r"must lie in 0\.\.9, but go from 0 to 10; number the classes anew",
        ),
        (lambda: ArcFace(8, 10)(torch.rand(2, 8), torch.tensor([-1, 9])), "but go from -1 to 9"),
        (
            lambda: ArcFace(8, 10)(torch.rand(2, 8), torch.tensor([0.0, 1.0])),
            r"labels must be 2 integers, not torch.float32 \(2,\)",
        ),
        (lambda: losses.baseline_loss("semi_hard"), "no baseline"),
        (lambda: losses.baseline_loss("arcface", classes=9, margin=0.5), "scale"),
        (lambda: losses.baseline_loss("softmax"), "classes"),
        (lambda: losses.baseline_loss("triplet"), "margin"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()


# --- baselines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("same_share, margin", [(0.5, 1.0), (0.1, 2.0), (0.9, 0.7)])
def test_no_constant_distance_scores_below_the_contrastive_baseline(same_share, margin):
    same = torch.arange(1000) < 1000 * same_share
    tried = [
        losses.contrastive_loss(torch.full((1000,), d, dtype=torch.float64), same, margin).item()
        for d in torch.linspace(0, 2 * margin, 401)
    ]
    assert min(tried) == pytest.approx(
        losses.baseline_loss("contrastive", margin=margin, same_share=same_share), rel=1e-4
    )


@pytest.mark.parametrize("margin", [0.2, None])
def test_a_collapsed_batch_scores_the_triplet_baseline(margin):
    for loss in (losses.batch_hard_triplet_loss, losses.batch_all_triplet_loss):
        assert loss(torch.ones(12, 5), LABELS, margin).item() == pytest.approx(
            losses.baseline_loss("triplet", margin=margin)
        )


@pytest.mark.parametrize(
    "head, name, options",
    [
        (NormalizedSoftmax(4, 6, 5.0), "softmax", {}),
        (SphereFace(4, 6, 5.0, 2), "sphereface", {}),
        (CosFace(4, 6, 5.0, 0.4), "cosface", dict(scale=5.0, margin=0.4)),
        (ArcFace(4, 6, 5.0, 0.5), "arcface", dict(scale=5.0, margin=0.5)),
    ],
)
def test_training_only_the_class_directions_ends_at_the_baseline(head, name, options):
    expected = losses.baseline_loss(name, classes=6, **options)
    one_vector, labels = torch.ones(6, 4), torch.arange(6)  # every class shows the same embedding
    ends = []
    for seed in range(3):
        torch.manual_seed(seed)
        head.weight.data = torch.randn(6, 4) + (
            seed > 0
        )  # anywhere, then near the vector, where ArcFace's best lies
        optimizer = torch.optim.Adam(head.parameters())
        for step in range(300):
            optimizer.param_groups[0]["lr"] = 0.05 * (
                1 - step / 300
            )  # ArcFace's best is a cusp: arrive slowly
            optimizer.zero_grad()
            loss = SoftmaxLoss(head)(one_vector, labels)
            loss.backward()
            optimizer.step()
        ends.append(loss.item())
    assert min(ends) == pytest.approx(expected, rel=2e-3) and min(ends) > expected - 1e-3


def test_baselines_are_those_worked_out_by_hand():
    assert losses.baseline_loss("contrastive", margin=2.0) == pytest.approx(2.0**2 / 8)
    assert losses.baseline_loss("arcface", classes=100, scale=64, margin=0.5) == pytest.approx(
        12.43, abs=0.01
    )
    assert losses.baseline_loss("cosface", classes=100, scale=64, margin=0.35) == pytest.approx(
        64 * 0.35 + math.log(99), abs=1e-6
    )
    collapsed = torch.ones(12, 5)
    pairs = torch.arange(6).repeat_interleave(2)
    assert losses.n_pair_loss(collapsed, pairs).item() == pytest.approx(
        losses.baseline_loss("n_pair", classes=6)
    )
    assert losses.n_way_loss(torch.full((6, 6), 3.0)).item() == pytest.approx(
        losses.baseline_loss("n_way", classes=6)
    )
    assert losses.nt_xent_loss(collapsed, pairs).item() == pytest.approx(
        losses.baseline_loss("nt_xent", classes=11)
    )
    assert losses.supcon_loss(collapsed, pairs).item() == pytest.approx(
        losses.baseline_loss("supcon", classes=11)
    )


@heads
def test_a_cosine_that_rounding_lifts_above_one_gives_a_number(head_type):
    beyond = torch.nextafter(torch.tensor(1.0), torch.tensor(2.0))
    head = head_type(4, 3)
    assert head.with_margin(torch.stack([beyond, -beyond])[:, None]).isfinite().all()


@heads
def test_the_smallest_head_that_makes_sense_is_allowed(head_type):
    assert head_type(1, 2).weight.shape == (2, 1)
    for embedding_size, classes in ((0, 2), (1, 1)):
        with pytest.raises(ValueError, match="embedding_size >= 1, classes >= 2"):
            head_type(embedding_size, classes)


def test_same_may_be_zeros_and_ones():
    d = torch.tensor([0.6, 0.6, 0.2])
    assert losses.contrastive_loss(d, torch.tensor([1, 0, 1]), 1.0) == losses.contrastive_loss(
        d, torch.tensor([True, False, True]), 1.0
    )


@pytest.mark.parametrize(
    "head_type, margin",
    [
        (ArcFace, math.pi / 2),
        (ArcFace, -0.1),
        (CosFace, 2.0),
        (CosFace, -0.1),
        (SphereFace, 0),
        (SphereFace, 1.5),
    ],
)
def test_a_margin_outside_its_range_is_refused(head_type, margin):
    with pytest.raises(ValueError, match="margin"):
        head_type(4, 3, margin=margin)


# --- batches, written to be read ------------------------------------------------------------------


def plain_batch_hard(embeddings, labels, margin):
    d = torch.cdist(embeddings, embeddings, compute_mode="donot_use_mm_for_euclid_dist")
    same = labels[:, None] == labels[None]
    itself = torch.eye(len(labels), dtype=torch.bool)
    d_ap = d.masked_fill(~same | itself, -math.inf).amax(1)
    d_an = d.masked_fill(same, math.inf).amin(1)
    both = d_ap.isfinite() & d_an.isfinite()
    return (d_ap - d_an + margin)[both].clamp_min(0).mean()


def plain_terms(embeddings, labels, margin):
    """(gap + margin of each triplet, whether the triplet is semi-hard)"""
    d = torch.cdist(embeddings, embeddings, compute_mode="donot_use_mm_for_euclid_dist")
    same = labels[:, None] == labels[None]
    itself = torch.eye(len(labels), dtype=torch.bool)
    triplets = (same & ~itself)[:, :, None] & ~same[:, None, :]
    d_ap, d_an = d[:, :, None].expand_as(triplets), d[:, None, :].expand_as(triplets)
    terms = (d_ap - d_an + margin)[triplets]
    return terms, (d_an > d_ap)[triplets] & (terms > 0)


def plain_batch_all(embeddings, labels, margin):
    return plain_terms(embeddings, labels, margin)[0].clamp_min(0).mean()


def plain_active(embeddings, labels, margin):
    terms, _ = plain_terms(embeddings, labels, margin)
    return terms[terms > 0].mean() if (terms > 0).any() else terms.sum() * 0


def plain_semi_hard(embeddings, labels, margin):
    terms, semi_hard = plain_terms(embeddings, labels, margin)
    return terms[semi_hard].mean() if semi_hard.any() else terms.sum() * 0


def batch_all_active(embeddings, labels, margin):
    return losses.batch_all_triplet_loss(embeddings, labels, margin, active_only=True)


def embeddings_that_are(kind: str) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(96, 24, generator=generator)
    if kind == "unit vectors":
        return torch.nn.functional.normalize(x, dim=1)
    if kind == "in tight groups":
        return x[:24].repeat_interleave(4, 0) + 1e-3 * x
    if kind == "nearly on one spot":
        return 1 + 1e-4 * x
    if kind == "far from the origin":
        return 100 + x
    return torch.ones(96, 24)


@pytest.mark.parametrize(
    "kind",
    ["unit vectors", "in tight groups", "nearly on one spot", "far from the origin", "on one spot"],
)
@pytest.mark.parametrize("labels", ["four each", "uneven"])
@pytest.mark.parametrize(
    "fast, plain",
    [
        pytest.param(losses.batch_hard_triplet_loss, plain_batch_hard, id="batch-hard"),
        pytest.param(losses.batch_all_triplet_loss, plain_batch_all, id="batch-all"),
        pytest.param(batch_all_active, plain_active, id="batch-all, active"),
        pytest.param(losses.semi_hard_triplet_loss, plain_semi_hard, id="semi-hard"),
    ],
)
def test_the_fast_form_of_a_batch_loss_equals_the_one_that_can_be_read(fast, plain, labels, kind):
    x = embeddings_that_are(kind)
    y = torch.arange(96) // 4
    if labels == "uneven":
        y = torch.randint(0, 12, (96,), generator=torch.Generator().manual_seed(4)) ** 2 // 9
    results = []
    for loss in (fast, plain):
        leaf = x.clone().requires_grad_()
        value = loss(leaf, y, 0.3)
        results.append((value, torch.autograd.grad(value, leaf)[0]))
    (value, gradient), (expected, expected_gradient) = results
    # Batch-hard finds its negative by squared distances, which float32 rounds: among negatives that
    # lie in one tight group it may take another one of the group.
    tolerance = 1e-5 if kind == "in tight groups" and labels == "uneven" else 5e-7
    torch.testing.assert_close(value, expected, rtol=tolerance, atol=tolerance)
    if kind != "nearly on one spot" and tolerance < 1e-6:  # else another negative may be as near
        torch.testing.assert_close(gradient, expected_gradient, rtol=1e-4, atol=1e-6)
