"""The page and the app refuse the points of a face that Python refuses, in the same words."""

import subprocess

import numpy as np
import pytest
from test_android import PLAIN, compiled, needs_kotlin
from test_phone_arithmetic import as_points, node

from lib.data.synthetic.face_render import TEMPLATE
from lib.phone.alignment import point_fault

WORDS = ("", "the points fit no face", "the face lies outside the photograph")


def cases() -> list[tuple[np.ndarray, tuple[int, int]]]:
    """(points, (height, width)): faces, and what a detector that mixes points up would give."""
    rng, found, size = np.random.default_rng(8), [], (250, 300)
    four = np.vstack([TEMPLATE[:3], TEMPLATE[3:].mean(0)]) - 56
    for _ in range(100):
        angle, larger = rng.uniform(-np.pi, np.pi), rng.uniform(0.2, 3)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        # From a profile, nearly a line, to more than full face.
        face = larger * (four * (rng.uniform(0.02, 1.5), 1) + rng.normal(0, 4, (4, 2))) @ turn
        face += rng.uniform(100, 200, 2)
        found += [face, face[[1, 0, 2, 3]], face[:, ::-1], face[:2]]
        found += [face + rng.uniform(-400, 400, 2), face + 1000, rng.uniform(0, 200, (4, 2))]
        found += [face * (0, 1) + (100, 0)]
    found += [np.full((2, 2), 50.0), np.full((4, 2), 50.0)]
    return [(points, size) for points in found]


@pytest.fixture(scope="module")
def expected() -> list[str]:
    said = [point_fault(points, size) for points, size in cases()]
    for words in WORDS:
        assert sum(one.partition(",")[0].partition(":")[0] == words for one in said) > 100
    return said


def test_the_page_refuses_them(expected):
    faces = [{"points": as_points(points), "height": h, "width": w} for points, (h, w) in cases()]
    said = node("return faces.map((one) => place.pointFault(one.points, one))", faces=faces)
    assert said == expected


@needs_kotlin
def test_the_app_refuses_them(expected, tmp_path):
    main = tmp_path / "Main.kt"
    main.write_text("""package face
        fun main() = generateSequence { readLine() }.forEach { line ->
            val numbers = line.split(" ").map { it.toDouble() }
            val points = numbers.drop(2).chunked(2).map { Point(it[0], it[1]) }
            println(pointFault(points, numbers[1].toInt(), numbers[0].toInt())) }""")
    jar = compiled([*PLAIN, main], tmp_path / "points.jar")
    rows = [map(float, [*size, *points.ravel()]) for points, size in cases()]
    done = subprocess.run(
        ["java", "-XX:TieredStopAtLevel=1", "-cp", str(jar), "face.MainKt"],
        input="\n".join(" ".join(map(repr, row)) for row in rows),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == expected
