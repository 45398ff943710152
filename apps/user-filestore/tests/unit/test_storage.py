"""Where files lie: a folder, and a bucket behind a server that speaks enough S3."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fb_testing.servers import serving
from fb_testing.waiting import until
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from user_filestore import storage
from user_filestore.storage import Folder, Storage

NAME, OTHER = "ab" * 32, "cd" * 32
MISSING = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"


class S3:
    """Answers as an object store does, to requests that are signed."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        routes = [
            Route("/{bucket}/{key}", self.answer, methods=["GET", "PUT", "DELETE"]),
            Route("/{bucket}", self.bucket, methods=["HEAD"]),
        ]
        self.app = Starlette(routes=routes)

    async def bucket(self, request: Request) -> Response:
        return Response(status_code=200 if request.path_params["bucket"] == "uploads" else 404)

    async def answer(self, request: Request) -> Response:
        if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential=me/"):
            return Response(status_code=403)
        key = request.path_params["key"]
        if request.method == "PUT":
            self.objects[key] = await request.body()
        elif request.method == "DELETE":
            self.objects.pop(key, None)
        elif key not in self.objects:
            return Response(MISSING, 404, media_type="application/xml")
        return Response(self.objects.get(key, b"") if request.method == "GET" else b"")


@pytest.fixture(params=["folder", "bucket"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Storage]:
    if request.param == "folder":
        monkeypatch.setenv("CONTAINER_ROOT", str(tmp_path))
        monkeypatch.setenv("OBJECT_STORE", "file:///files")
        yield storage.from_settings()
        return
    with serving(S3().app) as url:
        for name, value in {
            "OBJECT_STORE": "s3://uploads",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "me",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "eu-west-2",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        }.items():
            monkeypatch.setenv(name, value)
        yield storage.from_settings()


def test_objects_are_stored_replaced_and_removed(store: Storage) -> None:
    later = time.time() + 1000
    assert store.get(NAME) is None
    store.put(NAME, b"one", later)
    store.put(NAME, b"two" * 100_000, later)
    store.put(OTHER, b"", later)
    assert (store.get(NAME), store.get(OTHER)) == (b"two" * 100_000, b"")
    store.delete(NAME), store.delete(NAME)
    assert (store.get(NAME), store.get(OTHER)) == (None, b"")
    store.ping()


def test_a_bucket_that_is_not_there_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(S3().app) as url:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            monkeypatch.setenv(name, "x")
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("OBJECT_STORE", "s3://elsewhere")
        with pytest.raises(Exception, match="404"):
            storage.from_settings().ping()


def test_what_has_expired_is_swept_beside_a_new_file(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    names = [f"ab{number:062x}" for number in range(3)]
    for name in names:
        folder.put(name, b"old", time.time() + 1000)
        os.utime(tmp_path / "ab" / name, (1, 1))
    half = tmp_path / "ab" / ".new-killed"
    half.write_bytes(b"half")
    os.utime(half, (1, 1))
    folder.put(NAME, b"new", time.time() + 1000)
    assert [path.name for path in (tmp_path / "ab").iterdir()] == [NAME]


def test_a_folder_that_cannot_be_made_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "ab").write_text("a file where a folder should be")
    folder = Folder(tmp_path)
    with pytest.raises(OSError, match="ab"):
        folder.put(NAME, b"x", time.time())
    with pytest.raises(OSError, match="ab"):
        Folder(tmp_path / "ab" / "below").ping()


WRITER = """
import sys, time
from pathlib import Path
from user_filestore.storage import Folder
while True:
    Folder(Path(sys.argv[1])).put(sys.argv[2], b"whole" * 200_000, time.time() + 99)
"""


def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    home = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(home), str(home.parent / "shared")])}
    folder = Folder(tmp_path)
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), NAME], env=env)
        until("a first file", lambda: folder.get(NAME) is not None)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert folder.get(NAME) == b"whole" * 200_000


def test_many_writers_of_one_name_leave_one_whole_file(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    def write(letter: bytes) -> None:
        folder.put(NAME, letter * 300_000, time.time() + 99)

    writers = [threading.Thread(target=write, args=(bytes([65 + number]),)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    content = folder.get(NAME) or b""
    assert len(content) == 300_000 and len(set(content)) == 1
    assert [path.name for path in (tmp_path / "ab").iterdir()] == [NAME]
