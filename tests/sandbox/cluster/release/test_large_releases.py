"""Releases that no ConfigMap can hold: kept in parts, true after a kill in between, gone back to whole."""

from __future__ import annotations

import base64
import gzip
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toolkit.cluster.api.connection import Connection
from toolkit.cluster.release import prune, releases
from toolkit.cluster.release.kept import parts
from toolkit.cluster.release.releases import Release

from tests import ROOT
from tests.sandbox.local import Sandbox, eventually
from tests.sandbox.platform_double import Platform, commit

Json = dict[str, Any]
CANARY = "canary-of-a-secret"
MIB = 1 << 20


def noise(seed: str, size: int) -> str:
    """Text that does not become smaller."""
    return base64.b64encode(random.Random(seed).randbytes(size * 3 // 4)).decode()  # noqa: S311 - no secret


def applied(version: str, count: int = 4, size: int = 800_000) -> list[Json]:
    """Objects of about 3 MiB, and a Secret."""
    of_kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    maps: list[Json] = [
        {**of_kind, "metadata": {"name": f"m{n}"}, "data": {"x": noise(f"{version}{n}", size)}}
        for n in range(count)
    ]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"a": CANARY}}
    return [*maps, secret]


def lean(found: list[Json]) -> list[Json]:
    return [{key: each[key] for key in each if key != "stringData"} for each in found]


def made(version: str) -> Release:
    at = f"2026-11-23T05:00:{len(version):02d}Z"
    return Release(releases.new_id(version, at), version, version, "main", "me", at, "r", {"app": version})


def kept(sandbox: Sandbox, namespace: str) -> tuple[Json, dict[str, Json]]:
    """The index, and the parts by name."""
    found = sandbox.api("GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    by_name = {each["metadata"]["name"]: each for each in found}
    index = by_name.get("fb-tiny-release", {"data": {}})
    return index["data"], {
        name: each for name, each in by_name.items() if name.startswith("fb-tiny-release-")
    }


def begun(connection: Connection, namespace: str, version: str, found: list[Json]) -> Release:
    release = releases.begin(connection, namespace, "tiny", made(version), found)
    ended = releases.finish(connection, namespace, "tiny", release.id, releases.DEPLOYED)
    assert ended is not None
    return ended


def test_three_mib_are_kept_in_parts_without_secrets_and_come_back_whole(
    sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    release = begun(connection, namespace, "one", applied("one"))
    assert release.unkept == ""
    index, found = kept(sandbox, namespace)
    assert len(found) >= 3 and sum(map(len, index.values())) < 10_000
    for each in found.values():
        assert len(base64.b64decode(each["binaryData"]["part"])) < MIB
    assert releases.objects_of(connection, namespace, "tiny", release) == lean(applied("one"))
    whole = b"".join(base64.b64decode(found[name]["binaryData"]["part"]) for name in sorted(found))
    assert CANARY.encode() not in gzip.decompress(whole) and b"key" in gzip.decompress(whole)
    # The same once more writes no part anew.
    versions = {name: each["metadata"]["resourceVersion"] for name, each in found.items()}
    again = begun(connection, namespace, "two", applied("one"))
    _, found = kept(sandbox, namespace)
    assert {name: each["metadata"]["resourceVersion"] for name, each in found.items()} == versions
    assert releases.objects_of(connection, namespace, "tiny", again) == lean(applied("one"))


def test_parts_go_with_the_last_release_that_refers_to_them(
    sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    first = begun(connection, namespace, "v0", applied("v0", 2))
    _, of_first = kept(sandbox, namespace)
    for n in range(1, 6):
        begun(connection, namespace, f"v{n}", applied(f"v{n}", 2))
    _, found = kept(sandbox, namespace)
    assert not of_first.keys() & found.keys() and len(found) == 5 * len(of_first)
    assert releases.objects_of(connection, namespace, "tiny", first) is None
    newest = releases.current(connection, namespace, "tiny")
    assert newest and releases.objects_of(connection, namespace, "tiny", newest) == lean(applied("v5", 2))


# Dies, as by kill -9, when the record's n-th write is due.
KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{scripts!r}, {root!r}]
from tests.sandbox.cluster.release.test_large_releases import applied, made
from toolkit.cluster.api.connection import Connection, connect
from toolkit.cluster.release import releases
from toolkit.settings.model import Cluster
connection = connect(Cluster("sandbox", "sandbox", kubeconfig=Path({kubeconfig!r})), "one", Path({state!r}))
left = [{writes}]
def counted(name):
    write = getattr(Connection, name)
    def once(self, *words, **more):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return write(self, *words, **more)
    setattr(Connection, name, once)
for name in ("create", "replace", "delete"):
    counted(name)
releases.begin(connection, {namespace!r}, "tiny", made({version!r}), applied({version!r}))
print("done")
"""


def test_a_kill_between_any_two_writes_leaves_a_record_that_is_true(
    sandbox: Sandbox, namespace: str, connection: Connection, tmp_path: Path
) -> None:
    old = begun(connection, namespace, "old", applied("old"))
    script = tmp_path / "killed.py"
    for writes in range(20):
        script.write_text(
            KILLED.format(
                scripts=str(ROOT / "scripts"), root=str(ROOT), kubeconfig=str(sandbox.state / "kubeconfig"),
                state=str(sandbox.state), writes=writes, namespace=namespace, version=f"new{writes}",
            )
        )  # fmt: skip
        ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
        known = releases.history(connection, namespace, "tiny")
        for each in known:
            version = each.version
            assert releases.objects_of(connection, namespace, "tiny", each) == lean(applied(version)), writes
        assert old in known
        if ran.returncode == 0:
            break
        assert ran.returncode == -9, ran.stderr
        # Nothing was deployed but the old release, or the new one is on record as under way.
        assert known[0] == old or (known[0].version[:3], known[0].state) == ("new", releases.DEPLOYING)
    else:
        pytest.fail("it never came to its end")
    assert writes >= 5, "a kill before each part, before the index, and before what is left over goes"
    for version in ("small", "smaller"):  # the first is verified in its end only, when the old one goes
        begun(connection, namespace, version, applied(version, 0))
    index, found = kept(sandbox, namespace)
    digests = {json.loads(text)["digest"][:16] for text in index.values() if parts.is_reference(text)}
    assert {name.split("-")[3] for name in found} == digests, "what nothing refers to is gone"


def test_a_part_that_is_gone_or_another_makes_no_wrong_release(
    sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    release = begun(connection, namespace, "one", applied("one"))
    _, found = kept(sandbox, namespace)
    name = sorted(found)[1]
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    sandbox.api("DELETE", f"{path}/{name}")
    assert releases.objects_of(connection, namespace, "tiny", release) is None
    theirs = {"metadata": {"name": name}, "binaryData": {"part": "aGVsbG8="}}
    sandbox.api("POST", path, theirs)
    assert releases.objects_of(connection, namespace, "tiny", release) is None
    again = begun(connection, namespace, "two", applied("one"))
    assert releases.objects_of(connection, namespace, "tiny", again) == lean(applied("one"))


def test_what_the_cluster_does_not_take_is_on_record_as_not_kept(
    sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    good = begun(connection, namespace, "good", applied("good", 0))
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"count/configmaps": "7"}}}
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    sandbox.api("POST", path, quota)
    sandbox.wait(f"{path}/few", lambda live: live.get("status", {}).get("used"))
    large = begun(connection, namespace, "large", applied("large"))
    assert "it takes 3 ConfigMaps more, and the quota few leaves room for " in large.unkept
    assert not kept(sandbox, namespace)[1], "no part is left behind, nor in the way of the release itself"
    assert releases.objects_of(connection, namespace, "tiny", large) is None
    known = [replace(each, verified=True) for each in releases.history(connection, namespace, "tiny")]
    bad = replace(large, id="x", version="bad", content="bad", images={"app": "bad"})
    found = releases.last_good([bad, *known], bad)
    assert found is not None and found.version == good.version, "one that can be put back"
    asked = releases.last_good([bad, *known], bad, version="large")
    assert asked is not None and asked.unkept


def test_a_release_of_any_size_says_which_secrets_it_needs(
    sandbox: Sandbox, namespace: str, connection: Connection
) -> None:
    release = begun(connection, namespace, "one", applied("one"))
    found = prune._recorded(connection, namespace, "tiny")
    named = {(each["kind"], each.get("metadata", {}).get("name")) for each in found}
    assert {("Secret", "key"), ("ConfigMap", None)} <= named
    assert release.state == releases.DEPLOYED


MAP = """---
apiVersion: v1
kind: ConfigMap
metadata: {{ name: large-{n} }}
data: {{ word: {word}, noise: "{noise}" }}
"""


def test_a_release_of_three_mib_is_gone_back_to(platform: Platform, sandbox: Sandbox) -> None:
    platform.configure(rollback="auto")
    space = platform.three

    def write(word: str, **env: str) -> None:
        platform.manifest(env=env)
        maps = "".join(MAP.format(n=n, word=word, noise=noise(f"{word}{n}", 800_000)) for n in range(4))
        (platform.folder / "tiny" / "deploy" / "maps.yaml").write_text(maps)

    write("good")
    for stage in ("deploy", "healthcheck", "watch"):
        ended = platform.run(stage, "--app", "tiny", "--env", space, **commit("a"))
        assert ended.code == 0, ended.output
        assert "cannot be gone back to" not in ended.output
    write("bad", EXIT_CODE="3", SAY="no")
    bad = platform.run("deploy", "--app", "tiny", "--env", space, **commit("b"))
    assert bad.code == 1, bad.output
    assert "rolled back to aaaaaaaaaaaa (verified)" in bad.last
    path = f"/api/v1/namespaces/ns-{space}/configmaps"
    for n in range(4):
        data = sandbox.api("GET", f"{path}/large-{n}")["data"]
        assert data == {"word": "good", "noise": noise(f"good{n}", 800_000)}
    # Somebody deletes a part: status says that nobody can go back to it.
    found = sandbox.api("GET", path)["items"]
    names = [each["metadata"]["name"] for each in found if parts.LABEL in each["metadata"].get("labels", {})]
    for name in names:
        sandbox.api("DELETE", f"{path}/{name}")

    def told() -> Json | None:
        row = platform.status("--env", space)[0]
        return row if "cannot be gone back to" in row["note"] else None

    row = eventually(told)
    assert "aaaaaaaaaaaa cannot be gone back to, nor compared with what is there" in row["note"]
    write("worse", EXIT_CODE="3", SAY="no")
    worse = platform.run("deploy", "--app", "tiny", "--env", space, **commit("c"))
    assert worse.code == 1, worse.output
    assert f"what was applied for aaaaaaaaaaaa is not kept in {space} any more" in worse.output


def test_a_deployment_that_cannot_be_kept_says_so_and_so_does_status(
    platform: Platform, sandbox: Sandbox
) -> None:
    platform.manifest()
    assert platform.deploy().code == 0
    home = f"/api/v1/namespaces/ns-{platform.one}"
    count = len(sandbox.api("GET", f"{home}/configmaps")["items"])
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"count/configmaps": str(count + 3)}}}
    sandbox.api("POST", f"{home}/resourcequotas", quota)
    sandbox.wait(f"{home}/resourcequotas/few", lambda live: live.get("status", {}).get("used"))
    maps = "".join(MAP.format(n=n, word="x", noise=noise(f"x{n}", 900_000)) for n in range(2))
    (platform.folder / "tiny" / "deploy" / "maps.yaml").write_text(maps)
    ended = platform.deploy()
    assert ended.code == 0, ended.output
    assert "cannot be gone back to later: " in ended.output and "the quota few" in ended.output
    row = platform.status("--env", platform.one)[0]
    assert "cannot be gone back to" in row["note"] and "the quota few" in row["note"]
