"""`make data` brings what is published after its terms; `available` says what is there."""

import io
import socket

import numpy as np
import pytest
from scipy.io import savemat
from test_data_download import BODY, Server, encrypted, server, zipped  # noqa: F401
from test_data_sources import PAIRS, SENTENCE, TRAIN, drawings, photographs, picture

from lib import data, models
from lib.data import archive, available, load
from lib.data.published import lfw, sigcomp2011
from tools import data as command

NETWORKS = [name for names in data.WEIGHTS.values() for name in names]


def matlab_faces() -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, {"faces": np.zeros((4096, 400), np.uint8)})
    return buffer.getvalue()


def published() -> dict[str, bytes]:
    """Small files under the names of a mirror: all that `make data` asks for."""
    scan = {f"{TRAIN}/Dutch/TrainingSet/Offline Genuine/002_05.PNG": picture()}
    locked = encrypted(scan, SENTENCE.encode())
    files = {
        "lfw/pairs.txt": PAIRS.encode(),
        "lfw/lfw_view2_150.zip": zipped(photographs(150)),
        "olivetti/olivettifaces.mat": matlab_faces(),
        "omniglot/images_background.zip": zipped(drawings()),
        "omniglot/images_evaluation.zip": zipped(drawings()),
        "omniglot/all_runs.zip": zipped({"a": b"b"}),
        "sigcomp2011/sigComp2011-trainingSet.zip": locked,
        "sigcomp2011/sigComp2011-test.zip": locked,
    }
    return files | dict.fromkeys(NETWORKS, b"numbers")


@pytest.fixture
def mirror(server, monkeypatch):  # noqa: F811
    """A server with all files; the sentence is known, and nobody can type."""
    Server.files = {f"/{name}": content for name, content in published().items()}
    monkeypatch.setenv("COURSE_MIRROR", server)
    monkeypatch.setattr(archive, "_cipher", lambda: archive._decrypt)  # to compile it takes seconds
    monkeypatch.setenv(sigcomp2011.VARIABLE, SENTENCE)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    monkeypatch.delitem(__import__("sys").modules, "ipykernel", raising=False)


def answered(capsys, *names: str) -> tuple[int, dict[str, str]]:
    """(exit status, {name: what the last lines say of it})."""
    status = command.main(list(names))
    lines = [line.split(maxsplit=3) for line in capsys.readouterr().out.splitlines()]
    return status, {words[0]: words[3] for words in lines if words and words[0] in command.ITEMS}


def at_a_terminal(monkeypatch, answer: str) -> list[str]:
    """Somebody types `answer`; what was asked is listed."""
    asked: list[str] = []
    terminal = type("Terminal", (), {"isatty": lambda self: True})()
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("builtins.input", lambda prompt="": asked.append(prompt) or answer)
    monkeypatch.setattr(sigcomp2011.ask_for_sentence, "__defaults__", (lambda _: answer,))
    return asked


def test_everything_arrives_and_a_second_run_asks_for_nothing(mirror, capsys):
    status, lines = answered(capsys, *command.ITEMS)
    assert status == 0 and list(lines) == list(command.ITEMS)
    assert all(line.startswith("there in ") for line in lines.values())
    names = [name for name in data.SOURCES if "synthetic" not in name] + list(data.WEIGHTS)
    assert all(available(name) for name in names)
    assert len(Server.log) == len(published())
    again = answered(capsys)
    assert again[0] == 0 and len(Server.log) == len(published())


def test_one_that_fails_is_named_and_stops_no_other(mirror, capsys):
    del Server.files["/olivetti/olivettifaces.mat"]
    Server.files["/omniglot/images_background.zip"] = b"<html>"
    status, lines = answered(capsys, "olivetti", "omniglot", "lfw")
    assert status == 1 and "is not there (HTTP 404)" in lines["olivetti"]
    assert "a web page" in lines["omniglot"] and lines["lfw"].startswith("there in ")
    assert answered(capsys)[0] == 1, "a failure counts where nothing was named, too"


def test_without_a_terminal_what_needs_terms_is_left_out_and_the_line_says_how(
    mirror, capsys, monkeypatch
):
    monkeypatch.delenv(sigcomp2011.VARIABLE)
    status, lines = answered(capsys)
    assert (
        status == 0
        and lines["lfw"].startswith("there in ")
        and lines["dlib"].startswith("there in ")
    )
    assert sigcomp2011.VARIABLE in lines["sigcomp2011"] and sigcomp2011.PAGE in lines["sigcomp2011"]
    assert "make data ARGS=insightface" in lines["insightface"]
    assert answered(capsys, "sigcomp2011")[0] == 1


def test_insightface_is_fetched_by_name_or_by_yes(mirror, capsys, monkeypatch):
    at_a_terminal(monkeypatch, "no")
    assert "not accepted" in answered(capsys)[1]["insightface"]
    asked = at_a_terminal(monkeypatch, "yes")
    assert answered(capsys)[1]["insightface"].startswith("there in ") and len(asked) == 1
    for name in data.WEIGHTS["weights/insightface"]:
        (command.course.cache_dir() / "downloads" / name).unlink()
    assert command.main(["insightface"]) == 0 and len(asked) == 1
    assert models.ncnn.FACE_WEIGHTS_TERMS in capsys.readouterr().out


def test_the_sentence_is_asked_for_before_the_first_download(mirror, capsys, monkeypatch):
    monkeypatch.delenv(sigcomp2011.VARIABLE)
    before = []
    at_a_terminal(monkeypatch, SENTENCE)
    prompt = sigcomp2011.ask_for_sentence.__defaults__[0]
    monkeypatch.setattr(
        sigcomp2011.ask_for_sentence,
        "__defaults__",
        (lambda text: before.append(len(Server.log)) or prompt(text),),
    )
    status, lines = answered(capsys, "lfw", "sigcomp2011")
    assert status == 0 and before == [0] and lines["sigcomp2011"].startswith("there in ")


def test_a_wrong_sentence_stops_after_the_first_archive(mirror, capsys, monkeypatch):
    monkeypatch.setenv(sigcomp2011.VARIABLE, SENTENCE.upper())
    status, lines = answered(capsys, "sigcomp2011")
    assert status == 1 and "does not open sigComp2011-trainingSet.zip" in lines["sigcomp2011"]
    assert len(Server.log) == 1


def test_a_download_that_broke_off_goes_on_where_it_stopped(mirror, capsys):
    Server.manner["cut_at"] = 1000
    Server.files = {"/olivetti/olivettifaces.mat": matlab_faces()}
    status, lines = answered(capsys, "olivetti")
    assert status == 1 and "broke off" in lines["olivetti"]
    assert answered(capsys, "olivetti")[0] == 0
    assert Server.log[-1]["Range"] == "bytes=1000-"


def test_a_disk_that_is_too_small_is_said_before_the_first_download(mirror, capsys, monkeypatch):
    usage = type("Usage", (), {"free": 250_000_000})
    monkeypatch.setattr(command.shutil, "disk_usage", lambda _: usage)
    assert command.main(["lfw", "omniglot"]) == 1
    said = capsys.readouterr().out
    assert "260 MB are to be downloaded" in said and "COURSE_CACHE" in said
    assert Server.log == []


def test_a_list_says_size_terms_and_what_is_there_and_downloads_nothing(mirror, capsys):
    assert answered(capsys, "omniglot")[0] == 0
    asked = len(Server.log)
    status, lines = answered(capsys, "--list")
    assert status == 0 and len(Server.log) == asked and list(lines) == list(command.ITEMS)
    command.main(["--list", "lfw", "omniglot"])
    one, other = capsys.readouterr().out.splitlines()
    assert one.startswith("lfw           244 MB  missing") and "asked" in one
    assert other.startswith("omniglot       16 MB  there in") and "(MIT)" in other


def test_bad_names_and_a_bad_mirror_are_errors_in_words(mirror, capsys, monkeypatch):
    with pytest.raises(SystemExit) as caught:
        command.main(["lwf"])
    assert caught.value.code == 2 and "there are lfw, olivetti" in capsys.readouterr().err
    monkeypatch.setenv("COURSE_MIRROR", "/no/such/folder")
    assert command.main([]) == 1 and "neither a folder" in capsys.readouterr().out


def test_control_c_ends_in_one_line(mirror, capsys, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(data.download, "_receive", stop)
    assert command.main(["lfw"]) == 130
    assert "the same command goes on" in capsys.readouterr().out


# --- what is there


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """An empty cache, no mirror, and no socket."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.delenv(sigcomp2011.VARIABLE, raising=False)
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("the network was asked"))


PUBLISHED = ("lfw", "olivetti", "omniglot", "sigcomp2011", *data.WEIGHTS)


def put(folder, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_what_the_course_draws_and_a_readers_folder_are_always_available(no_network):
    always = [name for name in data.SOURCES if name not in PUBLISHED]
    assert len(always) == 4 and all(available(name) for name in always)
    assert not any(available(name) for name in PUBLISHED)


def test_an_unknown_name_is_answered_with_those_that_there_are(no_network):
    with pytest.raises(ValueError, match="'lwf'.*lfw, olivetti.*weights/dlib"):
        available("lwf")
    with pytest.raises(ValueError, match="no data source 'weights/dlib'"):
        load("weights/dlib")


def test_what_lies_in_a_mirrors_folder_is_available_and_loads(no_network, tmp_path, monkeypatch):
    put(tmp_path / "a mirror", published())
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "a mirror"))
    assert [name for name in PUBLISHED if not available(name)] == ["sigcomp2011"]
    monkeypatch.setenv(sigcomp2011.VARIABLE, SENTENCE)
    assert available("sigcomp2011")
    for name in ("lfw", "olivetti", "omniglot", "sigcomp2011"):
        assert len(load(name))
    (tmp_path / "a mirror" / "lfw" / "pairs.txt").unlink()
    assert available("lfw"), "the cache has it from this mirror"
    monkeypatch.delenv("COURSE_MIRROR")
    assert not available("lfw"), "the publisher's would be downloaded in its place"


def test_what_was_put_into_the_cache_by_hand_is_available(no_network, tmp_path):
    files = {**published(), "lfw/lfw-funneled.tgz": b"whole"}
    put(tmp_path / "cache" / "downloads", files)
    assert [name for name in PUBLISHED if not available(name)] == ["sigcomp2011"]
    for file in ("lfw/pairs.txt", "lfw/lfw-funneled.tgz", "omniglot/all_runs.zip", *NETWORKS):
        path = tmp_path / "cache" / "downloads" / file
        path.rename(path.with_suffix(".away"))
        assert not all(available(name) for name in PUBLISHED if file.startswith(name.split("/")[0]))
        path.with_suffix(".away").rename(path)


def test_the_small_archive_of_lfw_counts_only_on_a_mirror(no_network, tmp_path):
    put(tmp_path / "cache" / "downloads", published())
    assert lfw.PAIRS.is_here() and not available("lfw")


def test_files_of_networks_are_those_that_the_library_loads():
    ends = {
        name: {file.rpartition("/")[2] for file in files} for name, files in data.WEIGHTS.items()
    }
    assert ends["weights/dlib"] == set(models.dlib_resnet.DLIB_WEIGHTS)
    graph = {f"mobilefacenet_insightface_ncnn.{end}" for end in models.ncnn.FACE_WEIGHTS}
    assert ends["weights/insightface"] == graph


def test_the_real_archives_are_available_where_they_are(real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setenv("COURSE_MIRROR", str(real_data))
    there = {name.rpartition("/")[2] for name in PUBLISHED if available(name)}
    assert there >= {"lfw", "omniglot", "insightface"}
    assert all(sum(size for size, _ in item.files().values()) for item in command.ITEMS.values())
