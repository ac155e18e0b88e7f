"""What the lessons claim about learning is on record with its seeds, made by today's code."""

import importlib
import json
import pkgutil

import pytest

from lib import course
from tools import claims
from tools.claims import __main__ as command

for module in pkgutil.iter_modules(claims.__path__):
    if module.name not in ("__main__", "glyphs"):
        importlib.import_module(f"tools.claims.{module.name}")
REGISTERED = list(claims.CLAIMS.values())


@pytest.mark.parametrize("one", REGISTERED, ids=lambda one: one.name)
def test_a_claim_is_on_record_with_all_its_seeds_and_of_todays_code(one):
    entry = command.recorded()[one.name]
    assert entry["says"] == one.says and entry["topic"] == one.topic
    assert [row["seed"] for row in entry["rows"]] == list(range(one.seeds))
    assert entry["code"] == one.fingerprint, "run `make claims`"


def test_nothing_is_on_record_that_nobody_measures():
    assert set(command.recorded()) == set(claims.CLAIMS)


def test_a_run_goes_on_where_it_stopped_and_measures_anew_what_was_changed(tmp_path, monkeypatch):
    seeds = []

    def measure(seed: int) -> dict[str, float]:
        seeds.append(seed)
        if len(seeds) == 2:
            raise KeyboardInterrupt
        return {"error": seed / 3}

    one = claims.Claim("a test", "it measures", "nothing", measure, 3)
    monkeypatch.setattr(claims, "CLAIMS", {"a test": one})
    monkeypatch.setattr(command, "FILE", tmp_path / "lessons.json")
    with pytest.raises(KeyboardInterrupt):
        command.main([])
    command.main([])
    assert seeds == [0, 1, 1, 2]
    table = json.loads(command.FILE.read_text())
    assert [row["error"] for row in table["a test"]["rows"]] == [0.0, 0.33333, 0.66667]
    table["a test"]["code"] = "of older code"
    command.FILE.write_text(json.dumps(table))
    command.main([])
    assert seeds[-3:] == [0, 1, 2]


def test_a_lesson_reads_the_rows_of_a_claim_and_is_told_of_one_that_is_missing():
    with pytest.raises(KeyError):
        course.recorded("nobody said this")
    for one in REGISTERED:
        assert course.recorded(one.name) == command.recorded()[one.name]["rows"]
