"""Mutants are the module but for one change, meet the tests that enter them, and are caught."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lint import mutants, mutations

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
def test_one_thing_is_changed_at_a_time_and_signatures_and_commands_are_left_alone(source, texts):
    assert [mutant.text for mutant in mutants.mutants_of(source)] == texts


def test_two_changes_that_read_alike_are_told_apart_by_statement_and_number():
    texts = [
        mutant.text
        for mutant in mutants.mutants_of(
            "def f(a):\n    a = a[1]\n    return a[1] + 2 if a else a[1]"
        )
    ]
    first = "f: 1  ->  2  in  a = a[1]"
    second = "f: 1  ->  2  in  return a[1] + 2 if a else a[1]"
    numbered = [f"{second}  (1 of 2)", f"{second}  (2 of 2)"]
    assert sorted(texts) == sorted(["f: 2  ->  3", "f: a[1] + 2  ->  a[1] - 2", first, *numbered])


def test_the_text_of_a_mutant_does_not_depend_on_the_layout_of_the_source():
    one_line = "def f(a):\n    b = a[1]\n    return g(a[1], b)  # why"
    several = (
        "def f(a):\n    b = a[\n        1\n    ]\n    return g(\n        a[1],\n        b,\n    )"
    )
    texts = [
        [mutant.text for mutant in mutants.mutants_of(source)] for source in (one_line, several)
    ]
    assert texts[0] == texts[1]


def test_a_mutant_is_the_module_but_for_its_one_change():
    (mutant,) = mutants.mutants_of("def gap(d_ap, d_an):\n    return d_ap - d_an")
    space: dict = {}
    exec(mutant.source, space)
    assert space["gap"](3, 1) == 4 and mutant.line == 2


def test_a_mutant_meets_the_tests_that_enter_its_function_cheapest_first_or_all_tests():
    mutant = next(
        one
        for one in mutations.mutants("lib.evaluation.scores")
        if one.text.startswith("as_pairs: ")
    )
    start = (ROOT / "lib" / "evaluation" / "scores.py").read_text().split("def as_pairs")[0].count(
        "\n"
    ) + 1
    tests = {"slow": (2.0, [start]), "quick": (1.0, [3, start]), "elsewhere": (0.5, [start - 1])}
    assert mutations.Entered(tests, []).tests_of(mutant) == ["quick", "slow"]
    assert mutations.Entered(tests, [start]).tests_of(mutant) == [
        "elsewhere",
        "quick",
        "slow",
    ]  # a fixture, or the tests' import, enters it
    assert mutations.Entered({"elsewhere": (0.5, [start - 1])}, []).tests_of(mutant) == [
        "elsewhere"
    ]


def test_every_module_of_the_list_has_its_tests():
    for module, (file, *_) in mutations.TESTS.items():
        assert (ROOT / (module.replace(".", "/") + ".py")).exists() and (ROOT / file).exists()


def test_a_mutant_that_is_called_equal_still_exists():
    for module, known in mutations.EQUAL.items():
        assert set(known) <= {mutant.text for mutant in mutations.mutants(module)} and all(
            known.values()
        ), module


@pytest.mark.slow
@pytest.mark.parametrize("module", ["lib.losses.metric", "lib.losses.margins", "lib.data.pairs"])
def test_a_sample_of_mutants_is_caught(module):
    command = [sys.executable, "-m", "tests.lint.mutations", module, "--most", "12"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
