"""Which configuration is meant where none is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit.settings.files.finding import find

THE_TOOLKITS = Path("/toolkit/apps.toml")


@pytest.mark.parametrize(
    ("files", "here", "found"),
    [
        (["pipeline.toml"], ".", "pipeline.toml"),
        (["pipeline.toml", ".git/HEAD"], "src/deep", "pipeline.toml"),
        (["pipeline.toml", ".git"], "src", "pipeline.toml"),  # a file: a submodule, a linked worktree
        (["pipeline.toml", "src/pipeline.toml", ".git/HEAD"], "src/deep", "src/pipeline.toml"),
        (["pipeline.toml", "sub/.git"], "sub/src", None),  # another repository's
        (["pipeline.toml"], "src", None),  # no repository at all
        ([".git/HEAD", "apps.toml"], ".", None),
    ],
)
def test_the_nearest_in_the_same_repository(
    tmp_path: Path, files: list[str], here: str, found: str | None
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    folder = tmp_path / here
    folder.mkdir(parents=True, exist_ok=True)
    assert find(folder, {}, THE_TOOLKITS) == (tmp_path / found if found else THE_TOOLKITS)


def test_config_of_the_environment_wins_and_is_from_where_one_is(tmp_path: Path) -> None:
    (tmp_path / "pipeline.toml").write_text("")
    assert find(tmp_path, {"CONFIG": "../other.toml"}, THE_TOOLKITS) == tmp_path / "../other.toml"
    assert find(tmp_path, {"CONFIG": "/x/y.toml"}, THE_TOOLKITS) == Path("/x/y.toml")
    assert find(tmp_path, {"CONFIG": ""}, THE_TOOLKITS) == tmp_path / "pipeline.toml"
