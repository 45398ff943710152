"""Defaults of pods and pod templates: pkg/apis/core/v1/defaults.go of Kubernetes. All work in place."""

from __future__ import annotations

from typing import Any

from sandbox.api.types.sections import each, put, section

Object = dict[str, Any]
_MODE = 0o644
_MODED_VOLUMES = ("secret", "configMap", "downwardAPI", "projected")


def default_pod(pod: Object) -> None:
    """What a Pod gets and a pod template does not: requests from limits, service links, host ports."""
    spec = section(pod, "spec")
    for container in (*each(spec, "containers"), *each(spec, "initContainers")):
        resources = section(container, "resources")
        limits = section(resources, "limits")
        if limits:
            resources["requests"] = {**limits, **section(resources, "requests")}
        if spec.get("hostNetwork") is True:
            for port in each(container, "ports"):
                put(port, hostPort=port.get("containerPort"))
    put(spec, enableServiceLinks=True)


def default_pod_spec(spec: Object) -> None:
    """Pod-level defaults, and those of each container and volume."""
    put(
        spec,
        restartPolicy="Always",
        dnsPolicy="ClusterFirst",
        terminationGracePeriodSeconds=30,
        schedulerName="default-scheduler",
        securityContext={},
    )
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:  # the old name and the new one always say the same
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in each(spec, kind):
            _default_container(container)
    for volume in each(spec, "volumes"):
        _default_volume(volume)


def _default_container(container: Object) -> None:
    put(
        container,
        imagePullPolicy=pull_policy(container.get("image")),
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        resources={},
    )
    for port in each(container, "ports"):
        put(port, protocol="TCP")
    for variable in each(container, "env"):
        source = section(variable, "valueFrom")
        _default_field_ref(source)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        _default_probe(container.get(name))
    lifecycle = section(container, "lifecycle")
    for hook in ("postStart", "preStop"):
        _default_http(section(lifecycle, hook))


def pull_policy(image: Any) -> str:
    """Always when the tag is latest (or there is neither tag nor digest), IfNotPresent otherwise."""
    if not isinstance(image, str):
        return "IfNotPresent"
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or not (tag or digest) else "IfNotPresent"


def _default_probe(probe: Any) -> None:
    if not isinstance(probe, dict):
        return
    for field, value in (
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ):
        if not probe.get(field):  # these count from 1: 0 means "not set"
            probe[field] = value
    _default_http(probe)
    if isinstance(probe.get("grpc"), dict):
        put(probe["grpc"], service="")


def _default_http(handler: Object) -> None:
    if isinstance(handler.get("httpGet"), dict):
        put(handler["httpGet"], path="/", scheme="HTTP")


def _default_field_ref(source: Object) -> None:
    if isinstance(source.get("fieldRef"), dict):
        put(source["fieldRef"], apiVersion="v1")


def _default_volume(volume: Object) -> None:
    if volume.keys() == {"name"}:
        volume["emptyDir"] = {}
    for kind in _MODED_VOLUMES:
        source = volume.get(kind)
        if isinstance(source, dict) and source.get("defaultMode") is None:
            source["defaultMode"] = _MODE
    if isinstance(volume.get("hostPath"), dict):
        volume["hostPath"].setdefault("type", "")
    for item in each(section(volume, "downwardAPI"), "items"):
        _default_field_ref(item)
    for source in each(section(volume, "projected"), "sources"):
        if isinstance(source.get("serviceAccountToken"), dict):
            put(source["serviceAccountToken"], expirationSeconds=3600)
        for item in each(section(source, "downwardAPI"), "items"):
            _default_field_ref(item)
