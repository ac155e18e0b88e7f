"""Downloads are whole and verified, archives are safe, and every error is one sentence."""

import errno
import hashlib
import http.server
import io
import json
import os
import struct
import threading
import time
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import pytest

from lib.data import archive, download
from lib.data.download import DataError, NotThere, check_zip, fetch

BODY = bytes(range(256)) * 3000  # 768 kB


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `files` with ranges; `manner` changes how, `log` remembers what was asked."""

    files: dict[str, bytes] = {}
    manner: dict = {}
    log: list[dict] = []

    def do_GET(self):
        Server.log.append(dict(self.headers))
        body = Server.files.get(self.path)
        if status := Server.manner.get("status"):
            return self.send_error(status)
        if body is None:
            return self.send_error(404)
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        start = 0
        wanted = self.headers.get("Range")
        if (
            wanted
            and not Server.manner.get("no_ranges")
            and self.headers.get("If-Range", etag) == etag
        ):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        if not Server.manner.get("no_etag"):
            self.send_header("ETag", etag)
        self.end_headers()
        stop = Server.manner.pop("cut_at", len(body))
        self.wfile.write(body[start:stop])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    """The address of a server on this machine; the cache is empty."""
    Server.files, Server.manner, Server.log = {"/a.bin": BODY}, {}, []
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@contextmanager
def one_sentence(*words: str, kind: type = DataError):
    """The block fails with a DataError of one readable line that holds all of `words`."""
    with pytest.raises(kind) as caught:
        yield
    text = str(caught.value)
    assert "\n" not in text and len(text) < 500
    for word in words:
        assert word in text, text


def leftovers() -> list[str]:
    """What lies in the cache besides whole files and their records."""
    folder = Path(os.environ["COURSE_CACHE"]) / "downloads"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return buffer.getvalue()


def encrypted(files: dict[str, bytes], password: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    """An encrypted zip archive, written from the specification with plain integers.

    Decryption is compared with it.
    """

    def crc(value: int, byte: int) -> int:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        return value

    def encrypt(data: bytes) -> bytes:
        keys = [0x12345678, 0x23456789, 0x34567890]

        def stir(byte: int) -> None:
            keys[0] = crc(keys[0] & 0xFF, byte) ^ keys[0] >> 8
            keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
            keys[2] = crc(keys[2] & 0xFF, keys[1] >> 24) ^ keys[2] >> 8

        for byte in password:
            stir(byte)
        out = bytearray()
        for byte in data:
            t = (keys[2] | 2) & 0xFFFF
            out.append(byte ^ (t * (t ^ 1) >> 8 & 0xFF))
            stir(byte)
        return bytes(out)

    body, directory = b"", b""
    for name, data in files.items():
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = (
            data if method == zipfile.ZIP_STORED else compressor.compress(data) + compressor.flush()
        )
        check = zlib.crc32(data)
        locked = encrypt(bytes(range(11)) + bytes([check >> 24]) + packed)
        facts = struct.pack(
            "<HHHHHIIIHH", 20, 1, method, 0, 0x21, check, len(locked), len(data), len(name), 0
        )
        directory += (
            b"PK\x01\x02"
            + struct.pack("<H", 20)
            + facts
            + struct.pack("<HHHII", 0, 0, 0, 0, len(body))
            + name.encode()
        )
        body += b"PK\x03\x04" + facts + name.encode() + locked
    return (
        body
        + directory
        + b"PK\x05\x06"
        + struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), 0)
    )


# --- one file, fetched


def test_a_download_arrives_whole_with_its_record_and_is_not_fetched_twice(server):
    path = fetch("x/a.bin", f"{server}/a.bin", "md5:" + hashlib.md5(BODY).hexdigest())
    assert path.read_bytes() == BODY and leftovers() == ["a.bin", "a.bin.json"]
    assert download.record(path) == {
        "bytes": len(BODY),
        "sha256": hashlib.sha256(BODY).hexdigest(),
        "source": f"{server}/a.bin",
    }
    assert fetch("x/a.bin", f"{server}/a.bin") == path and len(Server.log) == 1


@pytest.mark.parametrize("no_etag", [False, True])
def test_a_broken_download_is_reported_and_goes_on_where_it_stopped(server, no_etag):
    Server.manner = {"cut_at": 300_000, "no_etag": no_etag}
    with one_sentence("broke off after 0.3 MB of 0.8 MB", "load again"):
        fetch("a.bin", f"{server}/a.bin")
    assert leftovers() == ["a.bin.part", "a.bin.part.json"]
    assert fetch("a.bin", f"{server}/a.bin").read_bytes() == BODY
    assert (
        Server.log[-1]["Range"] == "bytes=300000-" and ("If-Range" in Server.log[-1]) is not no_etag
    )
    assert leftovers() == ["a.bin", "a.bin.json"]


def test_a_server_without_ranges_or_with_a_new_version_is_read_from_the_start(server):
    for manner, body in (({"no_ranges": True}, BODY), ({}, BODY[::-1])):
        Server.files, Server.manner = {"/a.bin": BODY}, {"cut_at": 1000}
        with pytest.raises(DataError):
            fetch(f"{len(manner)}.bin", f"{server}/a.bin")
        Server.files, Server.manner = {"/a.bin": body}, manner
        assert fetch(f"{len(manner)}.bin", f"{server}/a.bin").read_bytes() == body


def test_two_halves_of_two_versions_are_noticed_and_fetched_again(server):
    Server.manner = {"cut_at": 1000, "no_etag": True}
    with pytest.raises(DataError):
        fetch("a.bin", f"{server}/a.bin")
    Server.files = {"/a.bin": BODY[::-1]}  # without an ETag nobody can tell but the checksum
    assert (
        fetch(
            "a.bin", f"{server}/a.bin", "sha256:" + hashlib.sha256(BODY[::-1]).hexdigest()
        ).read_bytes()
        == BODY[::-1]
    )


def test_a_part_that_is_longer_than_the_file_is_thrown_away(server):
    place = download.cache_path("a.bin")
    place.with_name("a.bin.part").write_bytes(BODY + b"more")
    place.with_name("a.bin.part.json").write_text(
        json.dumps({"source": f"{server}/a.bin", "etag": ""})
    )
    assert fetch("a.bin", f"{server}/a.bin").read_bytes() == BODY


def test_what_goes_wrong_is_one_sentence_and_leaves_nothing_behind(server):
    with one_sentence("not there", "404", kind=NotThere):
        fetch("b.bin", f"{server}/b.bin")
    Server.manner = {"status": 403}
    with one_sentence("403", "try again later", "yourself"):
        fetch("a.bin", f"{server}/a.bin")
    Server.manner = {}
    with one_sentence("not the file its publisher describes"):
        fetch("a.bin", f"{server}/a.bin", "sha256:" + "0" * 64)
    with one_sentence("not a whole zip"):
        fetch("a.zip", f"{server}/a.bin", check=check_zip)
    Server.files = {"/a.zip": b"<!DOCTYPE html><title>Please log in</title>"}
    with one_sentence("web page"):
        fetch("a.zip", f"{server}/a.zip", "sha256:" + "0" * 64, check=check_zip)
    with one_sentence("no connection", "COURSE_MIRROR"):
        fetch("a.bin", "http://127.0.0.1:9/a.bin")
    assert leftovers() == []


def test_a_full_disk_is_reported_and_the_half_file_removed(server, monkeypatch):
    monkeypatch.setattr(
        download.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000})()
    )
    with one_sentence("disk is full", "COURSE_CACHE"):
        fetch("a.bin", f"{server}/a.bin")
    assert leftovers() == []
    monkeypatch.undo()


class FullDisk(io.BytesIO):
    def write(self, block):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_fills_while_writing_is_reported_too(server, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "full"))
    true_open = Path.open

    def filling(self, mode="r", *args, **options):
        file = true_open(self, mode, *args, **options)
        if self.suffix == ".part" and "b" in mode and mode != "rb":
            file.close()
            file = FullDisk()
        return file

    monkeypatch.setattr(Path, "open", filling)
    with one_sentence("disk is full"):
        fetch("a.bin", f"{server}/a.bin")
    assert leftovers() == []


def test_a_cache_that_cannot_be_written_is_reported(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file" / "cache"))
    with one_sentence("COURSE_CACHE"):
        fetch("a.bin", f"{server}/a.bin")
    assert (tmp_path / "file").read_text() == "", "what stands in the cache's way is the reader's"


def test_a_mirror_serves_every_download_and_is_not_held_to_the_publishers_checksum(
    server, monkeypatch, tmp_path
):
    (tmp_path / "mirror" / "x y").mkdir(parents=True)
    (tmp_path / "mirror" / "x y" / "a.bin").write_bytes(BODY[:99])
    for value in (str(tmp_path / "mirror"), (tmp_path / "mirror").as_uri() + "/"):
        monkeypatch.setenv("COURSE_MIRROR", value)
        assert (
            fetch("x y/a.bin", "http://nowhere.invalid/a.bin", "sha256:" + "0" * 64).read_bytes()
            == BODY[:99]
        )
        with one_sentence("not there", kind=NotThere):
            fetch("none.bin", "http://nowhere.invalid/none.bin")
    monkeypatch.setenv("COURSE_MIRROR", server)
    assert fetch("a.bin", None).read_bytes() == BODY
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "absent"))
    with one_sentence("COURSE_MIRROR", "absent"):
        fetch("a.bin", None)
    monkeypatch.delenv("COURSE_MIRROR")
    assert (
        fetch("a.bin", f"{server}/a.bin").read_bytes() == BODY
        and download.record(download.cache_path("a.bin"))["source"] == f"{server}/a.bin"
    )
    with one_sentence("mirror", kind=NotThere):
        fetch("only_mirrored.bin", None)


def test_a_file_put_there_by_hand_is_taken_if_it_is_the_right_one(server):
    place = download.cache_path("a.zip")
    place.write_bytes(b"not a zip")
    with one_sentence("put there by hand"):
        fetch("a.zip", "http://nowhere.invalid/a.zip", check=check_zip)
    place.write_bytes(zipped({"a": b"1"}))
    assert (
        fetch("a.zip", "http://nowhere.invalid/a.zip", check=check_zip)
        == place
        == fetch("a.zip", "http://nowhere.invalid/a.zip")
    )
    assert download.record(place)["source"] == "by hand" and Server.log == []


# --- archives


def test_decryption_agrees_with_pythons_own_and_with_the_specification(tmp_path):
    files = {f"f/{n}.bin": os.urandom(n * 37) + b"x" * n for n in (0, 1, 5, 100, 3000)}
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = tmp_path / f"{method}.zip"
        path.write_bytes(encrypted(files, b"open sesame", method))
        with archive.open_zip(path) as opened:
            entries = archive.members(opened)
            assert archive.check_password(
                opened, "open sesame", entries
            ) and not archive.check_password(opened, "open Sesame", entries)
            assert dict(archive.read_all(opened, entries, "open sesame")) == files
            assert {
                info.filename: opened.read(info, pwd=b"open sesame") for info in entries
            } == files


def test_plain_archives_are_read_the_same_way(tmp_path):
    (tmp_path / "p.zip").write_bytes(zipped({"b.txt": b"two", "a.TXT": b"one", "c.png": b"three"}))
    with archive.open_zip(tmp_path / "p.zip") as opened:
        assert list(archive.read_all(opened, archive.members(opened, ".txt"))) == [
            ("a.TXT", b"one"),
            ("b.txt", b"two"),
        ]
        assert archive.check_password(opened, "anything", archive.members(opened))


def test_missing_password_damage_and_truncation_are_reported(tmp_path):
    whole = encrypted({"a.bin": b"secret" * 100, "b.bin": b"more" * 100}, b"key")
    path = tmp_path / "a.zip"
    path.write_bytes(whole)
    with archive.open_zip(path) as opened, one_sentence("needs a password"):
        archive.read(opened, archive.members(opened)[0])
    path.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    with archive.open_zip(path) as opened, one_sentence("damaged", "fresh copy"):
        archive.read(opened, archive.members(opened)[0], "key")
    path.write_bytes(b"XX" + whole[2:])
    with archive.open_zip(path) as opened, one_sentence("damaged at a.bin"):
        archive.read(opened, archive.members(opened)[0], "key")
    path.write_bytes(whole[: len(whole) // 2])
    with one_sentence("not a complete zip"), archive.open_zip(path):
        pass
    deflated = encrypted({"a.bin": b"secret" * 100}, b"key", zipfile.ZIP_DEFLATED)
    path.write_bytes(deflated)
    with archive.open_zip(path) as opened, one_sentence("damaged"):
        archive.read(opened, archive.members(opened)[0], "other key")


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "..\\evil", "a\\..\\..\\evil"]
)
def test_an_entry_that_leaves_its_folder_is_refused(tmp_path, name):
    (tmp_path / "slip.zip").write_bytes(zipped({"good": b"1", name: b"2"}))
    with (
        one_sentence("points outside its folder"),
        archive.open_zip(tmp_path / "slip.zip") as opened,
    ):
        archive.members(opened)


def test_links_and_archives_that_unpack_to_too_much_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as made:
        made.writestr(link, "/etc/passwd")
    with one_sentence("link"), archive.open_zip(tmp_path / "link.zip") as opened:
        archive.members(opened)
    (tmp_path / "bomb.zip").write_bytes(zipped({"zeros": bytes(10_000_000)}))
    with one_sentence("would unpack to"), archive.open_zip(tmp_path / "bomb.zip") as opened:
        archive.members(opened, limit=1_000_000)
    # The directory of this one states ten bytes.
    lying = bytearray(zipped({"zeros": bytes(100_000)}))
    size = lying.rindex(b"PK\x01\x02") + 24
    lying[size : size + 4] = struct.pack("<I", 10)
    (tmp_path / "lying.zip").write_bytes(lying)
    with one_sentence("damaged"), archive.open_zip(tmp_path / "lying.zip") as opened:
        list(archive.read_all(opened, archive.members(opened)))


def test_decryption_keeps_the_pace_of_a_download():
    data, password = os.urandom(20_000_000), b"a sentence of about forty characters....."
    archive.decrypt(data[:100], password)  # compiled
    rates = []
    for _ in range(3):
        begin = time.process_time()
        archive.decrypt(data, password)
        rates.append(20 / (time.process_time() - begin))
    print(f"decryption: {max(rates):.0f} MB/s of CPU time")
    assert max(rates) >= 20
