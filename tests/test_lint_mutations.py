"""The mutants that `tests.lint.mutations` makes are what it says, and the tests of the losses and the batches catch a sample of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lint import mutations

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "source, texts",
    [
        ("a - b", ["a - b  ->  a + b"]),
        ("a < 2", ["a < 2  ->  a <= 2", "2  ->  3"]),
        ("-a", ["-a  ->  +a"]),
        ("not a", ["not a  ->  not not a"]),
        ("a and b", ["a and b  ->  a or b"]),
        ("a < b < c", []),  # a chain has no one opposite
        ("def f(a: int | None = 3) -> float | None:\n    return a", []),
        ("'text', True, None", []),
        ("if __name__ == '__main__':\n    print(1 + 1)", []),
    ],
)
def test_one_thing_is_turned_at_a_time_and_signatures_and_commands_are_left_alone(source, texts):
    assert [mutant.text for mutant in mutations.mutants_of(source)] == texts


def test_two_changes_that_read_alike_are_told_apart_by_their_lines_and_places():
    texts = [
        mutant.text
        for mutant in mutations.mutants_of(
            "def f(a):\n    a = a[1]\n    return a[1] + 2 if a else a[1]"
        )
    ]
    first, second = "f: 1  ->  2  in  a = a[1]", "f: 1  ->  2  in  return a[1] + 2 if a else a[1]"
    assert sorted(texts) == sorted(
        [
            "f: 2  ->  3",
            "f: a[1] + 2  ->  a[1] - 2",
            first,
            f"{second}  (1 of 2)",
            f"{second}  (2 of 2)",
        ]
    )


def test_a_mutant_is_the_module_but_for_its_one_change():
    (mutant,) = mutations.mutants_of("def gap(d_ap, d_an):\n    return d_ap - d_an")
    space: dict = {}
    exec(mutant.source, space)
    assert space["gap"](3, 1) == 4 and mutant.line == 2


def test_a_mutant_meets_the_tests_that_enter_its_function_cheapest_first_and_all_where_that_cannot_be_told():
    mutant = next(
        one
        for one in mutations.mutants("lib.evaluation.scores")
        if one.text.startswith("as_pairs: ")
    )
    start = (ROOT / "lib" / "evaluation" / "scores.py").read_text().split("def as_pairs")[0].count(
        "\n"
    ) + 1
    tests = {"slow": (2.0, [start]), "quick": (1.0, [3, start]), "elsewhere": (0.5, [start - 1])}
    assert mutations.Entered(tests, []).by(mutant) == ["quick", "slow"]
    assert mutations.Entered(tests, [start]).by(mutant) == [
        "elsewhere",
        "quick",
        "slow",
    ]  # a fixture, or the tests' import, enters it
    assert mutations.Entered({"elsewhere": (0.5, [start - 1])}, []).by(mutant) == ["elsewhere"]


def test_every_module_of_the_list_has_its_tests():
    for module, (file, *_) in mutations.TESTS.items():
        assert (ROOT / (module.replace(".", "/") + ".py")).exists() and (ROOT / file).exists()


def test_a_mutant_that_is_called_equal_still_exists():
    for module, known in mutations.EQUAL.items():
        assert set(known) <= {mutant.text for mutant in mutations.mutants(module)} and all(
            known.values()
        ), module


def test_every_module_of_the_list_was_counted_in_full():
    counted = json.loads((ROOT / "docs" / "mutations.json").read_text())
    assert set(counted) == set(mutations.TESTS)
    for module, found in counted.items():
        assert found["mutants"] - found["caught"] == len(found["alive"])
        assert found["known to be equal"] == len(mutations.EQUAL.get(module, {}))


@pytest.mark.slow
@pytest.mark.parametrize("module", ["lib.losses.metric", "lib.losses.margins", "lib.data.pairs"])
def test_a_sample_of_mutants_is_caught(module):
    command = [sys.executable, "-m", "tests.lint.mutations", module, "--most", "12"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
