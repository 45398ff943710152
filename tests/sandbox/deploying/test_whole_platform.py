"""`make platform`: everything in one space, an address for each app, again and again, and its end."""

from __future__ import annotations

import re
import urllib.request
import uuid
from collections.abc import Iterator

import pytest

from tests.sandbox.local import TINY, Sandbox
from tests.sandbox.platform_double import Platform

MORE = """
[apps.front]
path = "front"
language = "python"
images = {{ app = "Dockerfile" }}
spaces = {{ test = ["{own}"] }}
namespace = "front-{{space}}"
service = "fb-front-{{space}}"
page = "/env"
hint = "its own namespace is {{namespace}}"
health = "/health"
readiness = "/readiness"
needs = ["tiny"]
[apps.later]
path = "later"
pending = "no code"
namespace = "later-{{space}}"
service = "later"
[clusters.far]
builder = "docker"
kubeconfig = "nowhere"
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that may be stopped."""
    sandbox = Sandbox(tmp_path_factory.mktemp("platform") / "state")
    yield sandbox
    sandbox.run("down")


@pytest.fixture(scope="module")
def platform(own: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    mark = f"p{uuid.uuid4().hex[:6]}"
    made = Platform(tmp_path_factory.mktemp("whole") / "a repository", own.state, mark, TINY)
    file = made.folder / "apps.toml"
    file.write_text(file.read_text() + MORE.format(own=f"{mark}-front"))
    (made.folder / "front/deploy").mkdir(parents=True)
    for name in ("app.py", "Dockerfile", "deploy/app.yaml"):
        (made.folder / "front" / name).write_bytes((made.folder / "tiny" / name).read_bytes())
    return made


def addresses(output: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+) .* (http://127\.\S+)", output, re.MULTILINE))


def body(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


def test_everything_is_deployed_and_answers_where_it_says(platform: Platform) -> None:
    ended = platform.run("start_platform")
    assert ended.code == 0, ended.output
    found = addresses(ended.output)
    assert list(found) == ["tiny", "front"], ended.output
    assert body(found["tiny"]) == "ok" and found["tiny"].endswith("/health")
    assert '"HOST"' in body(found["front"]) and found["front"].endswith("/env")
    assert f"its own namespace is front-{platform.one.partition('-')[0]}-front" in ended.output
    assert "deploying front" in ended.output and "deploying tiny" not in ended.output, "it came along"


def test_a_second_time_only_what_is_absent_is_deployed(platform: Platform, own: Sandbox) -> None:
    again = platform.run("start_platform", "--env", platform.one)
    assert again.code == 0, again.output
    assert "deploying" not in again.output
    own.api("DELETE", f"/api/v1/namespaces/ns-{platform.one}/services/fb-tiny-{platform.one}")
    own.api("DELETE", f"/apis/apps/v1/namespaces/ns-{platform.one}/deployments/fb-tiny-app-{platform.one}")
    mended = platform.run("start_platform", seconds=150)
    assert mended.code == 0, mended.output
    assert "deploying tiny" in mended.output and "deploying front" not in mended.output
    assert body(addresses(mended.output)["tiny"]) == "ok"


def test_stopped_it_is_gone_and_started_again_it_is_as_it_was(platform: Platform) -> None:
    for _ in range(2):
        ended = platform.run("start_platform", "--stop")
        assert ended.code == 0, ended.output
    again = platform.run("start_platform")
    assert again.code == 0, again.output
    assert "deploying" not in again.output
    assert body(addresses(again.output)["tiny"]) == "ok"


def test_another_cluster_is_refused_with_what_to_do_instead(platform: Platform) -> None:
    for flags in ([], ["--stop"]):
        ended = platform.run("start_platform", "--cluster", "far", *flags)
        assert ended.code == 2
        assert "sandbox only" in ended.output and "make pipeline APP=all CLUSTER=far" in ended.output


@pytest.mark.parametrize(
    ("commit", "words"),
    [("c" * 40, "approve"), ("", "only a commit goes to ")],
    ids=["unapproved", "no commit"],
)
def test_what_policy_refuses_is_refused_here_too(platform: Platform, commit: str, words: str) -> None:
    ended = platform.run("start_platform", "--env", platform.three, COMMIT=commit)
    assert ended.code == 3, ended.output
    assert f"front could not be deployed to {platform.three}" in ended.output
    assert words in ended.output
