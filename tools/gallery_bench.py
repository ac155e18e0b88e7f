"""How long a search in the gallery takes here, on one core.

python -m tools.gallery_bench
"""

import os
import subprocess
import sys
import time

import numpy as np

from lib.data.arrays import unit_rows
from lib.phone.gallery import Gallery


def bench(
    templates: int, size: int = 128, batch: int = 64, seconds: float = 1.0
) -> tuple[float, float]:
    """Median milliseconds a probe among random templates: (one at a time, in a batch)."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((templates + batch, size), dtype=np.float32)
    vectors = unit_rows(vectors)
    gallery, probes = Gallery("0" * 16, size), vectors[templates:]
    for number in range(templates):
        gallery.enrol(str(number), vectors[number : number + 1])

    def median(call) -> float:
        call()
        times, end = [], time.perf_counter() + seconds
        while len(times) < 5 or time.perf_counter() < end:
            began = time.perf_counter()
            call()
            times.append(time.perf_counter() - began)
        return 1000 * float(np.median(times))

    one = median(lambda: gallery.decide(probes[0], threshold=0.5, margin=0.05))
    return one, median(lambda: gallery.scores(probes)) / batch


if __name__ == "__main__":
    if os.environ.get("OMP_NUM_THREADS") != "1":  # NumPy's library reads it once, when it is loaded
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "tools.gallery_bench"]
        sys.exit(subprocess.call(command, env=environment))
    print("| templates | one probe, ms | a probe in a batch of 64, ms |\n| --- | --- | --- |")
    for count in (100, 1_000, 10_000, 100_000):
        one, many = bench(count)
        print(f"| {count:,} | {one:.2g} | {many:.2g} |")
