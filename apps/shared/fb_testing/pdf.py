"""Reading a PDF."""

import io
import re

from pypdf import PdfReader


def words(text: str) -> str:
    """Text without line breaks: a PDF breaks lines where the paper ends."""
    return re.sub(r"\s+", " ", text.replace("\u200b", ""))


def pdf_text(content: bytes) -> str:
    """The text of all pages."""
    return words("\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages))


def missing(content: bytes, *expected: str) -> list[str]:
    """Which of the expected texts the document does not hold."""
    text = pdf_text(content)
    return [each for each in expected if words(each) not in text]
