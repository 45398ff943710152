"""What the runner submits, as types. It is the platform's contract; anything else is refused."""

import base64
import binascii
import re
from email.utils import parseaddr
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from msgspec import Meta, Struct, field

MAILBOX = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+")
ADDRESS_PARTS = ("address_line_one", "address_line_two", "city", "county", "postcode", "country")

Text = Annotated[str, Meta(max_length=1_000_000)]
# no second header can be smuggled in; \Z because $ would let a line break through at the end
HeaderLine = Annotated[str, Meta(max_length=2_000, pattern=r"^[^\r\n\x00]*\Z")]
Recipients = Annotated[str, Meta(min_length=3, max_length=4_000, pattern=r"^[^\r\n\x00]*@[^\r\n\x00]*\Z")]
WebAddress = Annotated[str, Meta(max_length=4_000, pattern=r"^https?://[^\s/]+\S*\Z")]
Key = Annotated[str, Meta(pattern=r"^[\x21-\x7e]{16}\Z")]

Answer = str | dict[str, str | None] | list[str]


class Invalid(ValueError):
    """The submission cannot be decrypted or breaks the contract. Its text never holds an answer."""


class Service(Struct):
    id: str
    slug: str
    name: str


class Headings(Struct):
    pdf_heading: Text = ""
    pdf_subheading: Text = ""


class Question(Struct):
    field_id: Annotated[str, Meta(min_length=1, max_length=1_000)]
    field_name: Text
    answer: Answer


class Page(Struct):
    answers: list[Question]
    heading: Text = ""


class Attachment(Struct):
    filename: HeaderLine
    mimetype: HeaderLine
    url: WebAddress


class Mail(Struct):
    """What an email and a csv action have in common."""

    to: Recipients
    sender: HeaderLine = field(name="from")
    subject: HeaderLine
    email_body: Text = ""

    def __post_init__(self) -> None:
        # without an address of its own no mail can ever leave: the form is wrong, and must hear so at once
        if not MAILBOX.fullmatch(parseaddr(self.sender)[1]):
            raise ValueError("from must hold a mail address")


class Email(Mail, tag_field="kind", tag="email"):
    include_pdf: bool = False
    include_attachments: bool = False


class Csv(Mail, tag_field="kind", tag="csv"):
    pass


class Json(Struct, tag_field="kind", tag="json"):
    url: WebAddress
    key: Key


class Submission(Struct):
    service: Service
    meta: Headings
    actions: list[Email | Csv | Json]
    pages: list[Page]
    attachments: list[Attachment]

    @property
    def questions(self) -> list[Question]:
        return [question for page in self.pages for question in page.answers]


def decrypt(encrypted: str, key: str) -> bytes:
    """Base64 of AES-256-CTR under the 32-character shared key, whose first 16 characters are the IV."""
    try:
        sealed = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("encrypted_submission is not base64") from None
    cipher = Cipher(algorithms.AES(key.encode()), modes.CTR(key[:16].encode()))
    return cipher.decryptor().update(sealed)


def parse(plain: bytes) -> Submission:
    """The submission in a decrypted document; Invalid says where it breaks the contract."""
    try:
        return msgspec.json.decode(plain, type=Submission)
    except msgspec.ValidationError as problem:
        raise Invalid(str(problem)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Invalid("encrypted_submission cannot be decrypted with the shared key") from None
