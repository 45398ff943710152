"""An app's own code sees no secret of the pipeline, whichever command of it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.tiny_app import repository

CANARIES = {
    name: f"canary-{name.lower()}"
    for name in (
        "SLACK_WEBHOOK",
        "EKS_TOKEN_LIVE_DEV",
        "AWS_SECRET_ACCESS_KEY",
        "SMTP_PASSWORD",
        "THEIR_FLAG",
    )
}


@pytest.mark.parametrize("stage", ["lint", "security", "unit"])
def test_the_code_of_an_app_sees_what_it_asks_for_and_no_more(tmp_path: Path, stage: str) -> None:
    repo = repository(tmp_path)
    show = (
        'import os; print("\\n".join(f"{name}={value.encode().hex()}" for name, value in os.environ.items()))'
    )
    repo.write("show.py", show)
    repo.configure(f'{stage} = [["{{python}}", "show.py"]]\nvariables = ["SMTP_PASSWORD"]')
    text = (repo.root / "apps.toml").read_text()
    text = text.replace("coverage = 90\n", "")  # nothing here measures any
    (repo.root / "apps.toml").write_text(
        text.replace("[apps.later]\n", '[apps.later]\nvariables = ["THEIR_FLAG"]\n')
    )
    done = repo.run(stage, env={**CANARIES, "PLAIN_WORD": "shown"})
    assert done.code == 0, done.output
    seen = {line.partition("=")[0] for line in done.output.splitlines()}
    assert seen & CANARIES.keys() == {"SMTP_PASSWORD"}
    assert "PLAIN_WORD" in seen
    [told] = [line for line in done.output.splitlines() if line.startswith("the code of tiny does not see ")]
    assert told.endswith(": `variables` of [apps.tiny] in apps.toml names what it needs")
    assert all(name in told for name in CANARIES if name != "SMTP_PASSWORD")
