"""The node's certificate authority, what it signs, and the kubeconfigs that hold it."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.kubernetes.node.places import API_SERVICE, HERE, NODE, SERVER, THERE

DAYS = 30
"""The node is made anew long before."""

MASTERS = "system:masters"
# file: (common name, organization, addresses and names)
SIGNED: dict[str, tuple[str, str, Sequence[str]]] = {
    "apiserver": (
        "kube-apiserver",
        "",
        ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "127.0.0.1", THERE, API_SERVICE),
    ),
    "admin": ("admin", MASTERS, ()),
    "controller-manager": ("system:kube-controller-manager", "", ()),
    "scheduler": ("system:kube-scheduler", "", ()),
    "proxy": ("system:kube-proxy", "", ()),
    "kubelet": (f"system:node:{NODE}", "system:nodes", (NODE, THERE)),
    "dns": ("dns", MASTERS, ()),
    "kubelet-client": ("apiserver-kubelet-client", MASTERS, ()),
    "webhook": ("webhook", "", ("localhost", "127.0.0.1", HERE, THERE)),
}
KUBECONFIGS = ("admin", "controller-manager", "scheduler", "proxy", "kubelet", "dns")


def make(folder: Path) -> None:
    """Write ca.crt, key and certificate for each of SIGNED, sa.key for tokens, and the kubeconfigs."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    authority = ec.generate_private_key(ec.SECP256R1())
    issuer = _name("form-builder-kubernetes", "")
    root = _certificate(issuer, issuer, authority.public_key(), authority, (), is_authority=True)
    (folder / "ca.crt").write_bytes(root)
    for name, (common, organization, hosts) in SIGNED.items():
        key = ec.generate_private_key(ec.SECP256R1())
        signed = _certificate(_name(common, organization), issuer, key.public_key(), authority, hosts)
        (folder / f"{name}.crt").write_bytes(signed)
        (folder / f"{name}.key").write_bytes(_pem(key))
    (folder / "sa.key").write_bytes(_pem(ec.generate_private_key(ec.SECP256R1())))
    for name in KUBECONFIGS:
        (folder / f"{name}.kubeconfig").write_text(_kubeconfig(folder, name), encoding="utf-8")


def _name(common: str, organization: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)] if organization else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    authority: ec.EllipticCurvePrivateKey,
    hosts: Sequence[str],
    *,
    is_authority: bool = False,
) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(both), critical=False)
    if hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _kubeconfig(folder: Path, name: str) -> str:
    """As JSON, which is YAML, too."""

    def held(file: str) -> str:
        return base64.b64encode((folder / file).read_bytes()).decode()

    user = {"client-certificate-data": held(f"{name}.crt"), "client-key-data": held(f"{name}.key")}
    cluster = {"server": SERVER, "certificate-authority-data": held("ca.crt")}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "node", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "node", "context": {"cluster": "node", "user": name}}],
            "current-context": "node",
        },
        indent=1,
    )
