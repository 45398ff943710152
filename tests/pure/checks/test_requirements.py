"""Reading requirements files line by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.base.outcome import Misused
from toolkit.checks import requirements


def write(folder: Path, text: str, name: str = "requirements.txt") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_pins_with_hashes_over_several_lines(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "# made by uv\n--index-url https://index.invalid/simple\n\n"
        "Jinja2==3.1.6 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via app\n"
        "uvicorn[standard]==0.30.0 ; python_version > '3.8' --hash=sha256:cc\n",
    )
    first, second = requirements.read(file)
    assert (first.name, first.version, first.hashed, first.line) == ("jinja2", "3.1.6", True, 4)
    assert (second.name, second.version, second.line) == ("uvicorn", "0.30.0", 8)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("flask", "flask"),
        ("flask>=2", "flask"),
        ("flask==2.*", "flask"),
        ("flask>=2,==2.1", "flask"),
        ("-e .", ""),
        ("./wheels/x.whl", ""),
        ("git+https://host.invalid/a.git#egg=A_b", "a-b"),
        ("git+https://host.invalid/a.git", ""),
        ("a @ https://host.invalid/a.whl", "a"),
        ("not valid ((", "not"),
    ],
)
def test_what_is_not_pinned_has_no_version(tmp_path: Path, line: str, name: str) -> None:
    (only,) = requirements.read(write(tmp_path, line + "\n"))
    assert (only.version, only.name) == ("", name)


def test_included_files_are_read_where_they_are(tmp_path: Path) -> None:
    write(tmp_path, "h11==0.16.0\n", "base.txt")
    file = write(tmp_path, "-r base.txt\npytest==9.0\n")
    assert [(each.name, each.file.name) for each in requirements.read(file)] == [
        ("h11", "base.txt"),
        ("pytest", "requirements.txt"),
    ]


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    write(tmp_path, "-r requirements.txt\na==1\n", "other.txt")
    file = write(tmp_path, "-r other.txt\n")
    assert [each.name for each in requirements.read(file)] == ["a"]


def test_a_missing_include_is_misuse_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"nowhere\.txt"):
        requirements.read(write(tmp_path, "-r nowhere.txt\n"))


def test_the_files_of_an_app(tmp_path: Path) -> None:
    for name in ("requirements.txt", "requirements-test.txt", "requirements.in", "notes.txt"):
        write(tmp_path, "", name)
    assert [file.name for file in requirements.files_of(tmp_path)] == [
        "requirements-test.txt",
        "requirements.txt",
    ]
