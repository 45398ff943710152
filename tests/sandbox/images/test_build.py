"""Building images for real: layers, re-use, concurrency, interruption, what a container gets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.local import ROOT, Sandbox, eventually

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def own(tmp_path: Path) -> Sandbox:
    """A state directory without a daemon: building needs none."""
    return Sandbox(tmp_path / "my state")


def context(tmp_path: Path, dockerfile: str, **files: str) -> Path:
    directory = tmp_path / "the context"
    directory.mkdir(exist_ok=True)
    (directory / "Dockerfile").write_text(dockerfile)
    for name, text in files.items():
        path = directory / name.replace("_", ".")
        path.write_text(text)
    return directory


def package(tmp_path: Path, name: str = "tinypkg") -> Path:
    """A source package with a script, which pip builds into a wheel without any network."""
    directory = tmp_path / "the context" / name
    directory.mkdir(parents=True)
    (directory / f"{name}.py").write_text("def main():\n    import sys\n    print(sys.prefix)\n")
    (directory / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.0"\n[project.scripts]\n{name}-run = "{name}:main"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (directory / "backend.py").write_text(BACKEND.replace("NAME", name))
    return directory


BACKEND = """
import zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    file = "NAME-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{directory}/{file}", "w") as wheel:
        wheel.write("NAME.py")
        info = "NAME-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1.0\\n")
        tags = "Root-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\n" + tags)
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\\nNAME-run = NAME:main\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return file
"""

WITH_PACKAGE = f"""FROM python:{PYTHON}
WORKDIR /srv
COPY tinypkg /src/tinypkg
RUN pip install --no-deps /src/tinypkg
COPY app.py .
CMD ["python", "app.py"]
"""


def build(own: Sandbox, where: Path, *words: str) -> dict[str, object]:
    ran = own.run("build", "--name", "app", "--context", str(where), *words)
    told: dict[str, object] = json.loads(ran.stdout.splitlines()[-1])
    assert told["image"] == f"sandbox/app@{told['digest']}"
    return told


def half_done(own: Sandbox) -> list[Path]:
    return [*own.state.glob("layers/.tmp*"), *own.state.glob("layers/.scratch*")]


def rootfs(own: Sandbox, told: dict[str, object]) -> Path:
    return own.state / "images" / str(told["digest"]).removeprefix("sha256:") / "rootfs"


def test_packages_are_installed_once_and_run_from_anywhere(own: Sandbox, tmp_path: Path) -> None:
    package(tmp_path)
    where = context(tmp_path, WITH_PACKAGE, app_py="print(1)")
    first = build(own, where)
    assert first["reused"] is False
    layers = set((own.state / "layers").iterdir())
    began = time.monotonic()
    again = build(own, where)
    assert again == {**first, "reused": True}
    assert time.monotonic() - began < 2
    (where / "app.py").write_text("print(2)")
    changed = build(own, where)
    assert changed["digest"] != first["digest"] and changed["reused"] is False
    assert set((own.state / "layers").iterdir()) == layers, "the packages were not installed again"
    root = rootfs(own, changed)
    script = root / "usr/local/bin/tinypkg-run"
    assert script.read_text().startswith("#!/usr/bin/env python3\n")
    moved = tmp_path / "moved here"
    moved.symlink_to(root / "usr")
    env = {"PATH": f"{moved}/local/bin:/usr/bin:/bin"}
    ran = subprocess.run(["tinypkg-run"], env=env, capture_output=True, text=True, check=True)
    assert ran.stdout == f"{moved}/local\n"
    assert list((root / "usr/local/lib").rglob("tinypkg.*.pyc")), "compiled for a quick start"
    manifest = json.loads((root.parent / "manifest.json").read_text())
    assert manifest["config"]["workdir"] == "/srv"
    assert [layer["kind"] for layer in manifest["layers"]] == ["python", "workdir", "copy", "pip", "copy"]


def test_the_context_is_what_dockerignore_lets_through(own: Sandbox, tmp_path: Path) -> None:
    where = context(
        tmp_path, f"FROM python:{PYTHON}\nWORKDIR /app\nCOPY . .\nCOPY *.txt deploy/*.yaml more/\n"
    )
    (where / "deploy").mkdir()
    for name in ("a.txt", "b.txt", "deploy/x.yaml", "secret.env"):
        (where / name).write_text(name)
    (where / ".dockerignore").write_text("*.env\nb.txt\nDockerfile\n")
    root = rootfs(own, build(own, where)) / "app"
    there = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    assert there == [".dockerignore", "a.txt", "deploy/x.yaml", "more/a.txt", "more/x.yaml"]


def test_what_a_run_keeps_beside_the_code_is_of_no_image(own: Sandbox, tmp_path: Path) -> None:
    """An app's own repository is its build context, and a run's record lies in it."""
    where = context(tmp_path, f"FROM python:{PYTHON}\nWORKDIR /app\nCOPY . .\n")
    first = build(own, where)
    for name in (".pipeline/runs/1/run.json", ".sandbox/daemon.json"):
        (where / name).parent.mkdir(parents=True)
        (where / name).write_text("{}")
    again = build(own, where)
    assert again["reused"] and again["digest"] == first["digest"]
    (where / "code").write_text("new")
    assert build(own, where)["digest"] != first["digest"]


@pytest.mark.parametrize(
    ("dockerfile", "code", "said"),
    [
        ("FROM python:3\nCOPY nope .\n", 2, "Dockerfile:2: COPY: nope: not found in the build context"),
        ("FROM python:3\nCOPY ../x .\n", 2, "Dockerfile:2: COPY: ../x: outside the build context"),
        ("FROM python:3\nRUN apt-get update\n", 2, "Dockerfile:2: RUN: apt-get update"),
        ("FROM python:3\nRUN pip install -r r.txt\n", 2, "r.txt: not in the image at this point"),
        ("FROM python:99\n", 2, "python:99 is wanted, but the sandbox runs on this machine's Python"),
        (
            "FROM python:3\nRUN pip install --no-index no-such-package-at-all\n",
            1,
            "pip install failed: ERROR",
        ),
        ("FROM python:3\nCOPY leads-out .\n", 2, "a link that leaves the build context"),
    ],
)
def test_what_cannot_be_built_is_one_sentence(
    own: Sandbox, tmp_path: Path, dockerfile: str, code: int, said: str
) -> None:
    where = context(tmp_path, dockerfile)
    (where / "leads-out").symlink_to("/etc/passwd")
    ran = own.run("build", "--name", "app", "--context", str(where), check=False)
    assert ran.returncode == code
    assert said in ran.stderr and "Traceback" not in ran.stderr
    assert not half_done(own)


def test_another_python_is_said_aloud(own: Sandbox, tmp_path: Path) -> None:
    ran = own.run("build", "--name", "app", "--context", str(context(tmp_path, "FROM python:3.8-slim\n")))
    assert "warning: " in ran.stderr and "python:3.8 stands for this machine's Python" in ran.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--name", "Bad/Name", "--context", "."], "an image's name is lower-case"),
        (["--name", "a", "--context", "/nowhere"], "no such Dockerfile"),
        (["--name", "a", "--context", ".", "--build-arg", "X"], "write NAME=VALUE"),
        (["--name", "a"], "required"),
    ],
)
def test_misuse(own: Sandbox, words: list[str], said: str) -> None:
    ran = own.run("build", *words, check=False)
    assert (ran.returncode, said in ran.stderr, "Traceback" in ran.stderr) == (2, True, False)


def test_builds_at_the_same_time_agree(own: Sandbox, tmp_path: Path) -> None:
    package(tmp_path)
    where = context(tmp_path, WITH_PACKAGE, app_py="print(1)")
    argv = [sys.executable, "-m", "sandbox", "build", "--name", "app", "--context", str(where)]
    running = [
        subprocess.Popen(
            argv, cwd=ROOT, env=own.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    told = []
    for process in running:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        told.append(json.loads(output.splitlines()[-1]))
    assert len({one["digest"] for one in told}) == 1
    assert sorted(one["reused"] for one in told) == [False, True, True]
    assert not half_done(own)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing_half_done(own: Sandbox, tmp_path: Path, number: int) -> None:
    directory = package(tmp_path)
    waits = "import os, time\n" + "open(os.environ['PIP_MARK'], 'w').close()\ntime.sleep(600)\n"
    (directory / "backend.py").write_text(waits)
    mark = tmp_path / "begun"
    own.env["PIP_MARK"] = str(mark)
    where = context(tmp_path, WITH_PACKAGE, app_py="print(1)")
    argv = [sys.executable, "-m", "sandbox", "build", "--name", "app", "--context", str(where)]
    process = subprocess.Popen(argv, cwd=ROOT, env=own.env, stderr=subprocess.PIPE, text=True)
    eventually(mark.exists, 60)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130 and said.endswith("sandbox: interrupted\n")
    assert not half_done(own) and not (own.state / "images").exists()


def test_a_build_that_was_killed_does_not_stand_in_the_way(own: Sandbox, tmp_path: Path) -> None:
    package(tmp_path)
    where = context(tmp_path, WITH_PACKAGE, app_py="print(1)")
    key = next(layer["key"] for layer in manifest_of(own, where)["layers"] if layer["kind"] == "pip")
    own.run("reset", "--images")
    half = own.state / "layers" / f".tmp-{key}-12345"
    (half / "local").mkdir(parents=True)
    assert build(own, where)["reused"] is False
    assert not half.exists()


def manifest_of(own: Sandbox, where: Path) -> dict[str, list[dict[str, str]]]:
    told = build(own, where)
    manifest: dict[str, list[dict[str, str]]] = json.loads(
        (rootfs(own, told).parent / "manifest.json").read_text()
    )
    return manifest
