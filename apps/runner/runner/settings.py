"""The settings of a runner: one form, its keys, and where the others are."""

import base64
import binascii
from dataclasses import dataclass, field

from fb_platform import forms
from fb_platform.forms import Form
from fb_platform.settings import SettingError, number, setting
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

SHORTEST_SECRET = 16


@dataclass(frozen=True)
class Settings:
    """What a runner is started with. `uploads` and `body` are the largest file and request, in bytes.

    `secure_cookie` is a setting, because X-Forwarded-Proto does not tell: the API server, through which
    suites come, speaks of its own connection there.
    """

    form: Form
    namespace: str
    submitter: str
    datastore: str
    filestore: str
    webhook_root: str
    private_key: RSAKey = field(repr=False)
    submission_key: str = field(repr=False)
    secret: str = field(repr=False)
    uploads: int = 10_000_000
    body: int = 25_000_000
    secure_cookie: bool = False


def read() -> Settings:
    """The settings in the environment; SettingError says which one cannot be used, never its value."""
    submission_key, secret = setting("SUBMISSION_ENCRYPTION_KEY"), setting("SERVICE_SECRET")
    if len(submission_key.encode()) != 32:
        raise SettingError("SUBMISSION_ENCRYPTION_KEY must have 32 characters")
    if len(secret) < SHORTEST_SECRET:
        raise SettingError(f"SERVICE_SECRET must have {SHORTEST_SECRET} characters or more")
    try:
        form = forms.parse(setting("SERVICE_METADATA"))
    except forms.Invalid as problem:
        raise SettingError(f"SERVICE_METADATA is not a form: {problem}") from None
    try:
        key = RSAKey.import_key(base64.b64decode(setting("ENCODED_PRIVATE_KEY"), validate=True))
    except (binascii.Error, ValueError, JoseError):
        raise SettingError("ENCODED_PRIVATE_KEY is not a private key as PEM in base64") from None
    return Settings(
        form=form,
        namespace=setting("SERVICE_NAMESPACE"),
        submitter=_address("SUBMITTER_URL"),
        datastore=_address("USER_DATASTORE_URL"),
        filestore=_address("USER_FILESTORE_URL"),
        webhook_root=setting("WEBHOOK_ROOT_URL", "none").rstrip("/"),
        private_key=key,
        submission_key=submission_key,
        secret=secret,
        uploads=int(number("MAX_UPLOAD_BYTES", Settings.uploads)),
        body=int(number("MAX_BODY_BYTES", Settings.body)),
        secure_cookie=setting("SECURE_COOKIE", "no") == "yes",
    )


def _address(name: str) -> str:
    address = setting(name).rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise SettingError(f"{name} must begin with http:// or https://")
    return address
