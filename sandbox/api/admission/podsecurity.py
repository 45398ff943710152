"""Pod Security admission: what the levels "baseline" and "restricted" do not let into a namespace. Pure.

Rules and wording: k8s.io/pod-security-admission (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
Not looked at: SELinux, AppArmor, sysctls, procMount, Windows, seccomp at "baseline". Only the mode "enforce"
has an effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Object = dict[str, Any]
LABEL = "pod-security.kubernetes.io/enforce"
LEVELS = ("baseline", "restricted")
_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"}
    | {"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)
_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"}
    | {"secret"}
)
_SECCOMP = ("RuntimeDefault", "Localhost")


def violation(labels: Mapping[str, str], pod: Object) -> str:
    """What is wrong with a pod in a namespace with these labels, "" when it may be created."""
    level = labels.get(LABEL, "")
    if level not in LEVELS:
        return ""
    checks = _BASELINE if level == "baseline" else sorted({**dict(_BASELINE), **dict(_RESTRICTED)}.items())
    found = [text for _, check in checks if (text := check(pod["spec"]))]
    version = labels.get(f"{LABEL}-version") or "latest"
    return f'violates PodSecurity "{level}:{version}": {", ".join(found)}' if found else ""


def _containers(spec: Object) -> Iterator[tuple[str, Object, Object]]:
    """Every container: its name, itself and its security context."""
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            yield container.get("name", ""), container, container.get("securityContext") or {}


def _named(word: str, names: list[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"{word}{'s' if len(names) > 1 else ''} {quoted}"


def _host_namespaces(spec: Object) -> str:
    used = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    return f"host namespaces ({', '.join(used)})" if used else ""


def _host_paths(spec: Object) -> str:
    names = [volume["name"] for volume in spec.get("volumes") or () if "hostPath" in volume]
    return f"hostPath volumes ({_named('volume', names)})" if names else ""


def _host_ports(spec: Object) -> str:
    used = {
        name: [port["hostPort"] for port in container.get("ports") or () if port.get("hostPort")]
        for name, container, _ in _containers(spec)
    }
    names = [name for name, ports in used.items() if ports]
    ports = ", ".join(str(port) for name in names for port in used[name])
    return f"hostPort ({_named('container', names)} uses hostPort {ports})" if names else ""


def _privileged(spec: Object) -> str:
    names = [name for name, _, context in _containers(spec) if context.get("privileged")]
    return (
        f"privileged ({_named('container', names)} must not set securityContext.privileged=true)"
        if names
        else ""
    )


def _added(allowed: frozenset[str], title: str) -> Callable[[Object], str]:
    def check(spec: Object) -> str:
        names, extra = [], []
        for name, _, context in _containers(spec):
            added = [c for c in (context.get("capabilities") or {}).get("add") or () if c not in allowed]
            names += [name] if added else []
            extra += added
        said = ", ".join(f'"{each}"' for each in dict.fromkeys(extra))
        where = "securityContext.capabilities.add"
        return f"{title} ({_named('container', names)} must not include {said} in {where})" if names else ""

    return check


def _dropped(spec: Object) -> str:
    names = [
        name
        for name, _, context in _containers(spec)
        if "ALL" not in ((context.get("capabilities") or {}).get("drop") or ())
    ]
    if names:
        must = 'must set securityContext.capabilities.drop=["ALL"]'
        return f"unrestricted capabilities ({_named('container', names)} {must})"
    return _added(frozenset({"NET_BIND_SERVICE"}), "unrestricted capabilities")(spec)


def _volume_types(spec: Object) -> str:
    bad = [
        (volume["name"], kind)
        for volume in spec.get("volumes") or ()
        for kind in volume
        if kind != "name" and kind not in _VOLUMES
    ]
    said = ", ".join(f'volume "{name}" uses restricted volume type "{kind}"' for name, kind in bad)
    return f"restricted volume types ({said})" if bad else ""


def _escalation(spec: Object) -> str:
    names = [name for name, _, c in _containers(spec) if c.get("allowPrivilegeEscalation") is not False]
    must = "must set securityContext.allowPrivilegeEscalation=false"
    return f"allowPrivilegeEscalation != false ({_named('container', names)} {must})" if names else ""


def _non_root(spec: Object) -> str:
    whole = (spec.get("securityContext") or {}).get("runAsNonRoot")
    names = [name for name, _, c in _containers(spec) if c.get("runAsNonRoot", whole) is not True]
    must = "must set securityContext.runAsNonRoot=true"
    return f"runAsNonRoot != true (pod or {_named('container', names)} {must})" if names else ""


def _root_user(spec: Object) -> str:
    names = [name for name, _, context in _containers(spec) if context.get("runAsUser") == 0]
    if (spec.get("securityContext") or {}).get("runAsUser") == 0:
        return "runAsUser=0 (pod must not set runAsUser=0)"
    return f"runAsUser=0 ({_named('container', names)} must not set runAsUser=0)" if names else ""


def _seccomp(spec: Object) -> str:
    def kind(context: Object) -> str | None:
        return (context.get("seccompProfile") or {}).get("type")

    whole = kind(spec.get("securityContext") or {})
    names = [name for name, _, context in _containers(spec) if (kind(context) or whole) not in _SECCOMP]
    must = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return f"seccompProfile (pod or {_named('container', names)} {must})" if names else ""


_Check = Callable[[Object], str]
# In the order of upstream's check ids, which is that of its messages.
_BASELINE: list[tuple[str, _Check]] = [
    ("capabilities", _added(_CAPABILITIES, "non-default capabilities")),
    ("hostNamespaces", _host_namespaces),
    ("hostPathVolumes", _host_paths),
    ("hostPorts", _host_ports),
    ("privileged", _privileged),
]
# The stricter check of the same id takes the place of the baseline's.
_RESTRICTED: list[tuple[str, _Check]] = [
    ("allowPrivilegeEscalation", _escalation),
    ("capabilities", _dropped),
    ("restrictedVolumes", _volume_types),
    ("runAsNonRoot", _non_root),
    ("runAsUser", _root_user),
    ("seccompProfile", _seccomp),
]
