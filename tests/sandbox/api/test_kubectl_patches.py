"""The patch formats against a judge: `kubectl patch --local` carries the code of the real API server."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox.api.defaults.objects import default
from sandbox.api.patching.patches import json_patch, merge_patch, strategic_patch
from sandbox.api.types import schema
from tests.pure.sandbox.api.patching.test_strategic import STRATEGIC
from tests.pure.sandbox.objects import DEPLOYMENT, SERVICE, changed

Object = dict[str, Any]
KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")


def judged(obj: Object, patch: Any, kind: str, folder: Path) -> Object:
    """What kubectl makes of it."""
    manifest = folder / "object.json"
    manifest.write_text(json.dumps(obj))
    told = json.dumps(patch)
    argv = [str(KUBECTL), "patch", "--local", "-f", str(manifest), "--type", kind, "-p", told, "-o", "json"]
    # --local still looks for a cluster when a kubeconfig names one.
    env = {"HOME": str(folder), "KUBECONFIG": str(folder / "none"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, env=env, check=False)
    assert done.returncode == 0, done.stderr
    result: Object = json.loads(done.stdout)
    return result


def comparable(obj: Object) -> Object:
    """In the server's spelling, and without what kubectl's typed objects write for empty structures."""
    tidy = default(obj)
    for empty in ("status", "creationTimestamp"):
        if not tidy.get(empty):
            tidy.pop(empty, None)
    if tidy.get("status") == {"loadBalancer": {}}:
        del tidy["status"]
    return tidy


@pytest.mark.parametrize("case", [case for case in STRATEGIC if not case.startswith("directives")])
def test_strategic_patches(case: str, tmp_path: Path) -> None:
    before, patch, _ = STRATEGIC[case]
    obj = changed(DEPLOYMENT, "spec", "template", "spec", value=copy.deepcopy(before))
    full = {"spec": {"template": {"spec": patch}}}
    ours = strategic_patch(schema.of(obj), obj, full)
    assert comparable(ours) == comparable(judged(obj, full, "strategic", tmp_path))


FINALIZED = changed(DEPLOYMENT, "metadata", "finalizers", value=["a/x", "b/x", "c/x"])
PORTS = changed(SERVICE, "spec", "ports", value=[{"name": "a", "port": 80}, {"name": "b", "port": 81}])
MORE: dict[str, tuple[Object, Any]] = {
    "values are added": (FINALIZED, {"metadata": {"finalizers": ["d/x", "a/x"]}}),
    "values are removed": (FINALIZED, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b/x"]}}),
    "values in an order": (
        FINALIZED,
        {
            "metadata": {
                "$setElementOrder/finalizers": ["c/x", "d/x", "a/x"],
                "finalizers": ["d/x"],
            }
        },
    ),
    "retained keys": (
        DEPLOYMENT,
        {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
    ),
    "null in a map": (DEPLOYMENT, {"metadata": {"labels": {"app": None, "new": "x"}}}),
    "Service ports merge by port": (PORTS, {"spec": {"ports": [{"port": 81, "name": "c"}]}}),
    "Service ports of other protocols": (PORTS, {"spec": {"ports": [{"port": 80, "protocol": "UDP"}]}}),
    "selector of a Service": (PORTS, {"spec": {"selector": {"tier": "front"}}}),
    "an item deleted in an order": (
        DEPLOYMENT,
        {
            "spec": {
                "template": {
                    "spec": {
                        "$setElementOrder/containers": [{"name": "helper"}],
                        "containers": [{"name": "web", "$patch": "delete"}],
                    }
                }
            }
        },
    ),
}


@pytest.mark.parametrize("case", MORE)
def test_more_strategic_patches(case: str, tmp_path: Path) -> None:
    obj, patch = MORE[case]
    ours = strategic_patch(schema.of(obj), obj, patch)
    assert comparable(ours) == comparable(judged(obj, patch, "strategic", tmp_path))


@pytest.mark.parametrize(
    "patch",
    [
        {"metadata": {"labels": {"app": None, "x": "y"}}},
        {"spec": {"template": {"spec": {"containers": [{"name": "only", "image": "i:1"}]}}}},
        {"spec": {"strategy": {"rollingUpdate": None, "type": "Recreate"}}},
        {"metadata": {"annotations": {"a": "b"}}, "spec": {"replicas": 7}},
    ],
)
def test_merge_patches(patch: Object, tmp_path: Path) -> None:
    assert comparable(merge_patch(DEPLOYMENT, patch)) == comparable(
        judged(DEPLOYMENT, patch, "merge", tmp_path)
    )


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "replace", "path": "/spec/replicas", "value": 5}],
        [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "more"}],
        [
            {
                "op": "add",
                "path": "/spec/template/spec/containers/0",
                "value": {"name": "first", "image": "i:1"},
            }
        ],
        [{"op": "remove", "path": "/spec/template/spec/containers/0/env/0"}],
        [{"op": "add", "path": "/metadata/annotations", "value": {"a/b": "c"}}],
        [{"op": "move", "from": "/metadata/labels/app", "path": "/metadata/labels/moved"}],
        [
            {"op": "add", "path": "/metadata/annotations", "value": {"a~1/b": "c"}},
            {"op": "test", "path": "/metadata/annotations/a~01~1b", "value": "c"},
        ],
        [{"op": "copy", "from": "/spec/template/metadata/labels", "path": "/metadata/labels"}],
    ],
)
def test_json_patches(operations: list[Object], tmp_path: Path) -> None:
    assert comparable(json_patch(DEPLOYMENT, operations)) == comparable(
        judged(DEPLOYMENT, operations, "json", tmp_path)
    )
