"""Evidence as it is left by real deployments that fail, and by clusters that do not answer."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.local import Sandbox
from tests.sandbox.platform_double import Platform, made_in

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2ln"
# The words that must be nowhere: a Secret's value, one within an address, a variable's, a token's payload.
FIXTURE = """
apiVersion: v1
kind: Secret
metadata: { name: "word-{{ space }}" }
stringData: { word: "{{ random_string(16) }}" }
"""
MORE_ENV = """- { name: WORD, valueFrom: { secretKeyRef: { name: "word-{{ space }}", key: word } } }
            - { name: API_TOKEN, value: "canary-of-a-variable" }
            - { name: SAY, value: "no way to postgres://app:canary-of-an-address@db/x; word $(WORD); JWT" }"""


@pytest.fixture(scope="module")
def platform(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A repository whose app has a Secret; deployed once as it should be, so that an old revision serves."""
    with made_in(sandbox, tmp_path_factory.mktemp("evidence")) as made:
        fixtures = made.folder / "tiny" / "deploy" / "provision"
        fixtures.mkdir()
        (fixtures / "word.yaml").write_text(FIXTURE)
        good = made.deploy()
        assert good.code == 0, good.output
        yield made


def summary_of(platform: Platform) -> Path:
    """Where the newest run's record says that the summary is."""
    record = platform.recorded()
    file = record["stages"][0]["details"][platform.one]["evidence"]
    return platform.folder / ".pipeline" / "runs" / record["run"] / str(file)


def section(page: str, title: str) -> str:
    """The text below a heading of the page."""
    found = re.search(rf"^## {re.escape(title)}.*?\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, page
    return found[1]


def test_a_crash_leaves_a_page_and_files_without_any_secret(platform: Platform, sandbox: Sandbox) -> None:
    platform.manifest(env={"EXIT_CODE": "3"}, more_env=MORE_ENV.replace("JWT", JWT))
    bad = platform.deploy()
    assert bad.code == 1, bad.output
    file = summary_of(platform)
    page = file.read_text()
    print(bad.output)
    print(page)
    assert len(page.splitlines()) <= 80
    assert "crash loop" in page and "exit code 3" in page
    assert f"space {platform.one}, namespace ns-{platform.one}" in page
    assert "1 old and 0 new pods are ready" in page
    assert re.search(r"fb-tiny-app-\S+ +new +Running +0/1 +[1-9]", section(page, "Pods"))
    assert "no way to postgres://app:***@db/x; word ***; ***" in section(page, "Last words")
    assert "BackOff" in section(page, "Last events")

    secret = sandbox.api("GET", f"/api/v1/namespaces/ns-{platform.one}/secrets/word-{platform.one}")
    word = base64.b64decode(secret["data"]["word"]).decode()
    hidden = (word, secret["data"]["word"], "canary-of", JWT)
    kept = [each for each in file.parent.rglob("*") if each.is_file()]
    for each in (*kept, file.parents[4] / "run.json"):
        text = each.read_text()
        assert not [value for value in hidden if value in text], each
    assert not [value for value in hidden if value in bad.output]

    names = {str(each.relative_to(file.parent)) for each in kept}
    assert {"timeline.txt", "events.txt", "rollout.txt", "verdict.txt", "configuration.txt"} < names
    assert f"objects/Deployment-fb-tiny-app-{platform.one}.yaml" in names
    assert sum(name.startswith("objects/ReplicaSet-") for name in names) == 2
    assert any(re.fullmatch(r"logs/fb-tiny-app-.*-app-previous\.log", name) for name in names)
    assert f"Secret/word-{platform.one}  keys: word" in (file.parent / "configuration.txt").read_text()
    assert "exit code 3" in (file.parent / "timeline.txt").read_text()


MIGRATION = """
---
apiVersion: batch/v1
kind: Job
metadata: { name: "migrate-{{ space }}" }
spec:
  backoffLimit: 0
  template:
    metadata: { labels: { app: migrate } }
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: {{ images.app }}
          env: [{ name: EXIT_CODE, value: "4" }, { name: SAY, value: "relation users exists" }]
"""


def test_a_migration_that_fails_is_told_by_its_own_pods_log(platform: Platform) -> None:
    platform.manifest()
    template = platform.folder / "tiny" / "deploy" / "app.yaml"
    template.write_text(template.read_text() + MIGRATION)
    bad = platform.deploy()
    assert bad.code == 1, bad.output
    file = summary_of(platform)
    page = file.read_text()
    assert f"- **Object:** Job/migrate-{platform.one}" in page
    assert "relation users exists" in section(page, "Last words of Pod/migrate")
    assert re.search(rf"migrate-{platform.one}-\S+ +job +Failed +0/1 +0 +migrate: exit 4 Error", page)
    names = {each.name for each in (file.parent / "objects").iterdir()}
    assert {f"Job-migrate-{platform.one}.yaml", f"Deployment-fb-tiny-app-{platform.one}.yaml"} < names
    assert f"Deployment/fb-tiny-app-{platform.one}" in (file.parent / "rollout.txt").read_text()


def test_a_container_that_never_ran_has_a_file_that_says_so(platform: Platform) -> None:
    platform.manifest(image="sandbox/none@sha256:" + "0" * 64)
    bad = platform.run("deploy", "--app", "tiny", "--env", platform.one, "--no-preflight")
    assert bad.code == 1, bad.output
    file = summary_of(platform)
    page = file.read_text()
    assert "image does not exist" in page
    assert "Failed" in section(page, "Last events")
    logs = [each.read_text() for each in (file.parent / "logs").glob("fb-tiny-app-*.log")]
    assert len(logs) == 1 and logs[0].startswith('(no log: container "app" in pod '), logs
    assert "## Last words" not in page
