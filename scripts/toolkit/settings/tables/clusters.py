"""[clusters.<name>]: how a cluster is reached, and how images get into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from toolkit.settings.tables.fields import Fields
from toolkit.settings.tables.refs import Ref, Where

T = TypeVar("T")
PROTECTED = ("default", "kube-*")
BUILDERS = ("sandbox", "docker", "buildx", "podman", "buildah", "kaniko")
"""How images can be built; what each calls is in images/builders."""
KUBECONFIG = "kubeconfig"
"""The file that the sandbox writes into its folder."""


class Cluster(NamedTuple):
    """A Kubernetes cluster: how it is reached, how images get into it, and which namespaces (patterns as of
    a shell) nothing may be deployed to."""

    name: str
    builder: str
    provision: bool = False
    registry: Ref | str | None = None
    kubeconfig: Path | Ref | None = None
    context: str | Ref | None = None
    server: Ref | None = None
    certificate: Ref | None = None
    token: Ref | None = None
    protected: tuple[str, ...] = PROTECTED

    def credential(self, where: Where) -> tuple[str, ...]:
        """What tells one credential of this cluster from another: the variables that it is read from."""
        named = (self.server, self.certificate, self.token, self.kubeconfig, self.context)
        return tuple(ref.name(where) for ref in named if isinstance(ref, Ref))

    def by_credential(self, wanted: Iterable[T], where: Callable[[T], Where]) -> list[list[T]]:
        """What is to be asked for, in order, together what one credential in a space is for."""
        held: dict[tuple[str, ...], list[T]] = {}
        for each in wanted:
            at = where(each)
            held.setdefault((at.space, *self.credential(at)), []).append(each)
        return list(held.values())


def cluster(name: str, fields: Fields, root: Path) -> Cluster:
    """[clusters.<name>]; root is the folder of the file that was asked for."""
    builder = fields.choice("builder", BUILDERS, "docker")
    kubeconfig = fields.ref_or_text("kubeconfig")
    read = Cluster(
        name,
        builder=builder,
        provision=fields.take("provision", bool, False),
        registry=fields.ref_or_text("registry"),
        kubeconfig=_kubeconfig(fields, kubeconfig, builder, root)
        if isinstance(kubeconfig, str)
        else kubeconfig,
        context=fields.ref_or_text("context"),
        server=fields.ref("server"),
        certificate=fields.ref("certificate"),
        token=fields.ref("token"),
        protected=fields.texts("protected") or PROTECTED,
    )
    fields.done()
    if not read.kubeconfig and not read.server:
        raise fields.error("", "needs a kubeconfig, or server, certificate and token")
    return read


def _kubeconfig(fields: Fields, given: str, builder: str, root: Path) -> Path:
    """From the folder of the file that names it; the sandbox's, which it makes itself, from that of the
    file that was asked for: it is state."""
    made = builder == "sandbox" and Path(given).name == KUBECONFIG
    return (root if made else fields.file("kubeconfig").folder) / Path(given).expanduser()
