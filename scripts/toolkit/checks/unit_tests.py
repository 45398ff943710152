"""An app's unit tests: the commands that run and measure them, and what their exit code and report mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolkit.base import tools
from toolkit.base.outcome import Failed, Misused
from toolkit.base.redaction import redact
from toolkit.checks import reports, requirements
from toolkit.settings.model import App

FOLDER = "tests/unit"
AGAIN = ("-m", "pytest", FOLDER)

# https://docs.pytest.org/en/stable/reference/exit-codes.html
_NO_TESTS = 5
_RAN = (0, 1)


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
    names = {each.name for file in requirements.files_of(app.path) for each in requirements.read(file)}
    missing = [name for name in ("coverage", "pytest") if name not in names]
    if missing:
        raise Misused(
            f"{app.name}: its requirements do not pin {' and '.join(missing)}, needed for unit tests",
            remedy="pin them in its requirements-test.txt, or set `unit = [[...]]` in apps.toml",
        )


def pytest(python: Path, app: App, files: Files) -> list[str]:
    """The command that runs the tests, in the app's folder. All of its code counts, imported or not."""
    return [
        *(str(python), "-m", "coverage", "run", f"--data-file={files.data}"),
        *_sources(app),
        *("-m", "pytest", FOLDER, f"--junit-xml={files.junit}", "-o", "junit_family=xunit2"),
        *("-p", "no:cacheprovider", "-q"),
    ]


def coverage_json(python: Path, files: Files) -> list[str]:
    """The command that writes what was covered as JSON."""
    return [
        str(python),
        "-m",
        "coverage",
        "json",
        f"--data-file={files.data}",
        "-q",
        "-o",
        str(files.coverage),
    ]


def coverage_report(python: Path, files: Files) -> list[str]:
    """The command that shows what was not covered."""
    return [
        str(python),
        "-m",
        "coverage",
        "report",
        f"--data-file={files.data}",
        "--show-missing",
        "--skip-covered",
    ]


def result(ran: tools.Ran, files: Files) -> reports.Junit:
    """What the run showed. Raises Failed when no test ran, or pytest itself broke."""
    tail = ran.tail()
    try:
        found = reports.junit(files.junit) if files.junit.is_file() else None
    finally:
        if files.junit.is_file():
            # A test may have printed its environment into the report, which is kept.
            kept = redact(files.junit.read_text(encoding="utf-8", errors="replace"))
            files.junit.write_text(kept, encoding="utf-8")
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


def _sources(app: App) -> list[str]:
    configured = ("[tool.coverage", "[coverage:run]", "[run]")
    for name in ("pyproject.toml", "setup.cfg", ".coveragerc", "tox.ini"):
        file = app.path / name
        if file.is_file() and any(word in file.read_text(encoding="utf-8") for word in configured):
            return []
    return ["--source=.", "--omit=tests/*,*/tests/*"]


def _none(folder: Path) -> Failed:
    return Failed(f"there are no unit tests in {folder}", remedy=f"pytest looks for {FOLDER}/test_*.py")
