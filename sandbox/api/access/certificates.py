"""The API's own certificate authority: made once in <state>/ca, reused as long as it is whole."""

from __future__ import annotations

import datetime
import ssl
from dataclasses import dataclass
from pathlib import Path

_LIFETIME = datetime.timedelta(days=3650)


@dataclass(frozen=True)
class Certificates:
    """`authority` is the CA certificate in PEM (what a kubeconfig embeds); `context` serves TLS."""

    authority: bytes
    context: ssl.SSLContext


def certificates(directory: Path, address: str) -> Certificates:
    """Loads CA and server certificate for `address` from `directory`; makes what is missing or damaged.

    A new CA means that kubeconfigs written before no longer fit: write them after every start.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = directory / "ca.crt"
    chain = directory / f"server-{address}.pem"
    if authority.is_file() and chain.is_file():
        try:
            return Certificates(authority.read_bytes(), _context(chain))
        except (ssl.SSLError, ValueError, UnicodeDecodeError):
            pass
    _make(directory, chain, address)
    return Certificates(authority.read_bytes(), _context(chain))


def _context(chain: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(chain)
    return context


def _make(directory: Path, chain: Path, address: str) -> None:
    import trustme  # takes 100 ms, and only the first start needs it

    certificate, key = directory / "ca.crt", directory / "ca.key"
    try:
        authority = trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    except (OSError, ValueError):
        authority = trustme.CA(organization_name="sandbox", organization_unit_name="kubernetes")
        write_private(key, authority.private_key_pem.bytes())
        write_private(certificate, authority.cert_pem.bytes())
    expires = datetime.datetime.now(datetime.UTC) + _LIFETIME
    issued = authority.issue_cert(
        address, "127.0.0.1", "localhost", common_name="kube-apiserver", not_after=expires
    )
    write_private(chain, issued.private_key_and_cert_chain_pem.bytes())


def write_private(path: Path, data: bytes) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.touch(mode=0o600)
    part.write_bytes(data)
    part.replace(path)
