"""A small network that describes pieces of line, taught on made-up writers and their forgers.

    python -m tools.signatures.piece_net     needs the terms of SigComp2011 accepted

It takes the place of the hand-made surroundings in `stroke_features`. Each step draws a new writer,
with forgers who copy slowly and with tremor, at the resolution of a scan. The network learns to
rank the writer's own signatures above the forged ones, by the score that the verifier uses. The
ten training writers, of whom it has seen nothing, then tell what it adds to the vote.

Source: Lai, Jin, Lin, Zhu, Mao, "SynSig2Vec", AAAI 2020: ranking of synthetic signatures (there
with pen movements that a tablet recorded).
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from lib import course
from lib.data.published import ink, sigcomp2011
from lib.data.synthetic import pen, signatures
from lib.evaluation import draw_references, equal_error_rate
from lib.training import learning_rate
from tools.cache import results_folder
from tools.signatures import rows, stroke_features, strokes, verifier
from tools.signatures.distances import SPREAD, score_distances, unit_of, vote

OWN, FORGED = 4, 4  # signatures of a writer in one step
STEPS, RATE, DIMENSIONS, STEP = 1000, 3e-3, 32, 8  # STEP: pixels between pieces
SHOWN = (50, 150, 400, STEPS)  # after so many steps it is judged


class Page(NamedTuple):
    """One signature as the network sees it."""

    planes: Tensor  # (8, H, W) directions of the line at half resolution
    at: Tensor  # (M, 2) x, y of the pieces in the planes
    places: Tensor  # (M, 2) from the pieces' centre, in hundreds of pixels of the scan


def page_of(line: strokes.Line) -> Page:
    planes, first = stroke_features.planes(line), stroke_features.spaced(line, STEP)
    planes = np.pad(planes, ((0, 0), (0, planes.shape[1] % 2), (0, planes.shape[2] % 2)))
    xy = torch.from_numpy(line.xy[first])
    return Page(torch.from_numpy(planes), xy / 2, (xy - xy.mean(0)) / 100)


# -- made-up writers -------------------------------------------------------------------------------


def written(writer: int, seed: int = 0) -> list[Page]:
    """OWN signatures of a made-up writer, then FORGED ones, as lines of a scan at 400 dpi."""
    own, forgers = signatures.writer(writer, seed), signatures.forgers_of(writer, seed)
    rng = np.random.default_rng([seed, writer])
    width, height = np.ptp(own.points, axis=0)
    size = min(float(np.clip(rng.uniform(500, 850) / width, 18, 75)), 330 / height)  # an x-height
    pages = []
    for n in range(OWN + FORGED):
        hand = None if n < OWN else signatures.forger(int(forgers[n % len(forgers)]), seed)
        trace = signatures.write(own, hand, rng)
        xy = trace.xy * size * [1, -1]
        xy -= xy.min(0) - strokes.EDGE
        across, down = np.ceil(xy.max(0)).astype(int) + strokes.EDGE
        ink_ = pen.draw_line(xy, strokes.RADIUS * trace.contact, (down, across)) > 0.5
        pages.append(page_of(strokes.line(ink_)))
    return pages


# -- the network -----------------------------------------------------------------------------------


class PieceNet(nn.Module):
    """Directions (B, 8, H, W) -> descriptions (B, 32, H/2, W/2) of what lies 3 mm around."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.first = nn.Conv2d(8, width, 5, stride=2, padding=2)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.third = nn.Conv2d(width, width, 3, padding=2, dilation=2)
        self.fourth = nn.Conv2d(width, width, 3, padding=3, dilation=3)
        self.norms = nn.ModuleList(nn.GroupNorm(4, width) for _ in range(2))
        self.last = nn.Conv2d(width, DIMENSIONS, 1)
        self.place = nn.Parameter(torch.tensor(stroke_features.PLACE))  # weight of 100 pixels
        self.scale, self.bias = nn.Parameter(torch.tensor(8.0)), nn.Parameter(torch.tensor(0.0))

    def forward(self, planes: Tensor) -> Tensor:
        x = F.relu(self.first(planes))
        x = F.relu(self.norms[0](self.second(x)))
        x = x + F.relu(self.norms[1](self.third(x)))
        x = x + F.relu(self.fourth(x))
        return self.last(x)

    def describe(self, page: Page) -> Tensor:
        """What is matched, (M, 34): a unit vector and the weighted place of every piece."""
        found = self(page.planes[None])
        corner = torch.tensor([found.shape[3] - 1, found.shape[2] - 1])
        grid = (page.at / corner - 1)[None, None]  # a pixel of `found` is two of the planes
        pieces = F.grid_sample(found, grid, align_corners=True)[0, :, 0].T
        return torch.cat([F.normalize(pieces, dim=1), self.place * page.places], 1)


def match(a: Tensor, b: Tensor) -> Tensor:
    """`stroke_features.match_distance` with gradients."""
    squared = (a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T).clamp_min(0) + 1e-4
    nearest = squared.amin(1).sqrt(), squared.amin(0).sqrt()
    return torch.stack([one.topk(max(1, len(one) // 4)).values.mean() for one in nearest]).mean()


def scores(pieces: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Scores of OWN and FORGED signatures, each against the other OWN ones, as `score_distances`"""
    distance = {
        (i, j): match(pieces[i], pieces[j]) for i in range(OWN) for j in range(i + 1, len(pieces))
    }

    def score(questioned: int, left_out: int) -> Tensor:
        references = [i for i in range(OWN) if i != left_out]

        def to(i: int) -> Tensor:
            others = [j for j in references if j != i]
            return torch.stack([distance[min(i, j), max(i, j)] for j in others])

        among = torch.stack([to(i) for i in references])
        spread = (among.mean().log() + among.amin(1).mean().log()) / 2
        near = to(questioned)
        return SPREAD * spread - (near.mean().log() + near.min().log()) / 2

    own = [score(i, left_out=i) for i in range(OWN)]
    forged = [score(OWN + i, left_out=i % OWN) for i in range(FORGED)]
    return torch.stack(own), torch.stack(forged)


def ranking_loss(net: PieceNet, own: Tensor, forged: Tensor) -> Tensor:
    """Logistic loss of the score against one threshold, and of own scores against forged ones."""
    at_threshold = (
        F.softplus(-net.scale * own - net.bias).mean()
        + F.softplus(net.scale * forged + net.bias).mean()
    ) / 2
    return at_threshold + F.softplus(net.scale * (forged - own[:, None])).mean() / 2


# -- the study -------------------------------------------------------------------------------------


class Judge:
    """The ten training writers, six references, twenty draws."""

    def __init__(self) -> None:
        described = verifier.describe_part("training")
        path = sigcomp2011.ARCHIVES["training"].fetch()
        sentence = sigcomp2011.accept_terms(None, {"training": path})
        self.pages = []
        for _, _, scan in sigcomp2011.read_scans(path, "training", "dutch", sentence):
            mask = ink.ink_mask(scan, ink.darkness(scan))
            self.pages.append(page_of(strokes.line(mask[ink.bounding_box(mask)])))
        draws = draw_references(described.writer, described.genuine, 6, 20)
        self.draws = [draw._replace(random=draw.random[:0]) for draw in draws]
        self.pairs = verifier.needed_pairs(self.draws)
        axes = verifier.basis_of(described)
        self.line = verifier.distances(described, self.pairs, axes)
        self.units = verifier.units(self.line, self.draws)

    @torch.no_grad()
    def __call__(self, net: PieceNet) -> dict:
        """EER of skilled forgeries by the line, by the pieces alone, and by both in one vote.

        `gain` is how far the third lies below the first, in points, with its interval over writers.
        """
        pieces = [net.describe(page).numpy() for page in self.pages]
        distance = np.full((len(pieces), len(pieces)), np.nan)
        for i, j in self.pairs:
            apart = stroke_features.match_distance(pieces[i], pieces[j])
            distance[i, j] = distance[j, i] = apart
        learned = score_distances(distance, self.draws)
        line = [score_distances(self.line[name], self.draws) for name in verifier.LINE]
        units = [self.units[name] for name in verifier.LINE]
        before, after = vote(line, units), vote([*line, learned], [*units, unit_of(learned)])
        fall, interval = rows.gain(before, after)
        return {
            "line": equal_error_rate(before.score, before.same)[0],
            "pieces": equal_error_rate(learned.score, learned.same)[0],
            "line and pieces": equal_error_rate(after.score, after.same)[0],
            "gain": 100 * fall,
            "interval": [100 * end for end in interval],
        }


def main() -> None:
    course.seed_everything(0)
    steps, judge, net = course.by_budget(quick=3, full=STEPS), Judge(), PieceNet()
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.01)
    for step in tqdm(range(steps), desc="writers", mininterval=10):
        pieces = [net.describe(page) for page in written(step)]
        loss = ranking_loss(net, *scores(pieces))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, RATE, "one-cycle")
        optimizer.step()
        if step + 1 in SHOWN or step + 1 == steps:
            print(step + 1, round(loss.item(), 3), judge(net), flush=True)
    torch.save(net.state_dict(), results_folder() / "piece_net.pt")


if __name__ == "__main__":
    main()
