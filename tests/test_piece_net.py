"""The network on pieces of line scores as the verifier does, and learns from made-up writers."""

import numpy as np
import pytest
import torch

from lib.evaluation import Draw
from tools.signatures import piece_net, stroke_features
from tools.signatures.distances import score_distances


@pytest.fixture(scope="module")
def pages():
    return piece_net.written(7)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return piece_net.PieceNet(width=8)


def test_a_writer_is_written_the_same_way_again(pages):
    assert len(pages) == piece_net.OWN + piece_net.FORGED
    for one, again in zip(pages, piece_net.written(7)):
        assert torch.equal(one.planes, again.planes) and torch.equal(one.at, again.at)
    other = piece_net.written(8)[0]
    assert other.planes.shape != pages[0].planes.shape


def test_pieces_lie_on_the_line(pages):
    page = pages[0]
    columns, rows = page.at.long().T
    assert (page.planes.sum(0)[rows, columns] > 0).all()
    assert page.places.mean(0).abs().max() < 1e-4


def test_distances_and_scores_are_the_verifiers(net, pages):
    with torch.no_grad():
        pieces = [net.describe(page) for page in pages]
        own, forged = piece_net.scores(pieces)
    count = len(pieces)
    distance = np.full((count, count), np.nan)
    for i in range(count):
        for j in range(i):
            distance[i, j] = stroke_features.match_distance(pieces[i].numpy(), pieces[j].numpy())
            distance[j, i] = distance[i, j]
            assert float(piece_net.match(pieces[i], pieces[j])) == pytest.approx(
                distance[i, j], rel=2e-3
            )
    for left_out in range(piece_net.OWN):
        draw = Draw(
            0,
            np.setdiff1d(np.arange(piece_net.OWN), left_out),
            np.array([left_out]),
            np.array([piece_net.OWN + left_out]),
            np.empty(0, dtype=int),
        )
        expected = score_distances(distance, [draw]).score
        found = [float(own[left_out]), float(forged[left_out])]
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_the_loss_prefers_own_signatures_above_forged_ones(net):
    good, bad = torch.tensor([0.2, 0.3]), torch.tensor([-0.2, -0.3])
    right, wrong = (
        float(piece_net.ranking_loss(net, *s).detach()) for s in ((good, bad), (bad, good))
    )
    equal = float(piece_net.ranking_loss(net, bad * 0, bad * 0).detach())
    assert equal == pytest.approx(1.5 * np.log(2))
    assert right < equal < wrong


def test_a_few_steps_on_one_writer_lower_its_loss(pages):
    torch.manual_seed(0)
    net = piece_net.PieceNet(width=8)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    losses = []
    for _ in range(8):
        pieces = [net.describe(page) for page in pages]
        loss = piece_net.ranking_loss(net, *piece_net.scores(pieces))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.05
