"""A process that is killed at a random moment leaves what it writes whole or absent."""

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor

import pytest

from tools import torture

SLOW = [pytest.param("exports", marks=pytest.mark.slow)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed after a fork")
@pytest.mark.parametrize("kind", [kind for kind in torture.KINDS if kind != "exports"] + SLOW)
def test_one_kill_in_a_hundred_of_make_torture(kind):
    # In a fresh process: autograd refuses to work in a fork of one that has used it.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        counts = pool.submit(torture.torture, kind, torture.KILLS // 100, seed=1).result()
    assert counts["kills"] == 3 == counts["whole"] + counts["absent"]
    assert counts["broken"] == counts["not the same"] == counts["left behind"] == 0


@pytest.mark.parametrize("kind", torture.KINDS)
def test_the_full_run_is_recorded_with_its_command_and_left_nothing_broken(kind):
    counts = json.loads(torture.RECORD.read_text())[kind]
    assert kind in counts["command"] and f"--seed {counts['seed']}" in counts["command"]
    assert counts["kills"] == counts["whole"] + counts["absent"] > 0
    assert counts["broken"] == counts["not the same"] == counts["left behind"] == 0
