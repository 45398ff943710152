"""A PostgreSQL server of its own for a test session, where the machine has one."""

import os
import shutil
import subprocess  # nosec B404
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from fb_testing.waiting import until

NOBODY = 65534  # PostgreSQL refuses to run as root


@contextmanager
def server() -> Iterator[str | None]:
    """The address of a running server, None where PostgreSQL is not installed."""
    tools = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    found = max(tools, default=Path(on_path).parent if on_path else None)
    if found is None:
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # a socket's path must be short
    user = NOBODY if os.geteuid() == 0 else None
    if user:
        os.chown(home, user, user)
    data = home / "data"
    subprocess.run(
        [found / "initdb", "-D", data, "-U", "submitter", "-A", "trust", "--no-sync"],
        check=True, capture_output=True, user=user, cwd=home,
    )  # fmt: skip
    process = subprocess.Popen(
        [found / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", "-c", "fsync=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=home,
    )  # fmt: skip
    try:
        url = f"postgresql://submitter@/postgres?host={home}"
        until("PostgreSQL's start", lambda: _answers(url))
        yield url
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
