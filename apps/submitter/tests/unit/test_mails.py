"""Mails: how much one holds, and how it reaches a server that wants encryption and a password."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult
from fb_testing.keyed import SLUG
from fb_testing.runner import form
from fb_testing.servers import listening
from submitter.delivery import MailServer
from submitter.outputs import File, parcels
from submitter.worker import Worker

from .work import deliver, email, put


def test_mails_hold_seven_million_bytes() -> None:
    sizes = (4_000_000, 3_000_000, 1, 7_500_000, 7_000_000, 0)
    files = [File(f"{size}", "a/b", bytes(size)) for size in sizes]
    groups = [[len(file.content) for file in group] for group in parcels(files)]
    assert groups == [[4_000_000, 3_000_000], [1], [7_500_000], [7_000_000, 0]]
    assert parcels([]) == [[]]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_mail_goes_out_encrypted_and_with_a_password_where_the_server_wants_it(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    taken: list[Any] = []

    class Handler:
        async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
            taken.append((session.ssl is not None, session.login_data, envelope.rcpt_tos))
            return "250 OK"

    def check(_server: Any, _session: Any, _envelope: Any, _kind: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"forms", b"secret"), auth_data=data.login)

    def conversation() -> SMTP:
        return SMTP(
            Handler(), tls_context=context, require_starttls=True, authenticator=check, auth_required=True
        )

    with listening(conversation) as port:
        worker.mail = MailServer("127.0.0.1", port, "forms", "secret", tls=True)
        deliver(worker, put(worker.queue, form(SLUG, actions=[email()])))
    assert [(encrypted, to) for encrypted, _, to in taken] == [(True, ["a@example.com"])]
