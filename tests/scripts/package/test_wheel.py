"""What the wheel holds: all that the toolkit needs where it runs, nothing of its tests and apps."""

from __future__ import annotations

import email
import re
import subprocess
import zipfile
from pathlib import Path

from tests import ROOT

PACKAGE = "form_builder_pipeline"
FOLDERS = ("scripts", "sandbox", "drills", PACKAGE)
FOR_BUILDING = f"{PACKAGE}/dependencies.py"


def test_it_holds_every_file_that_is_needed_and_no_other(wheel: Path) -> None:
    argv = ["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard", "--", *FOLDERS]
    listed = subprocess.run(argv, capture_output=True, check=True).stdout.decode().split("\0")
    files = {name for name in listed if name and (ROOT / name).is_file()} - {FOR_BUILDING}
    wanted = {name if name.startswith(PACKAGE) else f"{PACKAGE}/{name}" for name in files}
    wanted.add(f"{PACKAGE}/requirements.txt")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == wanted
    assert not [name for name in held if re.match(f"{PACKAGE}/(tests|apps)/", name)]


def test_it_depends_on_the_very_pins_of_the_repository(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        told = email.message_from_bytes(archive.read(name))
    pins = re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    needed = [each for each in told.get_all("Requires-Dist", []) if not each.startswith("pip>")]
    assert len(pins) > 50
    assert sorted(tuple(re.split(r"==|;", each)[:2]) for each in needed) == sorted(pins)
    assert (told["Name"], told["Requires-Python"]) == ("form-builder-pipeline", ">=3.11")


def test_what_only_the_tests_need_is_not_installed_with_it() -> None:
    pins = {
        name: set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-test.txt")
    }
    assert pins["requirements.txt"] < pins["requirements-test.txt"]  # the same versions, and more
    assert not {pin for pin in pins["requirements.txt"] if re.match("mypy|hypothesis|nox|uv=", pin)}
