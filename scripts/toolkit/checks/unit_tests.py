"""An app's unit tests: the commands that run and measure them, and what their exit code and report mean."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from toolkit.base import tools
from toolkit.base.outcome import Failed, Misused
from toolkit.checks import requirements
from toolkit.checks.reports import junit, opening
from toolkit.checks.reports.tested import Tests
from toolkit.settings.model import App

MEASURING = Path(__file__).parent / "measuring"
FOLDER = "tests/unit"
AGAIN = ("-m", "pytest", FOLDER)

# https://docs.pytest.org/en/stable/reference/exit-codes.html
_NO_TESTS = 5
_RAN = (0, 1)
_SETTINGS = (".coveragerc", "pyproject.toml", "setup.cfg", "tox.ini", "pytest.ini")
# What runs tests where nothing of this can follow.
_TAKES_AWAY = ("--forked", "--boxed")


@dataclass(frozen=True)
class Files:
    """Where the reports of one run are."""

    evidence: Path

    @property
    def junit(self) -> Path:
        return self.evidence / "unit.xml"

    @property
    def data(self) -> Path:
        return self.evidence / "coverage.data"

    @property
    def coverage(self) -> Path:
        return self.evidence / "coverage.json"


def require(app: App) -> None:
    """Raises Failed without unit tests (an empty stage is not a passed one), Misused without pytest."""
    if not (app.path / FOLDER).is_dir():
        raise _none(app.path / FOLDER)
    missing = sorted({"coverage", "pytest"} - _pinned(app))
    if missing:
        raise Misused(
            f"{app.name}: its requirements do not pin {' and '.join(missing)}, needed for unit tests",
            remedy="pin them in its requirements-test.txt, or set `unit = [[...]]` in apps.toml",
        )


def pytest(python: Path, app: App, files: Files) -> list[str]:
    """The command that runs the tests, in the app's folder."""
    return [
        *(str(python), "-m", "pytest", FOLDER, f"--junit-xml={files.junit}", "-o", "junit_family=xunit2"),
        *("-p", "no:cacheprovider", "-q"),
        # Two that measure take the lines from each other.
        *(["--no-cov"] if "pytest-cov" in _pinned(app) else []),
    ]


def environment(app: App, files: Files) -> dict[str, str]:
    """What has every Python that the tests start measured. All of the app's code counts, imported or not."""
    config = _config(app)
    more = (
        {}
        if config
        else {"source": [str(app.path)], "omit": [f"{app.path}/tests/*", f"{app.path}/**/tests/*"]}
    )
    given = {"data": str(files.data), "config": str(config) if config else "", "more": more}
    path = os.pathsep.join(filter(None, (str(MEASURING), os.environ.get("PYTHONPATH"))))
    return {"MEASURE_COVERAGE": json.dumps(given), "PYTHONPATH": path}


def combine(python: Path, files: Files) -> list[str]:
    """The command that makes one file of what every process has measured."""
    return [str(python), "-m", "coverage", "combine", f"--data-file={files.data}", "-q", str(files.evidence)]


def unmeasured(app: App) -> Failed:
    """Nothing was measured although tests ran: that says nothing about the tests."""
    options = [f"{name} in {file}" for file, text in _settings(app) for name in _TAKES_AWAY if name in text]
    return Failed(
        "coverage measured none of the app's lines, though its tests ran: "
        + (f"is it {', '.join(options)}?" if options else "is its coverage configuration right?"),
        remedy="take the option out of the app's configuration; what is measured is "
        "[tool.coverage.run] source, by default everything but tests",
    )


def coverage_json(python: Path, files: Files) -> list[str]:
    """The command that writes what was covered as JSON."""
    data, out = f"--data-file={files.data}", str(files.coverage)
    return [str(python), "-m", "coverage", "json", data, "-q", "-o", out]


def coverage_report(python: Path, files: Files) -> list[str]:
    """The command that shows what was not covered."""
    data = f"--data-file={files.data}"
    return [str(python), "-m", "coverage", "report", data, "--show-missing", "--skip-covered"]


def result(ran: tools.Ran, files: Files) -> Tests:
    """What the run showed. Raises Failed when no test ran, or pytest itself broke."""
    tail = ran.tail()
    try:
        found = junit.read(files.junit) if files.junit.is_file() else None
    finally:
        opening.without_secrets(files.junit)
    if ran.code == _NO_TESTS:
        raise _none(Path(FOLDER))
    if found is not None and found.failed:
        return found  # a module that cannot be imported is exit code 2, and is in the report
    if found is None or ran.code not in _RAN:
        raise Failed(f"pytest broke off with exit code {ran.code}", evidence=tail)
    if ran.code != 0 or found.total == found.skipped:
        raise Failed(
            f"pytest ended with exit code {ran.code}; {found.skipped} of {found.total} tests were skipped",
            evidence=tail,
        )
    return found


def _settings(app: App) -> list[tuple[str, str]]:
    """(file name, text) of every file in which pytest and coverage look for settings."""
    files = [app.path / name for name in _SETTINGS]
    return [
        (file.name, file.read_text(encoding="utf-8", errors="replace")) for file in files if file.is_file()
    ]


def _config(app: App) -> Path | None:
    """Where the app itself configures coverage."""
    configured = ("[tool.coverage", "[coverage:run]", "[run]")
    found = (name for name, text in _settings(app) if any(word in text for word in configured))
    return next((app.path / name for name in found), None)


def _pinned(app: App) -> set[str]:
    return {each.name for file in requirements.files_of(app.path) for each in requirements.read(file)}


def _none(folder: Path) -> Failed:
    return Failed(f"there are no unit tests in {folder}", remedy=f"pytest looks for {FOLDER}/test_*.py")
