"""Kill a process (-9) at random moments of its work: what it writes is whole or absent afterwards.

    make torture                                 every kind, 300 kills each
    make torture ARGS="download --kills 20"      one kind, fewer

After each kill the files are looked at. Now and then, and always in the end, the work is done once
more without a kill on what the killed ones left: it has to end with the same bytes as work that
nobody ever stopped, and with no temporary file beside them. The counts are kept in
docs/results/torture.json. Needs `os.fork`, which Windows does not have.

A kind is a function (folder) -> `Kind`; a line in `KINDS` adds one.
"""

import argparse
import http.server
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from lib import course, models
from lib.data import ImageSet, cache, load, mapped
from lib.data.arrays import unit_rows
from lib.data.download import fetch
from lib.data.files import write_atomically
from lib.export import ShortFaceNet, to_onnx
from lib.losses import batch_hard_triplet_loss
from lib.models import SignatureNet
from lib.models.files import read_file
from lib.phone.gallery import Gallery
from lib.training import Checkpoint, fit
from lib.training.checkpoint import FORMAT

RECORD = course.ROOT / "docs" / "results" / "torture.json"
KILLS, SEED = 300, 0
AGAIN = 0.25  # share of the kills after which the work is done to its end
ABSENT, WHOLE = "absent", "whole"
# The progress bar's lock is one for all processes of a fork: who is killed with it stops them all.
tqdm.set_lock(threading.RLock())
tqdm.monitor_interval = 0  # and its thread could hold it at the moment of a fork


class Kind(NamedTuple):
    """What is killed, and how to look at what it left. The folder is emptied between two tries.

    work    does it, in a process of its own, in the cache that COURSE_CACHE names
    state   "absent", "whole", or what is wrong; compares with what undisturbed work writes
    server  a process to be killed at the end, or 0
    """

    work: Callable[[], object]
    state: Callable[[], str]
    server: int = 0


# -- kinds -----------------------------------------------------------------------------------------


def download(folder: Path) -> Kind:
    """A download from a server on this machine, which goes on where it broke off."""
    content = random.Random(1).randbytes(200_000)

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int(self.headers.get("Range", "bytes=0-")[6:-1])
            self.send_response(416 if start >= len(content) else 206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("ETag", '"one"')
            self.end_headers()
            try:
                for place in range(start, len(content), 20_000):
                    self.wfile.write(content[place : place + 20_000])
                    time.sleep(0.002)
            except OSError:
                pass  # the process at the other end was killed

        def log_message(self, *_) -> None:
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server = os.fork()
    if server == 0:
        httpd.serve_forever()
    address = f"http://127.0.0.1:{httpd.server_port}/a.bin"
    httpd.server_close()

    def state() -> str:
        path = folder / "downloads" / "a.bin"
        if not path.exists():
            return ABSENT
        return WHOLE if path.read_bytes() == content else "the file holds other bytes"

    return Kind(lambda: fetch("a.bin", address), state, server)


def cached_set(folder: Path) -> Kind:
    """A rendered set, written to the cache."""
    images = np.random.default_rng(2).integers(0, 256, (40, 40, 40), np.uint8)
    names = tuple(f"image {n}" for n in range(40))
    right = ImageSet(images, np.arange(40), np.ones(40, bool), names)

    def state() -> str:
        found = list(folder.glob("toy-*.npz"))
        if not found:
            return ABSENT
        try:
            return WHOLE if np.array_equal(cache.read(found[0]).images, images) else "other images"
        except Exception as error:
            return f"damaged: {error}"

    return Kind(lambda: cache.cached("toy", {}, [], lambda: right), state)


def mapped_folder(folder: Path) -> Kind:
    """A folder of pictures too large for memory, whose pixels go to a file of the cache."""
    people = Path(tempfile.mkdtemp(dir=folder.parent))
    rng = np.random.default_rng(3)
    for number in range(12):
        place = people / f"person {number % 4}"
        place.mkdir(exist_ok=True)
        pixels = rng.integers(0, 256, (24, 24, 3), np.uint8)
        Image.fromarray(pixels).save(place / f"{number}.png")
    images = load("folder", path=people, size=24).images
    right = images.tobytes() + bytes([True]) * len(images)

    def work() -> None:
        mapped.IN_MEMORY = 0  # in the process that is killed
        load("folder", path=people, size=24)

    def state() -> str:
        found = list(folder.glob("folder-*.pixels"))
        if not found:
            return ABSENT
        return WHOLE if found[0].read_bytes() == right else "the file holds other bytes"

    return Kind(work, state)


def training(folder: Path) -> Kind:
    """A training that writes a checkpoint each step, and its model in the end.

    Killed, it goes on from the checkpoint: weights and losses have to be those of one that was
    never stopped, to the bit.
    """
    pixels = np.random.default_rng(4).integers(0, 256, (12, 16, 16), np.uint8)
    names = tuple(f"image {n}" for n in range(12))
    images = ImageSet(pixels, np.arange(12) // 3, np.ones(12, bool), names)
    out, checkpoint = folder / "model.pt", folder / "checkpoint"

    def work() -> None:
        torch.manual_seed(0)
        model = SignatureNet(8, (16, 16), width=0.25)
        options = dict(loss=batch_hard_triplet_loss, steps=8, batch=(2, 2))
        history = fit(model, images, checkpoint=Checkpoint(checkpoint, every=1), **options)
        models.save(model, out, loss=history.loss)
        checkpoint.unlink(missing_ok=True)

    work()  # in this process, so that those that are killed find loaded what it imports
    _anew(work, folder)
    right = models.load(out)

    def state() -> str:
        if checkpoint.exists():
            read_file(checkpoint, FORMAT)
        if not out.exists():
            return ABSENT
        model = models.load(out)
        pairs = zip(model.state_dict().values(), right.state_dict().values(), strict=True)
        same = model.facts == right.facts and all(torch.equal(a, b) for a, b in pairs)
        return WHOLE if same else "other weights or losses"

    return Kind(work, in_words(state))


def exports(folder: Path) -> Kind:
    """A network as ONNX, with the contract beside it and what the cache keeps of the conversion."""
    out = folder / "model.onnx"
    network = ShortFaceNet()

    def work() -> None:
        to_onnx(network, out)

    work()  # in this process, as above
    _anew(work, folder)
    right, beside = out.read_bytes(), Path(f"{out}.json")
    contract = beside.read_bytes()

    def state() -> str:
        if beside.exists() and beside.read_bytes() != contract:
            return "the contract beside the file is another"
        if not out.exists():
            return ABSENT
        return WHOLE if out.read_bytes() == right else "the file holds other bytes"

    return Kind(work, state)


def galleries(folder: Path) -> Kind:
    """Five people who are enrolled one after the other, the gallery saved after each."""
    path, people = folder / "gallery.txt", [f"person {n}" for n in range(5)]
    vectors = unit_rows(np.random.default_rng(5).standard_normal((5, 8)).astype(np.float32))

    def now() -> Gallery:
        return Gallery.load(path, "0" * 16, 8) if path.exists() else Gallery("0" * 16, 8)

    def work() -> None:
        gallery = now()
        for name, vector in zip(people, vectors):
            if name not in gallery.names:
                gallery.enrol(name, vector[None])
                gallery.save(path)
        assert now().names == people  # nobody who was enrolled is lost

    to_the_end(work)
    right = now()

    def state() -> str:
        gallery = now()
        pairs = [(gallery.templates(name), right.templates(name)) for name in gallery.names]
        same = gallery.names == people[: len(pairs)] and all(np.array_equal(*two) for two in pairs)
        return (WHOLE if same else "other people or vectors") if pairs else ABSENT

    return Kind(work, in_words(state))


def in_words(state: Callable[[], str]) -> Callable[[], str]:
    """The same, where a file that cannot be read is said instead of raised."""

    def either() -> str:
        try:
            return state()
        except ValueError as error:
            return str(error)

    return either


KINDS: dict[str, Callable[[Path], Kind]] = {
    "download": download,
    "cached-set": cached_set,
    "mapped-folder": mapped_folder,
    "training": training,
    "exports": exports,
    "galleries": galleries,
}


# -- kills -----------------------------------------------------------------------------------------


def start(work: Callable[[], object]) -> int:
    """The id of a new process that does the work."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            torch.set_num_threads(1)  # threads of the process before the fork are not in this one
            work()
            status = 0
        finally:
            os._exit(status)
    return process


def to_the_end(work: Callable[[], object]) -> float:
    """Seconds that the work takes in a process of its own; RuntimeError where it fails."""
    began = time.perf_counter()
    if status := os.waitpid(start(work), 0)[1]:
        raise RuntimeError(f"the work ended with status {status} although nobody killed it")
    return time.perf_counter() - began


def temporary_files(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if ".part" in path.name)


def torture(name: str, kills: int, seed: int = SEED) -> dict[str, int]:
    """Kill one kind of work `kills` times at random moments, and count what was found."""
    rng, counts = random.Random(f"{seed} {name}"), dict.fromkeys(COUNTS, 0)
    before = os.environ.get("COURSE_CACHE")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "cache")
        os.environ["COURSE_CACHE"] = str(folder)
        kind = KINDS[name](folder)
        try:
            seconds = sorted(_anew(kind.work, folder) for _ in range(3))[1]
            while counts["kills"] < kills:
                _kill_once(kind, folder, rng, seconds, counts)
        finally:
            os.environ["COURSE_CACHE"] = before or ""
            if kind.server:
                os.kill(kind.server, signal.SIGKILL)
                os.waitpid(kind.server, 0)
    return counts


COUNTS = ("kills", WHOLE, ABSENT, "broken", "done again", "not the same", "left behind")


def _anew(work: Callable[[], object], folder: Path) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    return to_the_end(work)


def _kill_once(
    kind: Kind, folder: Path, rng: random.Random, seconds: float, counts: dict[str, int]
) -> None:
    process = start(kind.work)
    time.sleep(rng.uniform(0, 1.1 * seconds))
    os.kill(process, signal.SIGKILL)
    if not os.WIFSIGNALED(os.waitpid(process, 0)[1]):  # it was done before
        shutil.rmtree(folder, ignore_errors=True)
        return
    counts["kills"] += 1
    found = kind.state()
    counts[found if found in (WHOLE, ABSENT) else "broken"] += 1
    if found not in (WHOLE, ABSENT):
        print(f"broken after kill {counts['kills']}: {found}", file=sys.stderr)
    if found == WHOLE or rng.random() < AGAIN:
        to_the_end(kind.work)
        counts["done again"] += 1
        counts["not the same"] += kind.state() != WHOLE
        counts["left behind"] += temporary_files(folder)
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str] | None = None) -> int:
    """0; 1 where a kill left something that is neither whole nor absent."""
    parser = argparse.ArgumentParser("python -m tools.torture", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; all")
    parser.add_argument("--kills", type=int, default=KILLS, help=f"of each kind; {KILLS}")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    if unknown := set(given.kinds) - set(KINDS):
        parser.error(f"no kind {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    bad = 0
    for name in given.kinds or KINDS:
        counts = torture(name, given.kills, given.seed)
        print(name, ", ".join(f"{count} {what}" for what, count in counts.items()), flush=True)
        bad += counts["broken"] + counts["not the same"] + counts["left behind"]
        command = f'make torture ARGS="{name} --kills {given.kills} --seed {given.seed}"'
        record[name] = {"command": command, "seed": given.seed, **counts}
        write_atomically(RECORD, (json.dumps(record, indent=1) + "\n").encode())
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
