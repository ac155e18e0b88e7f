"""THIRD_PARTY.md names what the course uses, and CHANGELOG.md what became of the old names."""

import importlib
import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """One section of THIRD_PARTY.md."""
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of each line of the tables in a text, without heads."""
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row for row in cells if row[0] not in ("package", "library", "in 0.1.0")]


def names(text: str) -> set[str]:
    """What stands between back ticks."""
    return set(re.findall(r"`([^`]+)`", text))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# -- packages -------------------------------------------------------------------------------------


def parts() -> dict[str, set[str]]:
    """List of requirements -> packages that the page names under it."""
    found: dict[str, set[str]] = {}
    for first, *rest in rows(section("Python packages")):
        if link := re.fullmatch(r"\*\*\[(.+)\]\((.+)\)\*\*.*", first):
            assert link[1] == link[2]
            under = found.setdefault(link[1], set())
        else:
            assert len(rest) == 2 and all(rest), f"{first} needs a licence and a use"
            under |= {normal(name) for name in names(first)}
    return found


def test_the_page_has_a_part_for_every_list_of_requirements():
    assert set(parts()) == {path.name for path in ROOT.glob("requirements*.txt")}


@pytest.mark.parametrize("file", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_required_package_is_named_and_no_other(file):
    lines = (line.split("#")[0].strip() for line in (ROOT / file).read_text("utf-8").splitlines())
    required = {normal(re.match(r"[\w.-]+", line)[0]) for line in lines if line}
    assert parts()[file] == required


def test_every_npm_package_is_named():
    folder = ROOT / "docs" / "phone"
    direct = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    named = names(section("npm packages"))
    assert set(direct) <= named
    for path, facts in locked.items():
        if package := path.rpartition("node_modules/")[2]:
            assert {package, f"{package.split('/')[0]}/*"} & named, package
            row = next(
                row
                for row in rows(section("npm packages"))
                if {package, f"{package.split('/')[0]}/*"} & names(row[0])
            )
            assert row[1] == facts["license"], package


def test_every_library_of_the_android_app_is_named():
    text = (ROOT / "docs" / "android" / "app" / "build.gradle.kts").read_text(encoding="utf-8")
    used = re.findall(r'[mM]plementation"?\)?\("([\w.]+):([\w.-]+):', text)
    assert len(used) >= 8
    named = names(section("Libraries of the Android app"))
    for group, artifact in used:
        wider = {group.rsplit(".", cut)[0] for cut in range(3)}
        assert {f"{group}:{artifact}", *wider} & named, f"{group}:{artifact}"


def test_every_action_that_a_workflow_calls_is_named():
    used = set()
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            used |= {step["uses"].split("@")[0] for step in job["steps"] if "uses" in step}
    named = {name.removeprefix("actions/") for name in names(section("Programs"))}
    assert used and {action.removeprefix("actions/") for action in used} <= named


# -- data -----------------------------------------------------------------------------------------


def test_every_data_set_that_can_be_loaded_from_elsewhere_is_named():
    from lib.data import SOURCES

    text = section("Data sets").lower()
    for name in SOURCES:
        if name != "folder" and not name.startswith("synthetic-"):
            assert name in text, name


def test_the_terms_of_the_weights_are_those_that_the_download_shows():
    from lib.models import ncnn

    assert "non-commercial research only" in ncnn.FACE_WEIGHTS_TERMS
    assert "does not redistribute" in ncnn.FACE_WEIGHTS_TERMS
    row = next(line for line in section("Trained weights").splitlines() if "InsightFace" in line)
    assert "non-commercial research only" in row and "Not redistributed" in row


def test_the_repository_holds_no_weights_but_its_own():
    endings = {".pt", ".pth", ".bin", ".onnx", ".tflite", ".pte", ".ttf", ".otf", ".woff2"}
    folders = ("data", "docs", "lib", "notebooks", "paper", "tests", "tools")
    made = {"cache", "node_modules", "build", "assets"}  # by set-up or `make app`; git ignores them
    held = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in endings and not made & set(path.parts)
    }
    assert held == {"data/course_model.pt"} <= names(PAGE)


# -- what became of the old names -----------------------------------------------------------------


def test_the_newest_version_of_the_changelog_is_the_course_s():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    version, day = re.search(r"(?m)^## \[(\d[\d.]*)\] - ([\d-]+)$", CHANGES).groups()
    assert version == project["version"] == citation["version"]
    assert day == str(citation["date-released"])
    assert re.search(r"(?m)^## \[Unreleased\]$", CHANGES)


def is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # nor is the package that would hold it
        return False


MODULE = re.compile(r"(?:lib|tools|tests)(?:\.\w+)+")
MOVED = [
    row
    for row in rows(CHANGES.split("### Where the modules went")[1].split("\n## ")[0])
    if row[0].startswith("`lib.")
]


@pytest.mark.parametrize("row", MOVED, ids=lambda row: row[0].replace("`", ""))
def test_a_name_is_where_the_changelog_says_and_no_longer_where_it_was(row):
    old, new, *moved = row
    here = [module for module in names(new) if MODULE.fullmatch(module)]
    assert here and all(map(is_there, here)), new
    chosen = names(moved[0]) if moved else set()
    for name in chosen:
        assert any(hasattr(importlib.import_module(module), name) for module in here), name
    for module in filter(MODULE.fullmatch, names(old)):
        if is_there(module):
            assert chosen and not any(
                hasattr(importlib.import_module(module), name) for name in chosen
            ), module


def test_the_commands_that_moved_are_there():
    lines = [row for row in rows(CHANGES) if "python -m" in row[0]]
    assert len(lines) >= 5
    for _, now in lines:
        for module in re.findall(MODULE, now):
            assert is_there(module), module
