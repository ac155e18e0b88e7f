"""The benchmark's rows and pages; its timings are not tested."""

from types import SimpleNamespace

import numpy as np
import pytest

from tools import bench

ROW = dict(what="a loss", size=64, ours=1.5, theirs=3.0, ratio=0.5, low=0.4, high=0.6, turns=9)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but for what a call adds to it."""
    now = [0.0]
    monkeypatch.setattr(bench, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def takes(seconds: float):
        return lambda: now.__setitem__(0, now[0] + seconds)

    return takes


def test_a_ratio_compares_the_two_calls_of_one_turn(clock):
    row = bench.compare("a loss", 64, clock(0.001), clock(0.004))
    assert row["ours"] == pytest.approx(1) and row["theirs"] == pytest.approx(4)
    assert row["ratio"] == row["low"] == row["high"] == pytest.approx(0.25)
    assert row["turns"] >= bench.LEAST_TURNS
    assert bench.alone(clock(0.02)) == pytest.approx(20)


def test_every_subject_gives_rows_and_each_page_shows_them():
    rows = {name: [ROW] for name in bench.SUBJECTS}
    rows["growth"] = [dict(what="a", size=10, ours=1.0), dict(what="a", size=40, ours=16.0)]
    rows["step"] = [ROW | dict(device="2 cores", images_per_second=100.0)]
    rows["files"] = [ROW | dict(bytes=1_000_000, bytes_theirs=2_000_000)]
    record = {name: dict(machine="2 cores", turns="9", rows=rows[name]) for name in rows}
    parts = bench.page_parts(record)
    pages = [page.read_text(encoding="utf-8") for page in bench.PAGES]
    for name, text in parts.items():
        assert sum(f"<!-- {name} -->" in page for page in pages) >= 1
        assert any(text in bench.filled(page, parts) for page in pages)
    assert "| a loss | 64 | 1.5 | 3 | 0.50 | 0.40 to 0.60 |" in parts["losses"]
    assert "| a | 40 | 16 | 2.0 |" in parts["growth"]  # four times the size, 16 times the time
    images, _ = bench.MS1M
    assert f"{images * bench.EPOCHS / 100 / 3600:,.0f}" in parts["hours"]
    once = bench.filled(pages[0], parts)
    assert bench.filled(once, parts) == once


def test_a_batch_holds_four_images_of_each_identity():
    vectors, labels = bench.batch(16)
    assert vectors.shape == (16, bench.EMBEDDING) and np.bincount(labels).tolist() == [4] * 4
