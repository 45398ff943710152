"""The document: every word of the answers must be in it, and nothing of them may be read as markup."""

import io
from typing import Any

import pytest
from fb_testing.pdf import missing, pdf_text
from pdf_generator.document import Document, Invalid, Question, Section, parse, render
from pypdf import PdfReader


def document(*values: str) -> Document:
    questions = [
        Question(label=f"Question {number}?", human_value=value) for number, value in enumerate(values)
    ]
    section = Section(questions=questions, heading="About you", summary_heading="Summary")
    return Document("id-1", [section], "Heading & <title>", "Subheading")


def test_everything_is_in_the_text() -> None:
    values = (
        "Zoë O’Neill",
        "two\nlines",
        "Jürgen Łukasz Ñandú",
        "Ελένη Привет",
        "",
        "office fluff ﬁ € £5.00 – “x”",
    )
    content = render(document(*values))
    assert (
        missing(content, *values, "Question 0?", "About you", "Summary", "Heading & <title>", "Subheading")
        == []
    )
    assert missing(content, "id-1", "nowhere") == ["nowhere"]


def test_an_answer_is_never_markup() -> None:
    values = (
        '#read("/etc/passwd")',
        "*bold* _it_ $x^2$ <b> `c` @ref // /* \\ [x] {y} = title",
        "#set page(width: 1pt)",
    )
    assert missing(render(document(*values)), *values) == []


def test_long_answers_run_over_pages() -> None:
    value = " ".join(f"word{number}" for number in range(5000))
    content = render(document(value))
    pages = PdfReader(io.BytesIO(content)).pages
    assert len(pages) > 5
    text = pdf_text(content)
    assert all(f"word{number} " in text + " " for number in range(0, 5000, 97))


def test_a_word_longer_than_a_line_stays_on_the_paper() -> None:
    content = render(document("x" * 500))
    page = PdfReader(io.BytesIO(content)).pages[0]
    assert max(len(line) for line in page.extract_text().splitlines()) < 120
    assert pdf_text(content).replace(" ", "").count("x") >= 500


def test_right_to_left_script_is_there() -> None:
    text = pdf_text(render(document("שלום", "مرحبا")))
    assert any(letter in text for letter in "שלום")


def test_the_document_is_tagged_and_titled() -> None:
    reader: Any = PdfReader(io.BytesIO(render(document("a"))))
    assert reader.metadata.title == "Heading & <title>"
    assert "/StructTreeRoot" in reader.trailer["/Root"]
    assert reader.trailer["/Root"]["/Lang"] == "en"


def test_an_empty_document_is_one_page() -> None:
    assert len(PdfReader(io.BytesIO(render(parse({"submission_id": "x", "sections": []})))).pages) == 1


@pytest.mark.parametrize(
    "body", [[], {}, {"submission_id": "x", "sections": [{"questions": [{"label": "a", "human_value": 1}]}]}]
)
def test_other_forms_are_refused(body: object) -> None:
    with pytest.raises(Invalid):
        parse(body)
