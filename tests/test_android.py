"""The app's arithmetic in plain Kotlin gives the course's numbers.

Its files, the same that the app under docs/android builds, are compiled here and run on files that
Python writes. The rest of the app needs Android. It is compiled against the declarations that it
uses of Android and of libraries, which android_api.txt holds.
"""

import json
import os
import random
import re
import shutil
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path

import numpy as np
import pytest

from lib import course, export
from lib.data.synthetic.face_render import TEMPLATE
from lib.phone import alignment, detector
from lib.phone.gallery import Gallery
from lib.phone.open_set import threshold_at
from tools import android_golden, app
from tools.android_golden import ALLOWED

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "docs" / "android" / "app" / "src"
PLAIN = sorted((APP / "main" / "kotlin" / "face").glob("*.kt"))
GOLDEN = APP / "test" / "kotlin" / "face" / "Golden.kt"
TESTS = sorted((APP / "test" / "kotlin" / "face").glob("*Test.kt"))
JUNIT = [Path("/usr/share/java") / name for name in ("junit4.jar", "hamcrest.jar")]

compiler = shutil.which("kotlinc") and shutil.which("java")
needs_kotlin = pytest.mark.skipif(
    not compiler, reason="no Kotlin compiler: Debian's package kotlin brings one"
)


def compiled(
    sources: list[Path], jar: Path, warnings: bool = False, libraries: list[Path] | None = None
) -> Path:
    """Compile with what is installed; Debian's compiler of 2019 warns about its own flags only."""
    command = ["kotlinc", *map(str, sources), "-include-runtime", "-d", str(jar)]
    if libraries:
        command += ["-classpath", ":".join(map(str, libraries))]
    environment = {**os.environ, "JAVA_OPTS": "-Xmx700M -XX:TieredStopAtLevel=1"}
    said = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert said.returncode == 0 and jar.is_file(), said.stderr
    assert warnings or "warning:" not in said.stderr.replace("VM warning:", ""), said.stderr
    return jar


def run(jar: Path, folder: Path, package: str = "face") -> str:
    options = ["-XX:TieredStopAtLevel=1", "-cp", str(jar)]
    command = ["java", *options, f"{package}.GoldenKt", str(folder)]
    said = subprocess.run(command, capture_output=True, text=True)
    return said.stdout + said.stderr


def differences(said: str) -> dict[str, tuple[int, float]]:
    """name of a check -> cases, largest difference"""
    return {
        name: (int(cases), float(largest))
        for name, cases, largest in re.findall(r"^(\w+) (\d+) (\S+)$", said, re.M)
    }


def failing(said: str) -> list[str]:
    """The checks that fail: missing, without a case, or too far off."""
    found = differences(said)
    return [
        name
        for name, limit in ALLOWED.items()
        if name not in found or found[name][0] == 0 or not found[name][1] <= limit
    ]


@pytest.fixture(scope="module")
def jar(tmp_path_factory) -> Path:
    """The plain files and their tests, which Gradle runs too; without JUnit, Golden.kt alone."""
    has_junit = all(path.exists() for path in JUNIT)
    sources = [*PLAIN, GOLDEN, *(TESTS if has_junit else [])]
    folder = tmp_path_factory.mktemp("kotlin")
    return compiled(sources, folder / "golden.jar", libraries=JUNIT if has_junit else None)


@pytest.fixture(scope="module")
def said(jar, golden) -> str:
    return run(jar, golden)


@pytest.fixture(scope="module")
def golden(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    try:
        android_golden.write(folder)
    except ImportError as reason:  # no detector, or nothing that runs it
        pytest.skip(str(reason))
    return folder


REFUSALS = {
    "an empty file": "no gallery",
    "another file": "no gallery",
    "another version": "another version",
    "cut in the middle": "cut short",
    "cut after a line": "cut short",
    "cut by one byte": "cut short",
    "one letter edited": "edited",
    "another network": "another network",
    "another size": "size 64",
    "one template more": "holds 6",
    "half a vector": "not the base64",
    "no base64": "not the base64",
    "no vector": "not the base64",
    "a long vector": "a vector of length",
    "a vector of NaN": "length NaN",
    "a name too long": "200 characters",
    "a name with a line break": "line break",
    "a name not in normal form": "normal form",
    "no name": "1 to 200",
    "line ends of Windows": "another version",
}


@needs_kotlin
def test_kotlin_and_python_compute_the_same(said):
    assert failing(said) == [], said
    found = differences(said)
    assert found["score"][0] > 500 and found["crop"][0] > 100_000


@needs_kotlin
def test_the_apps_own_tests_pass(jar, golden):
    if not all(path.exists() for path in JUNIT):
        pytest.skip("no JUnit: Debian's package junit4 brings it")
    names = [f"face.{path.stem}" for path in TESTS]
    path = ":".join(map(str, [jar, *JUNIT]))
    command = ["java", "-XX:TieredStopAtLevel=1", f"-Dgolden={golden}", "-cp", path]
    done = subprocess.run(
        [*command, "org.junit.runner.JUnitCore", *names], capture_output=True, text=True
    )
    (count,) = re.findall(r"^OK \((\d+) tests\)$", done.stdout, re.M) or [done.stdout]
    written = sum(path.read_text().count("@Test\n") for path in TESTS)
    assert int(count) == written > 10, "every test ran"


def test_kotlin_and_javascript_and_python_agree_on_the_threshold(golden):
    """Python's answer is worked out again with NumPy; Kotlin's is `threshold` of ALLOWED."""
    rows = [line.split("\t") for line in (golden / "thresholds.txt").read_text().splitlines()]
    sizes, values = np.array(rows[0][0].split(), float), np.array(rows[0][1].split(), float)
    for row in rows[:15]:
        count = float(row[2])
        slope = (values[-1] - values[-2]) / np.log(sizes[-1] / sizes[-2])
        beyond = min(1.0, values[-1] + slope * np.log(max(count, 1) / sizes[-1]))
        inside = np.interp(np.log(max(count, 1)), np.log(sizes), values)
        assert float(row[3]) == pytest.approx(beyond if count > sizes[-1] else inside, abs=1e-12)
    asked = [
        [[int(n) for n in row[0].split()], [float(v) for v in row[1].split()], int(row[2])]
        for row in rows
    ]
    if not shutil.which("node"):
        pytest.skip("no node here: install Node.js 18 or newer")
    code = (
        f"import {{ thresholdAt }} from '{(ROOT / 'docs/phone/thresholds.js').as_uri()}';"
        f"const rows = {json.dumps(asked)};"
        "console.log(JSON.stringify(rows.map(([templates, threshold, n]) =>"
        " thresholdAt({ templates, threshold }, n))));"
    )
    command = ["node", "--input-type=module", "-e", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == pytest.approx([float(row[3]) for row in rows], abs=1e-12)


@pytest.mark.parametrize(
    ("sizes", "values"),
    [
        ([], []),
        ([1, 2], [0.5]),
        ([1, 1], [0.5, 0.6]),
        ([0, 2], [0.5, 0.6]),
        ([1, 2], [0.6, 0.5]),
        ([1, 2], [0.6, 1.1]),
        ([1], [float("nan")]),
    ],
)
def test_a_table_that_is_none_is_refused(sizes, values):
    with pytest.raises(ValueError, match="a table of thresholds has a cosine for each number"):
        threshold_at({"templates": sizes, "threshold": values}, 3)


def test_the_golden_faces_meet_every_refusal(golden):
    lines = (golden / "quality.txt").read_text().splitlines()
    reasons = {line.split("\t")[-1].split(":")[0] for line in lines}
    assert reasons == {
        "",
        "face too small",
        "turned away",
        "too dark",
        "too bright",
        "too flat",
        "too blurred",
    }


def test_the_golden_decisions_hold_every_kind_in_every_order(golden):
    rows = [line.split("\t") for line in (golden / "decisions.txt").read_text().splitlines()]
    kinds = [row[4] for row in rows]
    for kind in ("accepted", "unsure", "unknown", "poor picture"):
        assert kinds.count(kind) >= 10
    # Below the threshold and close to the next person too: the threshold is checked first.
    unknown = [row for row in rows if row[4] == "unknown" and row[8]]
    assert sum(float(row[7]) - float(row[8]) < float(row[2]) for row in unknown) >= 5
    # Scores that meet the threshold or the margin exactly.
    assert {row[4] for row in rows if row[0] == "3"} == {"accepted", "unsure", "unknown"}


@needs_kotlin
def test_files_that_python_refuses_kotlin_refuses_in_words(said, golden):
    reasons = dict(re.findall(r"^refused (.+?): (.*)$", said, re.M))
    names = {path.name for path in (golden / "refused").iterdir()}
    assert reasons.keys() == REFUSALS.keys() == names
    for name, words in REFUSALS.items():
        assert words in reasons[name], f"{name}: {reasons[name]}"
        with pytest.raises(ValueError):
            Gallery.load(golden / "refused" / name, android_golden.FINGERPRINT, android_golden.SIZE)


@needs_kotlin
def test_nothing_is_left_beside_a_saved_gallery(said, golden):
    assert (golden / "again.txt").is_file()
    assert not [path for path in golden.iterdir() if path.name.startswith(".")]


DARK = 'grey < limits.darkest -> "too dark: more light on the face"'
MUTANTS = {
    "nothing changed": ("Match.kt", "", ""),
    "the turn the other way": ("Alignment.kt", "zx * wy - zy * wx", "zy * wx - zx * wy"),
    "a shift with the turn the other way": (
        "Alignment.kt",
        "a.x * z.x - a.y * z.y",
        "a.x * z.x + a.y * z.y",
    ),
    "another template": ("Alignment.kt", "41.5493, 92.3655", "41.5493, 92.2041"),
    "eyes exchanged": (
        "Alignment.kt",
        "38.2946, 51.6963), Point(73.5318, 51.5014",
        "73.5318, 51.5014), Point(38.2946, 51.6963",
    ),
    "template without pixel centres": (
        "Alignment.kt",
        "(value + 0.5) * size / 112 - 0.5",
        "value * size / 112",
    ),
    "sampling half a pixel off": (
        "Alignment.kt",
        "place.of(x.toDouble(), y.toDouble())",
        "place.of(x + 0.5, y + 0.5)",
    ),
    "x and y exchanged": (
        "Alignment.kt",
        "mixed(photograph, from.x, from.y)",
        "mixed(photograph, from.y, from.x)",
    ),
    "nearest pixel": (
        "Alignment.kt",
        "val across = u - left",
        "val across = if (u - left < 0.5) 0.0 else 1.0",
    ),
    "cut off instead of rounded": ("Alignment.kt", "return round(", "return ("),
    "black beyond the border": (
        "Alignment.kt",
        "    val u =",
        "    if (x < 0 || y < 0) return 0\n    val u =",
    ),
    "BGR": ("Picture.kt", "(picture.red(x, y) - subtract)", "(picture.blue(x, y) - subtract)"),
    "divided by 127.5": ("Picture.kt", "divide: Double = 128.0", "divide: Double = 127.5"),
    "128 subtracted": ("Picture.kt", "subtract: Double = 127.5", "subtract: Double = 128.0"),
    "green counts as red": (
        "Picture.kt",
        "0.299 * red(x, y) + 0.587 * green(x, y)",
        "0.587 * red(x, y) + 0.299 * green(x, y)",
    ),
    "the size of a Laplacian, not its spread": (
        "Quality.kt",
        "(it - mean) * (it - mean)",
        "it * it",
    ),
    "one neighbour forgotten": ("Quality.kt", "+ small[y + 1][x] - 4 *", "- 3 *"),
    "turned to one side only": ("Quality.kt", "abs(side(left", "(side(left"),
    "a threshold for every size": (
        "Recogniser.kt",
        "byGallery?.at(templates) ?: threshold",
        "threshold",
    ),
    "linear in the size, not in its logarithm": ("Thresholds.kt", "ln(", "("),
    "dark before small": (
        "Quality.kt",
        "        eyeDistance <",
        f"        {DARK}\n        eyeDistance <",
    ),
    "dark before turned": ("Quality.kt", "        turn >", f"        {DARK}\n        turn >"),
    "a distance": ("Match.kt", "sum += a[i].toDouble() * b[i]", "sum -= a[i].toDouble() * b[i]"),
    "the first template only": ("Match.kt", ".reduce(::maxOf)", ".first()"),
    "the mean over templates": ("Match.kt", ".reduce(::maxOf)", ".average()"),
    "quality not asked": ("Match.kt", 'refused != ""', "false"),
    "margin before threshold": (
        "Match.kt",
        "if (top < threshold)",
        "if (top < threshold && (second == null || top - second >= margin))",
    ),
    "reaching the threshold is not enough": ("Match.kt", "top < threshold", "top <= threshold"),
    "reaching the margin is not enough": (
        "Match.kt",
        "top - second < margin",
        "top - second <= margin",
    ),
    "any threshold": ("Match.kt", "    checkThreshold(threshold)\n", ""),
    "no margin": ("Match.kt", "top - second < margin", "false"),
    "numbers the other way round in the file": (
        "Gallery.kt",
        "LITTLE_ENDIAN)\n            vector",
        "BIG_ENDIAN)\n            vector",
    ),
    "numbers the other way round when read": (
        "Gallery.kt",
        "LITTLE_ENDIAN)\n            return",
        "BIG_ENDIAN)\n            return",
    ),
    "templates as they come": ("Gallery.kt", "(vector[it] / length).toFloat()", "vector[it]"),
    "nobody forgotten": ("Gallery.kt", "people.remove(normal(name))", "people.get(normal(name))"),
    "poor pictures enrolled": (
        "Recogniser.kt",
        'if (refused == "") gallery.enrol',
        "gallery.enrol",
    ),
    "poor pictures compared": ("Recogniser.kt", "contract.margin, refused)", "contract.margin)"),
    "the crop of another model": (
        "Recogniser.kt",
        "cut(photograph, face.points, contract.side, contract.template)",
        "cut(photograph, face.points, template = contract.template)",
    ),
    "the template of another model": (
        "Recogniser.kt",
        "contract.side, contract.template",
        "contract.side, TEMPLATE",
    ),
    "the arithmetic of another model": (
        "Recogniser.kt",
        "normalise(crop, contract.subtract, contract.divide)",
        "normalise(crop)",
    ),
    "points not asked about": ("Recogniser.kt", 'if (fault != "") return fault', ""),
    "points anywhere": ("Points.kt", "middle.y < height", "true"),
    "the eyes exchanged in the gate": ("Recogniser.kt", "face.points[1] ?:", "face.points[2] ?:"),
    "a large face read without a mean": ("Alignment.kt", "if (times < 2)", "if (times < 99)"),
    "four points as if five": ("Alignment.kt", "if (points.size == 4)", "if (points.size == 9)"),
    "the second pass not upright": (
        "Detector.kt",
        "face.size), lean, LEAST)",
        "face.size), 0.0, LEAST)",
    ),
    "boxes that overlap": ("Detector.kt", "<= OVERLAP", "<= 9"),
    "corners of pixels taken for centres": ("Detector.kt", "Point(it.x - 0.5, it.y - 0.5)", "it"),
    "a picture not reduced": ("Detector.kt", "maxOf(1, scale.toInt())", "1"),
    "grey around the picture": ("Detector.kt", "{ -1f }", "{ 0f }"),
    "accents as they come": ("Gallery.kt", "Normalizer.Form.NFC", "Normalizer.Form.NFD"),
}


@needs_kotlin
@pytest.mark.slow
def test_every_mutant_of_the_arithmetic_is_caught(golden, tmp_path):
    """All mutants in one compilation, each in a package of its own; with the quick budget some."""
    others = [name for name in MUTANTS if name != "nothing changed"]
    some = random.Random(0).sample(others, course.by_budget(quick=20, full=len(others)))
    chosen, sources = ["nothing changed", *some], []
    for file, old, _ in MUTANTS.values():
        assert (APP / "main" / "kotlin" / "face" / file).read_text().count(old) >= 1, (
            f"{old!r} is no longer in {file}"
        )
    for number, (file, old, new) in enumerate(MUTANTS[name] for name in chosen):
        for path in [*PLAIN, GOLDEN]:
            text = path.read_text().replace("package face", f"package m{number}", 1)
            sources.append(tmp_path / f"m{number}" / path.name)
            sources[-1].parent.mkdir(exist_ok=True)
            sources[-1].write_text(text.replace(old, new) if path.name == file else text)
    jar = compiled(sources, tmp_path / "mutants.jar", warnings=True)
    alive = [
        name for number, name in enumerate(chosen) if not failing(run(jar, golden, f"m{number}"))
    ]
    assert alive == ["nothing changed"]


def test_the_golden_input_is_what_the_phone_model_takes():
    crops = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    pictures = export.PhoneModel(export.ShortFaceNet()).pictures(crops)
    np.testing.assert_allclose(pictures, (crops - 127.5) / 128, atol=1e-7)


def test_five_points_give_the_similarity_of_the_lesson():
    points = TEMPLATE * 0.8 + np.random.default_rng(0).normal(20, 3, (5, 2))
    (a,), (b,) = alignment.to_template(points[None], 160)
    assert android_golden.least_squares(points, 160) == pytest.approx((a, b), abs=1e-9)


@needs_kotlin
def test_the_app_fits_the_plain_files_and_the_libraries_it_names(tmp_path):
    """Both flavours at once: ExecuTorch's one file moves to a package of its own."""
    sources = [
        path for part in ("main", "litert", "androidTest") for path in (APP / part).rglob("*.kt")
    ]
    api = (ROOT / "tests" / "android_api.txt").read_text()
    for number, part in enumerate(re.split(r"^(?=package )", api, flags=re.M)[1:]):
        sources.append(tmp_path / f"Api{number}.kt")
        sources[-1].write_text(part)
    sources.append(tmp_path / "ExecuTorch.kt")
    (executorch,) = (APP / "executorch").rglob("*.kt")
    text = executorch.read_text().replace("package siamese.phone", "package executorch", 1)
    sources[-1].write_text(text)
    compiled(sources, tmp_path / "app.jar", warnings=True)
    assert (tmp_path / "app.jar").stat().st_size > 0


def test_the_plain_files_import_nothing_of_android():
    assert len(PLAIN) >= 5
    for path in PLAIN:
        imports = re.findall(r"^import (\S+)", path.read_text(), re.M)
        assert all(name.startswith(("java.", "kotlin.")) for name in imports), path.name


def test_no_file_of_the_app_is_long():
    sources = [
        path for path in APP.rglob("*.kt") if "test" not in str(path.relative_to(APP)).lower()
    ]
    lengths = [len(path.read_text().splitlines()) for path in sources]
    assert max(lengths) <= 240 and sum(lengths) <= 1800, "as the README says"


def test_the_app_asks_for_the_camera_and_for_nothing_else():
    android, tools = (
        "{http://schemas.android.com/apk/res/android}",
        "{http://schemas.android.com/tools}",
    )
    manifest = xml.parse(APP / "main" / "AndroidManifest.xml").getroot()
    permissions = {}
    for entry in manifest.iter("uses-permission"):
        permissions[entry.get(f"{android}name")] = entry.get(f"{tools}node")
    wanted = {"CAMERA": None, "INTERNET": "remove", "ACCESS_NETWORK_STATE": "remove"}
    assert permissions == {f"android.permission.{name}": node for name, node in wanted.items()}
    application = manifest.find("application")
    assert application.get(f"{android}allowBackup") == "false"
    assert application.get(f"{android}dataExtractionRules") == "@xml/data_extraction_rules"
    (activity,) = application.iter("activity")
    package, name = activity.get(f"{android}name").rsplit(".", 1)
    source = APP / "main" / "kotlin" / package.replace(".", "/") / f"{name}.kt"
    assert f"class {name} " in source.read_text()
    rules = xml.parse(APP / "main" / "res" / "xml" / "data_extraction_rules.xml").getroot()
    for kind in ("cloud-backup", "device-transfer"):
        domains = {entry.get("domain") for entry in rules.find(kind)}
        assert domains == {"root", "file", "database", "sharedpref", "external"}


FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")


def test_aapt_reads_manifest_and_resources(tmp_path):
    """Debian's resources are Android 10's: one attribute of Android 12 is left out here."""
    if not (shutil.which("aapt") and FRAMEWORK.exists()):
        pytest.skip("no aapt here: Debian's packages aapt and android-framework-res bring it")
    text = (APP / "main" / "AndroidManifest.xml").read_text()
    newer = 'android:dataExtractionRules="@xml/data_extraction_rules"'
    assert newer in text
    text = text.replace(newer, "").replace(
        "<manifest ", '<manifest package="course.siamese.phone" '
    )
    (tmp_path / "AndroidManifest.xml").write_text(text)
    command = ["aapt", "package", "-f", "-M", str(tmp_path / "AndroidManifest.xml")]
    command += ["-S", str(APP / "main" / "res"), "-I", str(FRAMEWORK)]
    gradle = (APP.parent / "build.gradle.kts").read_text()
    for name, option in (("minSdk", "--min-sdk-version"), ("targetSdk", "--target-sdk-version")):
        command += [option, re.search(rf"{name} = (\d+)", gradle)[1]]
    apk = tmp_path / "app.apk"
    done = subprocess.run([*command, "-F", str(apk)], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    badging = ["aapt", "dump", "badging", str(apk)]
    said = subprocess.run(badging, capture_output=True, text=True, check=True).stdout
    assert "launchable-activity: name='siamese.phone.MainActivity'" in said
    for camera in ("camera", "camera.any"):  # enrolling from photographs needs none
        assert f"uses-feature-not-required: name='android.hardware.{camera}'" in said
    assert "res/xml/data_extraction_rules.xml" in (
        subprocess.run(["aapt", "list", str(apk)], capture_output=True, text=True).stdout
    )


def test_every_library_that_the_app_imports_is_among_its_dependencies():
    gradle = (APP.parent / "build.gradle.kts").read_text()
    brings = {
        "com.google.ai.edge.litert": "ai.edge.litert:litert:",
        "org.pytorch": "pytorch:executorch-android:",
        "com.google.mlkit": "mlkit:face-detection:",
        "com.google.android.gms.tasks": "mlkit:face-detection:",
        "androidx.camera.view": "camera-view:",
        "androidx.camera.lifecycle": "camera-lifecycle:",
        "androidx.camera.core": "camera-camera2:",
        "androidx.activity": "activity:activity:",
        "com.google.common": "google.guava:guava:",
        "androidx.test.ext": "test.ext:junit:",
        "androidx.test.platform": "test:runner:",
        "org.junit": "junit:junit:",
    }
    assert "guava:guava:" in gradle, "CameraX hands over a ListenableFuture"
    own = ("face.", "java.", "kotlin.", "android.", "org.json.")
    for path in APP.rglob("*.kt"):
        for name in re.findall(r"^import (\S+)", path.read_text(), re.M):
            if not name.startswith(own):
                (library,) = [library for library in brings if name.startswith(f"{library}.")]
                assert brings[library] in gradle, f"{path.name} imports {name}"


README = (ROOT / "docs" / "android" / "README.md").read_text()


def test_what_the_readme_names_is_there():
    assert f"all of {len(MUTANTS) - 1} mutants" in README
    for name in re.findall(r"`([\w/]+/)`", README.split("## Make the files")[0]):
        assert any((folder / name).is_dir() for folder in (ROOT, ROOT / "docs/android", APP)), name
    for name in re.findall(r"\b(\w+\.kt)\b", README.split("## Another slot")[0]):
        assert list(APP.rglob(name)), name
    gradle = "".join(
        (ROOT / "docs/android" / name).read_text()
        for name in ("build.gradle.kts", "app/build.gradle.kts")
    )
    gradle += (ROOT / "docs/android/gradle/wrapper/gradle-wrapper.properties").read_text()
    table = README.split("## Versions")[1]
    assert all(
        version in table
        for version in re.findall(r"\b\d+\.\d+\.\d+\b", gradle.replace("since 9.0", ""))
    )


@pytest.mark.slow
def test_make_app_makes_every_file_that_the_app_opens(tmp_path):
    for module in ("litert_torch", "executorch"):
        pytest.importorskip(module, reason="a converter for phones is not installed")
    app.build("course", tmp_path)
    made = tmp_path
    contract = (APP / "main/kotlin/siamese/phone/ContractFile.kt").read_text()
    for flavour in ("litert", "executorch"):
        (embedder,) = (APP / flavour).rglob("Embedder.kt")
        name = re.search(r'FILE = "(\S+)"', embedder.read_text())[1]
        facts = json.loads((made / flavour / "assets" / f"{name}.json").read_text())
        assert (made / flavour / "assets" / name).stat().st_size > 1e6
        for key in re.findall(r'get\w+\("(\w+)"\)', contract):
            assert any(
                key in part
                for part in (
                    *(facts, facts["input"], facts["output"], facts["quality"]),
                    facts["gallery_thresholds"],
                )
            ), key
    golden = json.loads((made / "androidTest/assets/golden/golden.json").read_text())
    (test,) = (APP / "androidTest").rglob("*.kt")
    keys = re.findall(r'golden\.get\w+\("(\w+)"\)', test.read_text())
    assert (
        len(keys) >= 4
        and set(keys) <= set(golden)
        and golden["fingerprint"] == facts["fingerprint"]
    )
    for name in re.findall(r'"(\w+)_\$i\.(\w+)"', test.read_text()):
        assert (made / "androidTest/assets/golden" / "{}_0.{}".format(*name)).is_file()
    (finder,) = (APP / "main").rglob("FaceFinder.kt")
    name = re.search(r'FILE = "(\S+)"', finder.read_text())[1]
    assert (made / "main/assets" / name).read_bytes() == detector.file().read_bytes()
    on_phone = made / "androidTest/assets/golden"
    assert len((on_phone / "faces.txt").read_text().splitlines()) == 2
    assert (on_phone / "photograph.png").is_file()
    assert facts["trained_on"].startswith("made-up faces only")
    assert (made / "test/golden/allowed.txt").is_file()
