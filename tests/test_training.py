"""Training against a loop written out by hand, and interrupted: kill -9, Ctrl-C, NaN, full disk."""

import itertools
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lib import losses, models, training
from lib.data import ImageSet
from lib.data.pairs import PKBatches
from lib.training import augment
from lib.training.__main__ import build_loss, main
from lib.training.checkpoint import describe
from lib.training.loop import draw_batches
from lib.training.processes import join_processes

ROOT = Path(__file__).resolve().parent.parent


def blobs(people: int = 12, each: int = 6, side: int = 16, noise: float = 30.0) -> ImageSet:
    """Grey images that a small network learns in a few steps: a coarse pattern, and noise."""
    rng = np.random.default_rng(0)
    pattern = rng.integers(0, 255, (people, 1, side // 4, side // 4)).repeat(4, 2).repeat(4, 3)
    images = (
        (pattern + rng.normal(0, noise, (people, each, side, side)))
        .clip(0, 255)
        .astype(np.uint8)
        .reshape(-1, side, side)
    )
    return ImageSet(
        images,
        np.repeat(np.arange(people) * 10, each),
        np.ones(people * each),
        [str(i) for i in range(people * each)],
    )


def network() -> nn.Module:
    torch.manual_seed(0)
    return models.SignatureNet(8, (16, 16), width=0.25)


contrastive = partial(losses.batch_contrastive_loss, margin=1.0)


def train(model: nn.Module, images: ImageSet | None = None, *, loss=contrastive, steps, **options):
    """`fit` with small batches and a small learning rate."""
    options = dict(batch=(4, 3), optimizer=sgd(model, loss)) | options
    return training.fit(model, images or blobs(), loss=loss, steps=steps, **options)


def sgd(model: nn.Module, loss=contrastive, lr: float = 0.05) -> torch.optim.Optimizer:
    return torch.optim.SGD(training.parameter_groups(model, loss), lr=lr, momentum=0.9)


def constant(step: int, steps: int, lr: float) -> float:
    return lr


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in model.state_dict().items()}


def equal(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def test_fit_is_the_loop_written_out_by_hand():
    data, model, by_hand = blobs(), network(), network()
    model.memory_format = torch.contiguous_format
    warm_up = partial(training.learning_rate, warm_up=2)
    history = train(model, data, steps=8, seed=3, schedule=warm_up)

    sampler = PKBatches(data.identity, 4, 3, 6, seed=3)  # 72 images make six batches of 12
    momentum = {name: torch.zeros_like(p) for name, p in by_hand.named_parameters()}
    by_hand.train()
    batches = [batch for epoch in (0, 1) for batch in (sampler.set_epoch(epoch), list(sampler))[1]]
    for step in range(8):
        loss = contrastive(
            by_hand(models.to_input(data.images[batches[step]], by_hand)),
            torch.tensor(data.identity[batches[step]]),
        )
        assert loss.item() == pytest.approx(history.loss[step], rel=1e-4)
        gradients = torch.autograd.grad(loss, list(by_hand.parameters()))
        rate = 0.05 * (step + 1) / 3 if step < 2 else 0.025 * (1 + np.cos(np.pi * (step - 2) / 6))
        with torch.no_grad():
            for (name, p), g in zip(by_hand.named_parameters(), gradients):
                decay = 0.0 if p.ndim == 1 else 4e-4 if name.startswith("last") else 4e-5
                momentum[name] = 0.9 * momentum[name] + g + decay * p
                p -= rate * momentum[name]
    assert all(
        torch.allclose(a, b, atol=1e-5) for a, b in zip(model.parameters(), by_hand.parameters())
    )
    assert not model.training and history.finished


def test_a_training_goes_below_its_baseline_and_its_validation_is_kept():
    seen, test = blobs(24).split_by_identity(0.25)
    baseline = losses.baseline_loss("contrastive", margin=1.0, same_share=2 / 11)
    history = train(network(), seen, steps=40, baseline=baseline, validation=(test, 20))
    assert history.below_baseline and history.smooth()[-1] < baseline / 2
    assert [step for step, _ in history.validation] == [20, 40] and history.validation[-1][1] < 0.2
    assert len(history.loss) == len(history.lr) == 40 and history.seconds > 0


def test_a_training_that_stays_above_its_baseline_warns():
    with pytest.warns(UserWarning, match="never went below 0.001, .* do not depend on the labels"):
        history = train(network(), steps=6, baseline=0.001)
    assert history.below_baseline is False


@pytest.mark.parametrize(
    "schedule, step, expected",
    [
        ("paper", 0, 0.1),
        ("paper", 35_999, 0.1),
        ("paper", 36_000, 0.01),
        ("paper", 51_999, 0.01),
        ("paper", 52_000, 0.001),
        ("paper", 58_000, 1e-4),
        ("cosine", 0, 0.1),
        ("cosine", 30_000, 0.05),
        ("cosine", 15_000, 0.05 * (1 + 2**-0.5)),
        ("one-cycle", 0, 0.004),
        ("one-cycle", 18_000, 0.1),
        ("one-cycle", 39_000, 0.05),
        ("constant", 59_999, 0.1),
    ],
)
def test_the_learning_rate_follows_its_schedule(schedule, step, expected):
    assert training.learning_rate(step, 60_000, 0.1, schedule) == pytest.approx(expected)


def test_warm_up_rises_in_a_straight_line_and_meets_the_schedule():
    rates = [training.learning_rate(step, 100, 0.1, "cosine", warm_up=4) for step in range(6)]
    assert rates[:5] == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1]) and rates[5] < 0.1
    with pytest.raises(ValueError, match="no schedule 'fast'"):
        training.learning_rate(0, 10, 0.1, "fast")


def test_weight_decay_is_where_the_paper_puts_it():
    model, loss = (
        models.MobileFaceNet(width=0.25, input_size=(32, 32)),
        losses.SoftmaxLoss(losses.ArcFace(128, 5)),
    )
    decay = {
        id(p): group["weight_decay"]
        for group in training.parameter_groups(model, loss)
        for p in group["params"]
    }
    assert len(decay) == len(list(model.parameters())) + 1
    for module in model.modules():
        if isinstance(module, (nn.PReLU, nn.BatchNorm2d)):
            assert {decay[id(p)] for p in module.parameters()} == {0.0}
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert [decay[id(m.weight)] for m in convolutions] == [4e-5] * (len(convolutions) - 1) + [
        4e-4
    ]  # GDConv is the one before the last
    assert convolutions[-2].kernel_size == (2, 2) and decay[id(loss.head.weight)] == 4e-4


def test_parameters_of_the_loss_are_trained_and_forgeries_are_another_class():
    data = blobs(6)
    data = ImageSet(
        data.images, data.identity, np.arange(36) % 2 == 0, data.names
    )  # every second image forged
    seen = []
    head = losses.SoftmaxLoss(losses.NormalizedSoftmax(8, 12))
    before = head.head.weight.detach().clone()

    class Watched(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = head

        def forward(self, vectors, labels):
            seen.append(labels)
            return self.inner(vectors, labels)

    train(network(), data, loss=Watched(), steps=6)
    assert set(torch.cat(seen).tolist()) == set(range(12))
    assert not torch.equal(before, head.head.weight)


def test_the_layout_of_images_and_bfloat16_change_the_loss_little():
    planes = network()
    planes.memory_format = torch.contiguous_format
    expected = train(planes, steps=5).loss
    assert train(network(), steps=5).loss == pytest.approx(expected, rel=1e-3)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = train(network(), steps=5).loss
    assert expected == pytest.approx(rounded, rel=0.3) and expected != pytest.approx(rounded, 1e-5)


def test_adamw_trains_with_augmented_images_and_a_clipped_gradient():
    model = network()
    optimizer = torch.optim.AdamW(training.parameter_groups(model, contrastive), lr=3e-3)
    training.clip_gradient(optimizer, 1.0)
    history = train(model, steps=30, optimizer=optimizer, augment=augment.signatures)
    assert history.smooth()[-1] < history.loss[0]


def test_a_clipped_gradient_is_no_longer_than_its_limit_and_keeps_its_direction():
    model, long = network(), network()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    training.clip_gradient(optimizer, 0.5)
    for network_ in (model, long):
        for p in network_.parameters():
            p.grad = torch.full_like(p, 0.1)
    before = torch.cat([p.detach().flatten() for p in model.parameters()])
    optimizer.step()
    moved = before - torch.cat([p.detach().flatten() for p in model.parameters()])
    assert moved.norm().item() == pytest.approx(0.5, rel=1e-4)
    assert moved.min().item() == pytest.approx(moved.max().item(), rel=1e-2)


def test_groups_of_parameters_may_have_rates_of_their_own():
    model = network()
    groups = [dict(params=model.conv.parameters(), lr=0.0), dict(params=model.last.parameters())]
    before = weights(model)
    history = train(model, steps=2, optimizer=torch.optim.SGD(groups, lr=0.1), schedule=constant)
    assert torch.equal(model.conv[0].conv.weight, before["conv.0.conv.weight"])
    assert not torch.equal(model.last.conv.weight, before["last.conv.weight"])
    assert history.lr == [0.0, 0.0]  # of the first group


def test_an_optimizer_that_lacks_a_trainable_parameter_is_refused():
    model, head = network(), losses.SoftmaxLoss(losses.NormalizedSoftmax(8, 12))
    with pytest.raises(ValueError, match="lacks 1 parameters, the first loss.head.weight"):
        train(model, loss=head, steps=1, optimizer=sgd(model))
    head.head.weight.requires_grad_(False)
    assert train(model, loss=head, steps=1, optimizer=sgd(model)).finished


def test_the_callers_random_numbers_stay_as_they_were():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    model = models.SignatureNet(8, (16, 16), width=0.25)
    torch.manual_seed(5)
    train(model, steps=2, augment=augment.signatures)
    assert torch.equal(torch.rand(3), expected)


# --- what interrupts a run ------------------------------------------------------------------------


class At:
    """The loss, and something that happens when it is computed for the nth time.

    It keeps to lists, which a checkpoint does not compare: it is the same loss whatever happens.
    """

    def __init__(self, step: int, what):
        self.plan, self.calls = [step, what], []

    def __call__(self, vectors, labels):
        self.calls.append(len(labels))
        (step, what), loss = self.plan, contrastive(vectors, labels)
        return what(loss) if len(self.calls) == step + 1 else loss


def test_a_nan_loss_stops_at_its_step_with_the_last_good_weights():
    good, bad = network(), network()
    train(good, loss=At(-2, None), steps=3, schedule=constant)
    words = "the loss became nan at step 3 of 9, learning rate 0.05. Try a tenth of the learning"
    with pytest.raises(FloatingPointError, match=words):
        train(bad, loss=At(3, lambda loss: loss * float("nan")), steps=9, schedule=constant)
    assert all(torch.equal(a, b) for a, b in zip(good.parameters(), bad.parameters()))


def test_a_gradient_that_is_not_finite_stops_before_it_is_applied(tmp_path):
    model = network()

    def add_a_root(loss):  # the value is unchanged, the slope of a root at 0 is infinite
        return loss + (loss - loss.detach()).sqrt()

    words = "length of its gradient became (inf|nan) at step 2 .*The last checkpoint is of step 2"
    with pytest.raises(FloatingPointError, match=words):
        checkpoint = training.Checkpoint(tmp_path / "c", every=2)
        train(model, loss=At(2, add_a_root), steps=4, checkpoint=checkpoint)
    assert all(p.isfinite().all() for p in model.parameters())


def test_ctrl_c_saves_and_the_same_call_goes_on_to_the_same_weights(tmp_path, capsys):
    whole, parts = network(), network()
    expected = train(whole, loss=At(-2, None), steps=9, augment=augment.signatures)
    before = signal.getsignal(signal.SIGINT)

    def interrupt(loss):
        os.kill(os.getpid(), signal.SIGINT)
        return loss

    call = dict(steps=9, augment=augment.signatures, checkpoint=tmp_path / "c.pt")
    stopped = train(parts, loss=At(4, interrupt), **call)
    assert len(stopped.loss) == 5 and not stopped.finished
    assert signal.getsignal(signal.SIGINT) is before
    assert "stopped after 5 of 9 steps: saved in" in capsys.readouterr().out
    resumed = train(network(), loss=At(-2, None), **call)
    assert resumed.loss == expected.loss and resumed.finished
    finished = network()
    train(finished, loss=At(-2, None), **call)  # no step is left: the weights come from the file
    assert equal(weights(finished), weights(whole))


def whole_or_killed(mode: str, checkpoint: str, out: str) -> None:
    """Train a small network on one thread to the end, or be killed, or meet a full disk."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = models.MobileFaceNet(8, (16, 16), width=0.125)
    head = losses.SoftmaxLoss(losses.ArcFace(8, 12, scale=8.0))
    calls, writes = itertools.count(1), itertools.count(1)

    def before_loss(*_) -> None:
        step = next(calls)
        if mode == "kill" and step == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        if mode == "full-disk" and step == 4:
            import resource

            resource.setrlimit(
                resource.RLIMIT_FSIZE, (1000, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
            )

    def fsync(
        number: int,
    ) -> None:  # half of the second checkpoint is on disk when the process dies
        if next(writes) == 3:  # the first was a file, the second its folder
            os.ftruncate(number, 1000)
            os.kill(os.getpid(), signal.SIGKILL)

    if mode == "kill-in-write":
        os.fsync = fsync
    head.register_forward_pre_hook(before_loss)
    every_second = training.Checkpoint(checkpoint, every=2)
    optimizer = sgd(model, head)
    train(
        model,
        loss=head,
        steps=9,
        optimizer=optimizer,
        augment=augment.faces,
        checkpoint=every_second,
    )
    if mode != "full-disk":
        torch.save({**weights(model), **weights(head)}, out)


def run(mode: str, folder: Path) -> subprocess.CompletedProcess:
    code = (
        "import sys; sys.path[:0] = ['.', 'tests']; import test_training; "
        "test_training.whole_or_killed(*sys.argv[1:])"
    )
    return subprocess.run(
        [sys.executable, "-c", code, mode, str(folder / "run.checkpoint"), str(folder / "run.pt")],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def threads_as_before():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize(
    "mode, kept", [("kill", 4), pytest.param("kill-in-write", 2, marks=pytest.mark.slow)]
)
def test_a_run_killed_with_kill_9_resumes_to_the_bit(mode, kept, tmp_path, threads_as_before):
    killed = run(mode, tmp_path)
    assert killed.returncode == -signal.SIGKILL and not (tmp_path / "run.pt").exists(), (
        killed.stderr
    )
    assert (
        len(torch.load(tmp_path / "run.checkpoint", weights_only=True)["history"]["loss"]) == kept
    )
    resumed = run("resume", tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    whole_or_killed("whole", str(tmp_path / "whole.checkpoint"), str(tmp_path / "whole.pt"))
    assert equal(torch.load(tmp_path / "run.pt"), torch.load(tmp_path / "whole.pt"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes to set on this system")
def test_a_disk_that_fills_keeps_the_checkpoint_before(tmp_path):
    done = run("full-disk", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        "checkpoint not written" in done.stderr
        and "The one of step 2 stays, and the training goes on" in done.stderr
    )
    assert [p.name for p in tmp_path.iterdir()] == ["run.checkpoint"]
    assert len(torch.load(tmp_path / "run.checkpoint", weights_only=True)["history"]["loss"]) == 2


def test_a_checkpoint_that_cannot_be_written_warns_and_the_training_goes_on(tmp_path, monkeypatch):
    writes = itertools.count(1)

    def full_from_the_second_on(_) -> None:
        if next(writes) > 2:  # a file and its folder are flushed
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_from_the_second_on)
    words = r"checkpoint not written \(.*No space left on device\). The one of step 2 stays"
    with pytest.warns(UserWarning, match=words):
        history = train(network(), steps=5, checkpoint=training.Checkpoint(tmp_path / "c", every=2))
    assert history.finished and [p.name for p in tmp_path.iterdir()] == ["c"]
    assert len(torch.load(tmp_path / "c", weights_only=True)["history"]["loss"]) == 2


def test_a_checkpoint_of_another_run_or_a_damaged_one_is_refused_in_words(tmp_path):
    call, model = dict(steps=2, checkpoint=tmp_path / "c"), network()
    train(network(), **call)
    rates = r"\(initial_lr \[0.05, 0.05, 0.05\] there, \[0.1, 0.1, 0.1\] here\)"
    with pytest.raises(ValueError, match=f"checkpoint of another run {rates}. Delete it to start"):
        train(model, **call, optimizer=sgd(model, lr=0.1))
    clipped = sgd(model)
    training.clip_gradient(clipped, 1.0)
    with pytest.raises(ValueError, match="another run .clip"):
        train(model, **call, optimizer=clipped)
    with pytest.raises(ValueError, match="another run .images"):
        train(network(), blobs(noise=31.0), **call)
    with pytest.raises(ValueError, match="another run .loss .*margin"):
        train(network(), loss=partial(losses.batch_contrastive_loss, margin=0.5), **call)
    (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[:3000])
    with pytest.raises(ValueError, match="truncated, damaged"):
        train(network(), **call)


def a_loss(scale: float, default: float = 1.0):
    def of_a_batch(vectors, labels, margin=default):
        return scale * losses.batch_contrastive_loss(vectors, labels, margin)

    return of_a_batch


def test_a_loss_is_described_by_what_it_computes_and_not_by_its_name():
    same, *others = (
        describe(loss)
        for loss in (
            a_loss(1.0),
            a_loss(2.0),
            a_loss(1.0, default=0.5),
            losses.SoftmaxLoss(losses.ArcFace(8, 12, margin=0.3)),
            losses.SoftmaxLoss(losses.ArcFace(8, 12, margin=0.4)),
            losses.SoftmaxLoss(losses.ArcFace(8, 12, scale=30.0, margin=0.4)),
            augment.Redrawn(0.5),
            augment.Redrawn(1.0),
        )
    )
    assert describe(a_loss(1.0)) == same and len({same, *others}) == 8
    assert describe(losses.batch_contrastive_loss) == "batch_contrastive_loss"
    assert " at 0x" not in describe(network().forward)


SHARE = {"of": 0.5}


def a_share_of(vectors, labels):
    return SHARE["of"] * losses.batch_contrastive_loss(vectors, labels)


class Scaled:
    """A loss, an augmentation or a schedule with a number inside."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, *given):
        return self.factor * given[-1]

    method = __call__


class ScaledModule(torch.nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor


def test_what_an_object_holds_tells_its_runs_apart():
    for make in (Scaled, ScaledModule, lambda factor: Scaled(factor).method):
        assert describe(make(1.0)) == describe(make(1.0)) != describe(make(2.0)), make
    large = torch.zeros(5000)
    one = partial(a_share_of, weights=large.clone())
    large[2500] = 1  # which the printed tensor leaves out
    assert describe(one) != describe(partial(a_share_of, weights=large))


def test_a_dictionary_that_a_loss_reads_tells_its_runs_apart(monkeypatch):
    before = describe(a_share_of)
    monkeypatch.setitem(SHARE, "of", 2.0)
    assert describe(a_share_of) != before


def test_a_function_inside_a_partial_is_described_without_its_address():
    first, second = (describe(partial(a_loss(1.0), shape=shape)) for shape in (a_share_of, a_loss))
    assert " at 0x" not in first and first != second


def test_forgeries_of_the_same_images_are_another_run():
    images = np.zeros((4, 8, 8), np.uint8)
    genuine, forged = (
        ImageSet(images, np.array([0, 0, 1, 1]), np.array([True, True, True, last]), tuple("abcd"))
        for last in (True, False)
    )
    assert describe(genuine) != describe(forged)


def test_a_network_edited_under_the_same_name_is_another_run(tmp_path):
    def net(power: int):
        class Net(models.SignatureNet):
            def forward(self, x):
                return super().forward(x**power)

        return Net(8, (16, 16), width=0.25)

    train(net(1), steps=1, checkpoint=tmp_path / "c")
    with pytest.raises(ValueError, match="another run .model"):
        train(net(2), steps=1, checkpoint=tmp_path / "c")


class Counting:
    """A loss that counts its calls, and is stopped by Ctrl-C in the third."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, vectors, labels):
        self.calls += 1
        if self.calls == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return contrastive(vectors, labels)


@pytest.mark.parametrize("anew", [False, True])
def test_a_loss_that_counts_goes_on_in_the_same_process_and_in_another(tmp_path, anew):
    loss, call = Counting(), dict(steps=6, checkpoint=tmp_path / "c")
    assert len(train(network(), loss=loss, **call).loss) == 3
    history = train(network(), loss=Counting() if anew else loss, **call)
    assert len(history.loss) > 3
    with pytest.raises(ValueError, match="another run .loss"):
        loss.calls = 1000
        train(network(), loss=loss, **call)


def test_a_loss_that_reaches_zero_without_second_images_trains_on():
    costs = iter([1.0, 0.0, 0.0])

    def softmax_like(vectors, labels):
        return vectors.sum() * 0 + next(costs)

    assert train(network(), loss=softmax_like, steps=3, batch=(4, 1)).loss == [1.0, 0.0, 0.0]


def test_a_training_whose_every_batch_costs_nothing_says_so():
    with pytest.warns(UserWarning, match="every batch cost exactly 0: nothing was learned"):
        train(network(), steps=2, loss=lambda vectors, labels: 0 * vectors.sum())


def test_the_progress_line_shows_loss_and_baseline_once(capsys, monkeypatch):
    monkeypatch.setattr("lib.training.progress.DELAY", 0.0)
    train(network(), steps=30, baseline=0.07)
    shown = capsys.readouterr().err
    assert "30/30" in shown and "(baseline 0.07)" in shown and "images/s" in shown
    assert len(shown) < 1000  # a log file is not flooded


# --- command line, many processes -----------------------------------------------------------------


def pictures(folder: Path) -> Path:
    from PIL import Image

    data = blobs(10, 4)
    for image, person, name in zip(data.images, data.identity, data.names):
        (folder / f"person{person:03d}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"person{person:03d}" / f"{name}.png")
    return folder


def command(folder: Path) -> list[str]:
    return [
        "--data",
        "folder",
        f"path={pictures(folder / 'people')}",
        "--model",
        "SignatureNet",
        "--width",
        "0.25",
        "--input-size",
        "16",
        "16",
        "--embedding-size",
        "8",
        "--loss",
        "arcface",
        "--scale",
        "8",
        "--test",
        "0.3",
        "--steps",
        "4",
        "-p",
        "4",
        "-k",
        "2",
        "--threads",
        "1",
        "--out",
        str(folder / "model.pt"),
    ]


def test_the_command_line_trains_a_model_that_loads_with_its_facts(
    tmp_path, capsys, threads_as_before
):
    assert main(command(tmp_path)) == 0
    model = models.load(tmp_path / "model.pt")
    assert (
        model.input_size == (16, 16)
        and model.facts["loss"] == "arcface"
        and len(model.facts["held_out"]) == 3
    )
    out = capsys.readouterr().out
    assert (
        "28 images of 7 identities; 3 others held out" in out
        and "EER on 3 identities not trained on" in out
    )
    assert not (tmp_path / "model.pt.checkpoint").exists()
    assert (
        main(
            [
                *command(tmp_path),
                "--start-from",
                str(tmp_path / "model.pt"),
                "--loss",
                "contrastive",
            ]
        )
        == 0
    )


def test_a_model_is_written_before_it_is_measured(tmp_path, monkeypatch, threads_as_before):
    def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "validation_eer", broken)
    with pytest.raises(KeyboardInterrupt):
        main(command(tmp_path))
    facts = models.load(tmp_path / "model.pt").facts
    assert facts["eer"] is None and facts["steps"] == 4
    assert (tmp_path / "model.pt.checkpoint").exists()


def test_a_full_disk_at_the_end_keeps_the_checkpoint(tmp_path, monkeypatch, threads_as_before):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(models, "save", full)
    words = "model.pt was not written .*No space left.* kept in .*model.pt.checkpoint"
    with pytest.raises(OSError, match=words):
        main(command(tmp_path))
    monkeypatch.undo()
    assert main(command(tmp_path)) == 0 and models.load(tmp_path / "model.pt").facts["eer"] < 1
    assert not (tmp_path / "model.pt.checkpoint").exists()


@pytest.mark.parametrize(
    "name", ["contrastive", "triplet", "batch-all", "softmax", "sphereface", "cosface", "arcface"]
)
def test_every_loss_of_the_command_line_has_its_baseline(name):
    """The loss of one vector for all images, or of one distance for all pairs, at its lowest."""
    loss, baseline = build_loss(name, 8, 12, 4, 3, margin=None, scale=8.0)
    labels = torch.arange(4).repeat_interleave(3)
    if name in ("triplet", "batch-all"):
        value = loss(torch.ones(12, 8), labels).item()
    elif name == "contrastive":  # every pair at one distance: the corners of a simplex
        value = min(
            loss(F.pad(torch.eye(12) * d / 2**0.5, (0, 0)), labels).item()
            for d in np.linspace(0, 1, 201)
        )
    else:  # class directions all alike, the vector along them: every class equally far
        with torch.no_grad():
            loss.head.weight.fill_(1.0)
        value = loss(torch.ones(12, 8), labels).item()
    assert value == pytest.approx(baseline, rel=2e-3)


class Linear(nn.Module):
    """A network without batch norm, whose statistics would be each process's own."""

    channels, input_size, embedding_size = 1, (16, 16), 8

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(256, 8)

    def forward(self, x):
        return F.normalize(self.layer(x.flatten(1)), dim=1)

    @staticmethod
    def scale(pixels):
        return pixels / 255


WHOLE_BATCH = {
    "cosface": lambda: losses.SoftmaxLoss(losses.CosFace(8, 12, scale=8.0)),
    "arcface": lambda: losses.SoftmaxLoss(losses.ArcFace(8, 12, scale=8.0)),
    "contrastive": lambda: losses.batch_contrastive_loss,
    "batch-hard": lambda: losses.batch_hard_triplet_loss,
    "batch-all": lambda: losses.batch_all_triplet_loss,
    "supcon": lambda: losses.supcon_loss,
}


def share(out: str, *arguments: str) -> None:
    """What each process of `torchrun` does in the test below."""
    rank, world = join_processes()
    torch.set_num_threads(1)
    found = {}
    for name, build in WHOLE_BATCH.items():
        torch.manual_seed(rank)  # each process begins elsewhere: the first one's weights must win
        model, loss = Linear(), build()
        history = train(model, loss=loss, steps=3, optimizer=sgd(model, loss))
        parts = [weights(one) for one in (model, loss) if isinstance(one, nn.Module)]
        found |= {f"{name} {key}": value for part in parts for key, value in part.items()}
        found[f"{name} loss"] = torch.tensor(history.loss, dtype=torch.float64)
    torch.save(found, f"{out}.{rank}.of.{world}")
    if arguments:
        assert main(list(arguments)) == 0


def torchrun(arguments: list[str], timeout: int = 300) -> subprocess.CompletedProcess:
    start = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-addr",
        "127.0.0.1",
        "--master-port",
        "0",
        "--rdzv-backend",
        "c10d",
        "--rdzv-endpoint",
        "127.0.0.1:0",
    ]
    return subprocess.run(
        [*start, *arguments],
        cwd=ROOT,
        env=os.environ
        | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="torchrun over loopback is tried on Linux only")
def test_two_processes_train_what_one_trains_and_write_one_file(tmp_path, threads_as_before):
    script = tmp_path / "two.py"
    script.write_text(
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests')!r}]; "
        "import test_training; test_training.share(*sys.argv[1:])"
    )
    done = torchrun([str(script), str(tmp_path / "weights"), *command(tmp_path)])
    assert done.returncode == 0, done.stderr[-3000:]
    share(str(tmp_path / "weights"))
    first, second, one = (
        torch.load(f"{tmp_path}/weights.{name}") for name in ("0.of.2", "1.of.2", "0.of.1")
    )
    assert equal(first, second)
    off = {k: float(((first[k] - one[k]).abs() / one[k].abs().clamp(min=1)).max()) for k in one}
    assert max(off.values()) < 1e-6, off
    assert all(one[f"{name} loss"][0] > 0 for name in WHOLE_BATCH)
    assert done.stdout.count("written: ") == 1 and "2 process(es)" in done.stdout
    assert models.load(tmp_path / "model.pt").facts["steps"] == 4


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="torchrun over loopback is tried on Linux only")
def test_torchrun_starts_the_module_itself(tmp_path):
    done = torchrun(["-m", "lib.training", *command(tmp_path)])
    assert done.returncode == 0, done.stderr[-3000:]
    assert (
        done.stdout.count("written: ") == 1
        and models.load(tmp_path / "model.pt").facts["steps"] == 4
    )


def test_identities_that_processes_cannot_share_are_refused(monkeypatch):
    monkeypatch.setattr("lib.training.loop.join_processes", lambda: (0, 3))
    with pytest.raises(ValueError, match="4 identities cannot be shared by 3 processes"):
        next(draw_batches(blobs(), (4, 3), seed=0, steps=range(1)))


# --- augmentation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, shape, low, high",
    [
        (augment.faces, (6, 3, 56, 56), -1.0, 1.0),
        (augment.varied_faces, (6, 3, 56, 56), -1.0, 1.0),
        (augment.signatures, (6, 1, 64, 144), 0.0, 1.0),
    ],
)
def test_augmentation_keeps_shape_and_range_and_follows_the_seed(change, shape, low, high):
    torch.manual_seed(0)
    x = torch.rand(shape) * (high - low) + low
    original = x.clone()
    torch.manual_seed(1)
    first = change(x)
    torch.manual_seed(1)
    second = change(x)
    assert (
        first.shape == shape
        and low <= first.min()
        and first.max() <= high
        and torch.equal(first, second)
    )
    assert not torch.equal(first, original) and torch.equal(x, original)
    assert len({float(image.mean()) for image in first}) == len(x)  # each image its own draw


def test_a_turn_keeps_a_wide_image_in_shape():
    x = torch.zeros(1, 1, 64, 144)
    x[0, 0, 22:42, 62:82] = 1.0  # a square stays a square, whatever the page's sides
    torch.manual_seed(3)
    turned = augment.move(x, shift=0.0, turn=0.5, zoom=0.0)
    rows, columns = turned[0, 0].sum(1), turned[0, 0].sum(0)
    assert turned.sum().item() == pytest.approx(400, rel=0.05)
    assert (rows > 0.5).sum().item() == pytest.approx((columns > 0.5).sum().item(), abs=1)
