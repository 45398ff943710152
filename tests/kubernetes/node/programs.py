"""The programs that are the node, in the order in which they start; a row each. Pure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.kubernetes.node.places import NODE, SERVER, SERVICES, THERE, Places


class Program(NamedTuple):
    """`name` is that of its pid file and log; `is_within` says whether it runs in the node's network."""

    name: str
    argv: tuple[str, ...]
    is_within: bool = True
    environment: tuple[tuple[str, str], ...] = ()


ETCD = "http://127.0.0.1:2379"


def programs(places: Places, version: str, find: Callable[[str], str | None]) -> list[Program]:
    """What to start: the first to the last; ended in the other direction."""
    built, pki, etc = places.programs(version), places.state / "pki", places.state / "etc"

    def debian(name: str) -> str:
        return find(name) or name

    def as_client(name: str) -> tuple[str, ...]:
        kinds = ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
        return tuple(f"--{kind}={pki}/{name}.kubeconfig" for kind in kinds)

    registry = (debian("docker-registry"), "serve", f"{etc}/registry.yaml")
    return [
        Program("etcd", _etcd(debian("etcd"), places.state / "etcd")),
        Program("registry", registry),
        Program("registry-here", registry, is_within=False),
        Program("builder", _podman(debian("podman"), places), False, builder_environment(etc)),
        Program("apiserver", _apiserver(built / "kube-apiserver", pki, etc, places.audit)),
        Program(
            "controller-manager",
            (
                *(f"{built}/kube-controller-manager", *as_client("controller-manager")),
                *(f"--service-account-private-key-file={pki}/sa.key", f"--root-ca-file={pki}/ca.crt"),
                *("--use-service-account-credentials=true", "--bind-address=127.0.0.1"),
                *("--leader-elect=false", "--allocate-node-cidrs=false"),
            ),
        ),
        Program(
            "scheduler",
            (
                *(f"{built}/kube-scheduler", *as_client("scheduler")),
                *("--bind-address=127.0.0.1", "--leader-elect=false"),
            ),
        ),
        Program("dns", (f"{built}/coredns", "-conf", f"{etc}/Corefile")),
        Program("containerd", (debian("containerd"), "--config", f"{etc}/containerd.toml")),
        Program(
            "kubelet",
            (
                *(
                    f"{built}/kubelet",
                    f"--config={etc}/kubelet.yaml",
                    f"--kubeconfig={pki}/kubelet.kubeconfig",
                ),
                *(f"--hostname-override={NODE}", f"--node-ip={THERE}", f"--root-dir={places.state}/kubelet"),
            ),
        ),
        Program("proxy", (f"{built}/kube-proxy", f"--config={etc}/proxy.yaml")),
    ]


def _etcd(program: str, data: Path) -> tuple[str, ...]:
    peer = "http://127.0.0.1:2380"
    return (
        *(program, "--data-dir", str(data), "--listen-client-urls", ETCD, "--advertise-client-urls", ETCD),
        *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
        *("--initial-cluster", f"default={peer}", "--unsafe-no-fsync"),
    )


def _apiserver(program: Path, pki: Path, etc: Path, audit: Path) -> tuple[str, ...]:
    return (
        *(str(program), f"--etcd-servers={ETCD}", f"--bind-address={THERE}", f"--advertise-address={THERE}"),
        *("--secure-port=6443", f"--service-cluster-ip-range={SERVICES}", f"--client-ca-file={pki}/ca.crt"),
        *(f"--tls-cert-file={pki}/apiserver.crt", f"--tls-private-key-file={pki}/apiserver.key"),
        *(f"--service-account-key-file={pki}/sa.key", f"--service-account-signing-key-file={pki}/sa.key"),
        *(f"--service-account-issuer={SERVER}", f"--api-audiences={SERVER}"),
        *("--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"),
        f"--kubelet-client-certificate={pki}/kubelet-client.crt",
        f"--kubelet-client-key={pki}/kubelet-client.key",
        *("--kubelet-preferred-address-types=InternalIP", f"--kubelet-certificate-authority={pki}/ca.crt"),
        *("--allow-privileged=true", f"--audit-policy-file={etc}/audit.yaml", f"--audit-log-path={audit}"),
        *("--audit-log-maxsize=200", "--profiling=false"),
    )


def _podman(program: str, places: Places) -> tuple[str, ...]:
    return (*podman(program, places), "system", "service", "--time=0", places.builder)


def podman(program: str, places: Places) -> tuple[str, ...]:
    """podman on images of the node's own, which outlive it."""
    return (program, "--root", f"{places.kept}/images", "--runroot", f"{places.run}/images")


def builder_environment(etc: Path) -> tuple[tuple[str, str], ...]:
    """What podman reads its settings from."""
    return (
        ("CONTAINERS_CONF", f"{etc}/containers.conf"),
        ("CONTAINERS_REGISTRIES_CONF", f"{etc}/registries.conf"),
    )
