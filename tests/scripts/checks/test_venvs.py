"""An app's environment: made once, whole or not at all, by one of many, from pins that pip agrees with."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from toolkit.base import tools
from toolkit.base.outcome import Failed, Misused
from toolkit.checks import venvs
from toolkit.settings.model import App

from tests.scripts.wheels import wheel


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """An app that pins one package; pip finds packages in a folder and nowhere else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    path = tmp_path / "the app"
    path.mkdir()
    digest = wheel(tmp_path / "wheels", "first", "1.0")
    (path / "requirements.txt").write_text(f"first==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    return App("tiny", "Tiny", 1, path, "n", "s")


def ask(python: Path, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def quiet(_text: str) -> None:
    pass


def test_it_holds_what_is_pinned_and_is_made_once(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    python = venvs.python_for(app, tmp_path, said.append)
    assert ask(python, "import first; print(first.VERSION)") == "1.0"
    assert python.is_relative_to(tmp_path / ".pipeline/venvs")
    assert said == ["installing 1 packages for tiny"]
    monkeypatch.setattr(tools, "run", None)  # nothing is started for it
    assert venvs.python_for(app, tmp_path, said.append) == python
    assert len(said) == 1


def test_packages_of_the_tests_are_in_it_too(app: App, tmp_path: Path) -> None:
    digest = wheel(tmp_path / "wheels", "second", "2.0")
    (app.path / "requirements-test.txt").write_text(f"second==2.0 --hash=sha256:{digest}\n", encoding="utf-8")
    python = venvs.python_for(app, tmp_path, quiet)
    assert ask(python, "import first, second; print(first.VERSION, second.VERSION)") == "1.0 2.0"


def test_another_pin_makes_another_one(app: App, tmp_path: Path) -> None:
    before = venvs.python_for(app, tmp_path, quiet)
    digest = wheel(tmp_path / "wheels", "first", "1.1")
    (app.path / "requirements.txt").write_text(f"first==1.1 --hash=sha256:{digest}\n", encoding="utf-8")
    after = venvs.python_for(app, tmp_path, quiet)
    assert after != before
    assert ask(after, "import first; print(first.VERSION)") == "1.1"


def test_a_wrong_hash_is_a_failure_with_pips_words(app: App, tmp_path: Path) -> None:
    (app.path / "requirements.txt").write_text(f"first==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    with pytest.raises(Failed) as failure:
        venvs.python_for(app, tmp_path, quiet)
    assert "could not be installed" in failure.value.reason
    assert any("DO NOT MATCH" in line or "Expected sha256" in line for line in failure.value.evidence)
    assert failure.value.remedy


def test_one_hash_makes_hashes_a_duty_for_all(app: App, tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "second", "2.0")
    with (app.path / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write("second==2.0\n")
    with pytest.raises(Failed, match="could not be installed"):
        venvs.python_for(app, tmp_path, quiet)


def test_a_package_that_is_nowhere_is_a_failure(app: App, tmp_path: Path) -> None:
    (app.path / "requirements.txt").write_text("nowhere==1.0\n", encoding="utf-8")
    with pytest.raises(Failed, match=r"No matching distribution found for nowhere==1\.0"):
        venvs.python_for(app, tmp_path, quiet)


def test_one_that_was_left_half_made_is_made_again(app: App, tmp_path: Path) -> None:
    python = venvs.python_for(app, tmp_path, quiet)
    venv = python.parents[1]
    (venv / "complete").unlink()
    next(venv.glob("lib/python*/site-packages/first.py")).unlink()
    assert venvs.python_for(app, tmp_path, quiet) == python
    assert ask(python, "import first; print(first.VERSION)") == "1.0"


def test_a_failed_installation_is_tried_again(app: App, tmp_path: Path) -> None:
    file = next((tmp_path / "wheels").iterdir())
    file.rename(tmp_path / file.name)
    with pytest.raises(Failed):
        venvs.python_for(app, tmp_path, quiet)
    (tmp_path / file.name).rename(file)
    assert ask(venvs.python_for(app, tmp_path, quiet), "import first; print(first.VERSION)") == "1.0"


def test_no_requirements_is_misuse(app: App, tmp_path: Path) -> None:
    (app.path / "requirements.txt").unlink()
    with pytest.raises(Misused, match=r"requirements\.txt nor requirements-test\.txt"):
        venvs.python_for(app, tmp_path, quiet)


def test_two_at_once_make_one(app: App, tmp_path: Path) -> None:
    said: list[str] = []
    made: list[Path] = []
    threads = [
        threading.Thread(target=lambda: made.append(venvs.python_for(app, tmp_path, said.append)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(made)) == 1
    assert len(made) == 4
    assert said.count("installing 1 packages for tiny") == 1


def test_a_holder_that_is_killed_does_not_lock_others_out(app: App, tmp_path: Path) -> None:
    lock = tmp_path / ".pipeline/venvs/tiny.lock"
    lock.parent.mkdir(parents=True)
    code = (
        f"import fcntl; f = open({str(lock)!r}, 'w'); fcntl.flock(f, 2); print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    said: list[str] = []
    waiting = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        waiting.set()

    made: list[Path] = []
    thread = threading.Thread(target=lambda: made.append(venvs.python_for(app, tmp_path, say)))
    thread.start()
    assert waiting.wait(30)
    assert said == ["waiting for another run to install the same packages"]
    holder.kill()
    holder.communicate()
    thread.join(60)
    assert len(made) == 1


def test_an_environment_in_a_folder_with_spaces_runs_by_itself(app: App, tmp_path: Path) -> None:
    root = tmp_path / "a clone of mine"
    root.mkdir()
    python = venvs.python_for(app, root, quiet)
    assert ask(python, "import sys; print(sys.prefix)") == str(python.parents[1])


def test_old_ones_go_and_recent_ones_stay(tmp_path: Path) -> None:
    paths = [tmp_path / f"tiny-{number}" for number in range(4)]
    now, hour = 100_000.0, 3600.0
    used = [(paths[0], now), (paths[1], now - 2 * hour), (paths[2], now - 3 * hour), (paths[3], now - 60)]
    assert venvs.stale(used, paths[0], now) == [paths[1], paths[2]]
    assert venvs.stale(used[:2], paths[0], now) == []


def test_pruning_leaves_another_apps_alone(app: App, tmp_path: Path) -> None:
    others = [
        tmp_path / ".pipeline/venvs" / name
        for name in ("tiny-store-0123", "tiny-aaaa", "tiny-bbbb", "tiny-cccc")
    ]
    for other in others:
        other.mkdir(parents=True)
        (other / "complete").touch()
        os.utime(other / "complete", (0, 0))
    venvs.python_for(app, tmp_path, quiet)
    assert others[0].is_dir()
    assert sum(other.is_dir() for other in others[1:]) == 1


def test_the_command_is_the_toolkits_pip_with_the_apps_files() -> None:
    argv = venvs.install(Path("/v/bin/python"), [Path("/a b/requirements.txt")], hashed=True)
    assert argv == [
        *(sys.executable, "-m", "pip", "--python", "/v/bin/python", "install", "--no-input"),
        *("--disable-pip-version-check", "--progress-bar", "off", "--quiet", "--require-hashes"),
        *("--requirement", "/a b/requirements.txt"),
    ]
