"""scripts/security.py: what it finds, what it lets through; no failed scan passes for a clean one."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripts.tiny_app import Repository, repository

SHELL = "import subprocess\n\n\ndef run(x: str) -> None:\n    subprocess.call(x, shell=True)  # nosec\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return repository(tmp_path)


def suppression(tool: str, id: str, expires: str = "2999-01-01", more: str = "") -> str:
    names = f'tool = "{tool}"\nid = "{id}"\nreason = "a good one"\n'
    return f"[[apps.tiny.suppressions]]\n{names}expires = {expires}\n{more}"


def test_a_clean_app_passes_and_says_by_what_it_was_judged(repo: Repository) -> None:
    done = repo.run("security")
    assert done.code == 0, done.output
    assert "advisories: safety-db: " in done.output
    assert "bandit and safety found no known weakness, by advisories of 2021-07-01" in done.output
    assert "of 2021-07-01" in done.output
    assert "days old" in done.output
    assert "WARNING: the advisories are" in done.output, "five years are worth a warning"
    sarif = json.loads(done.evidence("security.sarif").read_text(encoding="utf-8"))["runs"]
    assert [(run["tool"]["driver"]["name"], run["results"]) for run in sarif] == [
        ("bandit", []),
        ("safety", []),
    ]
    assert done.record["stages"][0]["details"]["packages"] == 1


def test_a_vulnerable_pin_is_found_with_file_and_line(repo: Repository) -> None:
    repo.write("requirements-test.txt", "# tests\npytest==9.2.0\njinja2==2.10\n")
    done = repo.run("security")
    assert done.code == 1, done.output
    assert "requirements-test.txt:3: 39525 CVE-2020-28493 jinja2 2.10" in done.output
    sarif = json.loads(done.evidence("security.sarif").read_text(encoding="utf-8"))
    assert sarif["runs"][1]["results"][0]["ruleId"] == "39525"
    assert done.evidence("safety.json").is_file()


def test_an_advisory_of_the_repository_is_found(repo: Repository) -> None:
    folder = repo.root / "advisories"
    folder.mkdir()
    (folder / "known.toml").write_text(
        '[[advisory]]\nid = "GHSA-1"\ncve = "CVE-2999-1"\npackage = "h11"\naffected = ["<0.17"]\n'
        'published = 2026-01-01\nsummary = "bad"\nsource = "https://advisories.invalid/1"\n',
        encoding="utf-8",
    )
    done = repo.run("security")
    assert done.code == 1, done.output
    assert "requirements.txt:1: GHSA-1 CVE-2999-1 h11 0.16.0 (affected: <0.17): bad" in done.output


def test_inline_nosec_does_not_count(repo: Repository) -> None:
    repo.write("run.py", SHELL)
    done = repo.run("security")
    assert done.code == 1, done.output
    assert "B602 at run.py:5" in done.output


def test_a_settings_file_of_the_app_does_not_count(repo: Repository) -> None:
    repo.write("run.py", SHELL)
    repo.write(".bandit", "[bandit]\nskips = B602,B404\n")
    assert repo.run("security").code == 1


def test_tests_are_not_scanned(repo: Repository) -> None:
    repo.write("tests/unit/run.py", SHELL)
    assert repo.run("security").code == 0


def test_suppressions_of_apps_toml_count_and_an_unused_one_is_said(repo: Repository) -> None:
    repo.write("run.py", SHELL)
    repo.write("requirements.txt", "jinja2==2.10\n")
    repo.configure(
        suppression("bandit", "B602:run.py")
        + suppression("bandit", "B404")
        + suppression("safety", "CVE-2020-28493", more='package = "jinja2"\n')
        + suppression("bandit", "B101")
    )
    done = repo.run("security")
    assert done.code == 0, done.output
    assert "suppressed until 2999-01-01: run.py:5: B602: a good one" in done.output
    assert "WARNING: the suppression of bandit B101 matches nothing" in done.output
    assert "3 suppressed" in done.output


def test_an_expired_suppression_fails_with_a_sentence(repo: Repository) -> None:
    repo.configure(suppression("bandit", "B602", expires="2020-01-31"))
    done = repo.run("security")
    assert done.code == 1, done.output
    assert "the suppression of bandit B602 expired on 2020-01-31 (it said: a good one)" in done.output


def test_a_file_that_bandit_cannot_read_is_not_clean(repo: Repository) -> None:
    repo.write("calc.py", "def add(:\n")
    done = repo.run("security")
    assert done.code == 1, done.output
    assert "bandit could not read ./calc.py" in done.output


@pytest.mark.parametrize("line", ["flask", "flask>=2", "git+https://host.invalid/a.git", "-e ."])
def test_what_is_not_pinned_is_not_clean(repo: Repository, line: str) -> None:
    repo.write("requirements.txt", f"h11==0.16.0\n{line}\n")
    done = repo.run("security")
    assert done.code == 1, done.output
    assert f"requirements.txt:2: not-pinned {line}: not pinned to one version" in done.output


def test_what_is_not_pinned_can_be_accepted_with_a_reason_and_the_rest_is_judged(repo: Repository) -> None:
    repo.write("requirements.txt", "jinja2==2.10\nforms @ git+https://host.invalid/forms.git@abc\n-e .\n")
    accepted = suppression("safety", "not-pinned", more='package = "forms"\n')
    repo.configure(accepted + suppression("safety", "not-pinned", more='package = "-e ."\n'))
    done = repo.run("security")
    assert done.code == 1, done.output
    assert "jinja2 2.10" in done.output
    assert "requirements.txt:2: not-pinned: a good one" in done.output
    assert "why: 1 findings" in done.output.replace("'", ""), done.output


def test_a_byte_order_mark_is_no_part_of_a_name(repo: Repository) -> None:
    repo.write("requirements.txt", "\ufeffh11==0.16.0\n")
    done = repo.run("security")
    assert done.code == 0, done.output
    assert done.record["stages"][0]["details"]["packages"] == 1


def test_no_requirements_at_all_is_misuse(repo: Repository) -> None:
    (repo.app / "requirements.txt").unlink()
    done = repo.run("security")
    assert done.code == 2, done.output
    assert "no requirements*.txt" in done.output


@pytest.mark.parametrize("content", [None, "{broken", "{}"])
def test_a_missing_or_damaged_database_is_not_clean(repo: Repository, content: str | None) -> None:
    base = repo.root / "base"
    base.mkdir()
    if content is not None:
        (base / "insecure_full.json").write_text(content, encoding="utf-8")
    done = repo.run("security", env={"ADVISORIES_BASE": str(base)})
    assert done.code == 1, done.output
    assert "the advisory database" in done.output
    assert "cannot be used" in done.output


def test_a_safety_that_crashes_is_not_clean(repo: Repository) -> None:
    """A database that it cannot read, laid where the stage keeps the one that it made."""
    assert repo.run("security").code == 0
    for file in repo.root.glob(".pipeline/cache/advisories/*/insecure.json"):
        file.write_text("{broken", encoding="utf-8")
    done = repo.run("security")
    assert done.code == 1, done.output
    assert "safety did not finish" in done.output


def test_advisories_older_than_the_limit_fail_when_apps_toml_says_so(repo: Repository) -> None:
    with (repo.root / "apps.toml").open("a", encoding="utf-8") as file:
        file.write('\n[security]\nadvisories_fail_after = "30d"\n')
    done = repo.run("security")
    assert done.code == 1, done.output
    assert "more than security.advisories_fail_after in apps.toml allows" in done.output


def test_nothing_leaves_the_machine_and_nothing_is_written_at_home(repo: Repository, tmp_path: Path) -> None:
    """Every connection and look-up of every process is written down by a sitecustomize, then refused."""
    home, spy, seen = tmp_path / "home", tmp_path / "spy", tmp_path / "seen"
    home.mkdir()
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(
        "import os, socket\n"
        "def refuse(where):\n"
        "    with open(os.environ['SEEN'], 'a') as file:\n"
        "        file.write(f'{where}\\n')\n"
        "    raise OSError('refused')\n"
        "socket.socket.connect = lambda self, address: refuse(address)\n"
        "socket.getaddrinfo = lambda host, *rest, **more: refuse((host, *rest[:1]))\n",
        encoding="utf-8",
    )
    done = repo.run("security", env={"HOME": str(home), "PYTHONPATH": str(spy), "SEEN": str(seen)})
    assert done.code == 0, done.output
    assert list(home.iterdir()) == []
    attempts = set(seen.read_text(encoding="utf-8").splitlines())
    assert attempts == {"('127.0.0.1', 9)"}, (
        "safety asks its vendor's server at each start; a closed door answers"
    )


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A local HTTP server that serves a folder, and that folder."""
    folder = tmp_path / "mirror"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **more: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    thread.join(10)
    server.server_close()


LIVE = {
    "meta": {"schema_version": "2.0.0", "timestamp": 1900000000},
    "vulnerable_packages": {
        "h11": [
            {
                "ids": [{"type": "pyup", "id": "77777"}, {"type": "cve", "id": "CVE-2025-43859"}],
                "specs": ["<=0.16.0"],
                "advisory": "made up",
            }
        ]
    },
}


@pytest.mark.parametrize("mode", ["auto", "live"])
def test_the_live_database_is_used_when_it_answers(
    repo: Repository, mirror: tuple[str, Path], mode: str
) -> None:
    url, folder = mirror
    (folder / "insecure_full.json").write_text(json.dumps(LIVE), encoding="utf-8")
    done = repo.run("security", env={"ADVISORIES": mode, "ADVISORIES_URL": url})
    assert done.code == 1, done.output
    assert "advisories: live database: 1 advisories, of 2030-03-17" in done.output
    assert "77777 CVE-2025-43859 h11 0.16.0" in done.output
    assert "WARNING: the advisories are" not in done.output
    # Without the server, the copy that is newer than the packaged one still judges.
    (folder / "insecure_full.json").unlink()
    again = repo.run("security")
    assert again.code == 1, again.output
    assert "live database: 1 advisories" in again.output


@pytest.mark.parametrize("answer", [None, "<html>log in</html>", '{"meta": {"schema_version": "3.0.0"}}'])
def test_without_a_usable_live_database_the_local_one_judges(
    repo: Repository, mirror: tuple[str, Path], answer: str | None
) -> None:
    url, folder = mirror
    if answer is not None:
        (folder / "insecure_full.json").write_text(answer, encoding="utf-8")
    done = repo.run("security", env={"ADVISORIES": "auto", "ADVISORIES_URL": url})
    assert done.code == 0, done.output
    assert "using the local one" in done.output
    assert "advisories: safety-db: " in done.output


def test_the_live_database_or_nothing(repo: Repository, mirror: tuple[str, Path]) -> None:
    url, _ = mirror
    done = repo.run("security", env={"ADVISORIES": "live", "ADVISORIES_URL": url})
    assert done.code == 1, done.output
    assert "the live advisory database could not be fetched" in done.output
    assert "ADVISORIES=local" in done.output


def test_a_server_that_never_answers_is_waited_for_three_seconds(repo: Repository) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = repo.run("security", env={"ADVISORIES": "auto", "ADVISORIES_URL": url})
    assert done.code == 0, done.output
    assert "using the local one" in done.output


def test_a_mode_that_does_not_exist_is_misuse(repo: Repository) -> None:
    done = repo.run("security", env={"ADVISORIES": "offline"})
    assert done.code == 2, done.output
    assert "must be one of auto, local, live" in done.output
