"""The document: a schema for what comes in, and the typesetter that makes PDF of it."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typst

HERE = Path(__file__).parent
Text = Annotated[str, msgspec.Meta(max_length=1_000_000)]


class Invalid(ValueError):
    """The request is not of the documented form. The text names the place, never an answer."""


class Question(msgspec.Struct):
    label: Text
    human_value: Text


class Section(msgspec.Struct):
    questions: list[Question]
    heading: Text = ""
    summary_heading: Text = ""


class Document(msgspec.Struct):
    submission_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    sections: list[Section]
    pdf_heading: Text = ""
    pdf_subheading: Text = ""


def parse(body: object) -> Document:
    """The request's JSON as a Document."""
    try:
        return msgspec.convert(body, Document)
    except msgspec.ValidationError as problem:
        raise Invalid(str(problem)) from None


def render(document: Document) -> bytes:
    """A tagged PDF (readable by a screen reader) of the document. Takes 10 to 50 ms; thread-safe."""
    # JSON can hold half a character, UTF-8 cannot: it becomes a question mark
    data = json.dumps(msgspec.to_builtins(document), ensure_ascii=False).encode("utf-8", "replace").decode()
    return typst.compile(
        str(HERE / "document.typ"),
        root=str(HERE),
        font_paths=[str(HERE / "fonts")],
        ignore_system_fonts=True,
        sys_inputs={"data": data},
    )
