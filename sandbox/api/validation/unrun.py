"""What a pod asks for and this node does not do: warned of when the pod is made, a dry run included.

The pod is taken all the same, as a real API server takes what its nodes cannot run, and then fails or waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.api.types.sections import each, section

Object = dict[str, Any]

# Fields that put a container beside the machine's own processes: sandbox/node/pod.py refuses such a pod.
HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")
# What sandbox/node/storage/volumes.py can set up.
VOLUMES = ("emptyDir", "configMap", "secret", "projected", "downwardAPI", "persistentVolumeClaim")


def warnings(pod: Object) -> list[str]:
    """A sentence for each; clients know it by "is not run here"."""
    return [f"sandbox: {what} is not run here" for what in _unrun(section(pod, "spec"))]


def _unrun(spec: Object) -> Iterator[str]:
    yield from (f"a pod with {field}" for field in HOST_FIELDS if spec.get(field))
    system = section(spec, "os").get("name", "linux")
    if system != "linux":
        yield f"a pod for {system}"
    for volume in each(spec, "volumes"):
        kind = next((key for key in volume if key != "name"), "emptyDir")
        if kind not in VOLUMES:
            yield f'volume "{volume.get("name")}" of the kind {kind}'
