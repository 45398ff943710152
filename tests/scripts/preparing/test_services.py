"""`services`: beside unit tests, ready before them, and ended whatever happens."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts.preparing.configuring import configure, until
from tests.scripts.tiny_app import SCRIPTS, Done, Repository, repository

SERVER = """
import http.server, os, pathlib, subprocess, sys, time
port, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
assert not list(folder.iterdir()) and folder.stat().st_mode & 0o777 == 0o700, "not private, or not empty"
noted = pathlib.Path("../pids")
helper = subprocess.Popen(["sleep", "600"], start_new_session=True)
with noted.open("a") as file:
    file.write(f"{os.getpid()} {helper.pid}\\n")
(folder / "data").write_text("x")
if "dies" in sys.argv:
    print("cannot read its configuration: line 7")
    sys.exit(9)
if "late" in sys.argv:
    time.sleep(600)
if "background" in sys.argv and os.fork():
    os._exit(0)

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"here")
        if self.path == "/die":
            print("out of memory", flush=True); os._exit(4)
    def log_message(self, *_): pass

http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""
ASK = """
import os, sys, urllib.request
for path in ["", *sys.argv[1:], ""]:
    try:
        print("answer:", urllib.request.urlopen(os.environ["SERVER_URL"] + path).read(), flush=True)
    except OSError as error:
        sys.exit(f"no answer: {error}")
"""


def table(*words: str, unit: str = "ask.py", more: str = "") -> str:
    """The table of an app whose unit tests want the server."""
    argv = ["{python}", "server.py", "{port}", "{folder}", *words]
    unit_words = ["{python}", *unit.split()]
    return f"""
unit = [{unit_words}]
services.web.start = {argv}
services.web.env.SERVER_URL = "http://127.0.0.1:{{port}}"
{more}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = repository(tmp_path)
    made.write("server.py", SERVER)
    made.write("ask.py", ASK)
    return made


def pids(repo: Repository) -> list[int]:
    return [int(word) for word in (repo.root / "pids").read_text(encoding="utf-8").split()]


def is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def nothing_is_left(repo: Repository) -> None:
    assert len(pids(repo)) >= 2
    until("all of it has ended", lambda: not any(is_there(pid) for pid in pids(repo)))


def unit(repo: Repository, text: str) -> Done:
    configure(repo, text)
    return repo.run("unit", "bare")


def test_tests_find_it_ready_and_afterwards_nothing_is_left(repo: Repository) -> None:
    done = unit(repo, table())
    assert done.code == 0, done.output
    assert "answer: b'here'" in done.output
    assert "started web: " in done.output
    nothing_is_left(repo)
    (folder,) = [word for word in done.output.split() if Path(word).name.startswith("fb-")][:1]
    assert not Path(folder).exists()


def test_one_that_goes_into_the_background_is_ended_by_its_stop_or_without(repo: Repository) -> None:
    for stop in ("", 'services.web.stop = ["false"]', 'services.web.stop = ["no-such-program"]'):
        (repo.root / "pids").unlink(missing_ok=True)
        done = unit(repo, table("background", more=stop))
        if stop:
            assert done.code == 0, done.output
            assert "WARNING" in done.output
        else:
            assert done.code == 1, done.output
            assert "the service web ended with exit code 0 before it was ready" in done.output
        nothing_is_left(repo)


def test_its_stop_is_asked_first(repo: Repository) -> None:
    stop = """services.web.stop = ["sh", "-c", "echo stopped at $SERVER_URL with {port} > ../stopped"]"""
    done = unit(repo, table(more=stop))
    assert done.code == 0, done.output
    assert "WARNING" not in done.output
    told = (repo.root / "stopped").read_text(encoding="utf-8")
    assert re.fullmatch(r"stopped at http://127\.0\.0\.1:(\d+) with \1", told.strip()), told
    nothing_is_left(repo)


def test_one_that_dies_before_it_is_ready(repo: Repository) -> None:
    done = unit(repo, table("dies"))
    assert done.code == 1, done.output
    assert "the service web ended with exit code 9 before it was ready" in done.output
    assert "cannot read its configuration: line 7" in done.output.partition("why:")[2]
    nothing_is_left(repo)


def test_one_that_is_not_ready_in_time(repo: Repository) -> None:
    done = unit(repo, table("late", more='services.web.deadline = "2s"'))
    assert done.code == 4, done.output
    assert "the service web was not ready within 2 s" in done.output
    assert "services.web.deadline" in done.output
    nothing_is_left(repo)


def test_it_is_ready_when_its_own_question_says_so(repo: Repository) -> None:
    asks = """services.web.ready = ["sh", "-c", "echo asked >> ../asked; test $(wc -l < ../asked) -ge 3"]"""
    done = unit(repo, table(more=asks))
    assert done.code == 0, done.output
    assert (repo.root / "asked").read_text(encoding="utf-8").count("asked") == 3


def test_tests_that_fail_without_it_are_told_that_it_was_gone(repo: Repository) -> None:
    done = unit(repo, table(unit="ask.py /die"))
    assert done.code == 1, done.output
    assert "the service web ended with exit code 4 meanwhile" in done.output
    assert "out of memory" in done.output
    nothing_is_left(repo)


def test_tests_that_fail_leave_nothing(repo: Repository) -> None:
    done = unit(repo, table(unit="no-such-file.py"))
    assert done.code == 1, done.output
    assert "meanwhile" not in done.output
    nothing_is_left(repo)


def test_a_program_that_is_missing_is_named(repo: Repository) -> None:
    done = unit(repo, 'unit = [["true"]]\nservices.db.start = ["no-such-database", "--port", "{port}"]\n')
    assert done.code == 2, done.output
    assert "no-such-database is not installed: there is no such program on this machine" in done.output


def test_a_service_without_its_start_is_refused(repo: Repository) -> None:
    done = unit(repo, 'unit = [["true"]]\nservices.db.ready = ["true"]\n')
    assert done.code == 2, done.output
    assert "apps.bare.services.db.start: is missing" in done.output


def test_two_of_them_each_have_a_port_and_know_of_those_before(repo: Repository) -> None:
    second = table().replace("services.web", "services.second").replace("SERVER_URL", "SECOND_URL")
    second = "\n".join(line for line in second.splitlines() if not line.startswith("unit"))
    check = "import os; assert os.environ['SECOND_URL'] != os.environ['SERVER_URL']"
    repo.write("check.py", check)
    done = unit(repo, table(unit="check.py") + second)
    assert done.code == 0, done.output
    assert len(pids(repo)) == 4
    nothing_is_left(repo)


def test_secrets_that_it_prints_are_not_kept(repo: Repository) -> None:
    repo.write("server.py", "import os\nprint('key', os.environ['SIGN_TOKEN'], flush=True)\n" + SERVER)
    configure(repo, 'variables = ["SIGN_TOKEN"]\n' + table())
    done = repo.run("unit", "bare", env={"SIGN_TOKEN": "canary-4711-sign"})
    assert done.code == 0, done.output
    kept = done.evidence("service-web.log").read_text(encoding="utf-8")
    assert "key ***" in kept
    assert "canary-4711" not in kept + done.output


@pytest.mark.parametrize("end", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_run_that_is_ended_leaves_nothing(repo: Repository, end: str) -> None:
    repo.write("ask.py", "import pathlib, time\npathlib.Path('../asking').touch()\ntime.sleep(600)\n")
    configure(repo, table())
    argv = [
        sys.executable,
        str(SCRIPTS / "unit.py"),
        "--config",
        str(repo.root / "apps.toml"),
        "--app",
        "bare",
    ]
    run = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until("the tests run", (repo.root / "asking").exists)
    assert all(is_there(pid) for pid in pids(repo))
    run.send_signal(signal.Signals[end])
    code = run.wait(30)
    assert code == (-signal.SIGKILL if end == "SIGKILL" else 130)
    nothing_is_left(repo)
    assert run.stdout is not None
    if end != "SIGKILL":
        assert "it was" in run.stdout.read()


REDIS = """
unit = [["sh", "-c", "redis-cli -u $REDIS_URL set a 1 && redis-cli -u $REDIS_URL get a"]]
services.redis.start = ["redis-server", "--port", "{port}", "--dir", "{folder}", "--save", ""]
services.redis.ready = ["redis-cli", "-p", "{port}", "ping"]
services.redis.env.REDIS_URL = "redis://127.0.0.1:{port}/0"
"""


@pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not here")
def test_redis(repo: Repository) -> None:
    done = unit(repo, REDIS)
    assert done.code == 0, done.output
    assert "OK" in done.output


def _initdb() -> str:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return str(found[-1]) if found else shutil.which("initdb") or ""


POSTGRES = """#!/bin/sh
# PostgreSQL refuses to run as root, as which CI often runs: then it is nobody who runs it.
set -e
as=""
if [ "$(id -u)" = 0 ]; then chown nobody "$2"; as="setpriv --reuid=nobody --clear-groups"; fi
cd "$2"
$as BIN/initdb -D "$2/data" -U app -A trust --no-sync
exec $as BIN/postgres -D "$2/data" -k "$2" -h 127.0.0.1 -p "$1" -c fsync=off
"""
DATABASE = """
unit = [["sh", "-c", 'psql "$DATABASE_URL" -c "select 40 + 2 as answer"']]
services.postgres.start = ["sh", "postgres.sh", "{port}", "{folder}"]
services.postgres.ready = ["psql", "postgres://app@127.0.0.1:{port}/postgres", "-c", "select 1"]
services.postgres.env.DATABASE_URL = "postgres://app@127.0.0.1:{port}/postgres"
"""


@pytest.mark.skipif(not (_initdb() and shutil.which("psql")), reason="postgresql is not here")
@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="setpriv is not here")
def test_postgresql(repo: Repository) -> None:
    repo.write("postgres.sh", POSTGRES.replace("BIN", str(Path(_initdb()).parent)))
    done = unit(repo, DATABASE)
    assert done.code == 0, done.output
    assert "42" in done.output
