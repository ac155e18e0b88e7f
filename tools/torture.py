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
from PIL import Image
from tqdm import tqdm

from lib import course
from lib.data import ImageSet, cache, load, mapped
from lib.data.download import fetch
from lib.data.files import write_atomically

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
        except cache.DAMAGED as error:
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


KINDS: dict[str, Callable[[Path], Kind]] = {
    "download": download,
    "cached-set": cached_set,
    "mapped-folder": mapped_folder,
}


# -- kills -----------------------------------------------------------------------------------------


def start(work: Callable[[], object]) -> int:
    """The id of a new process that does the work."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
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
            seconds = sorted(_anew(kind, folder) for _ in range(3))[1]
            while counts["kills"] < kills:
                _kill_once(kind, folder, rng, seconds, counts)
        finally:
            os.environ["COURSE_CACHE"] = before or ""
            if kind.server:
                os.kill(kind.server, signal.SIGKILL)
                os.waitpid(kind.server, 0)
    return counts


COUNTS = ("kills", WHOLE, ABSENT, "broken", "done again", "not the same", "left behind")


def _anew(kind: Kind, folder: Path) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    return to_the_end(kind.work)


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
