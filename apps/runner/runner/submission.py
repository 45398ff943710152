"""What is handed to the submitter. Pure: form, journey and answers in, a document out."""

from collections.abc import Sequence
from typing import Any

import msgspec
from fb_platform.forms import Action, Component, Form, Page

from runner.answers import ADDRESS
from runner.state import State, Upload


def document(
    form: Form, pages: Sequence[Page], state: State, *, files: str, webhook_root: str
) -> dict[str, Any]:
    """The submission: only the pages on the person's way. `files` is the address of the user's uploads."""
    return {
        "service": {"id": form.id, "slug": form.slug, "name": form.name},
        "meta": {"pdf_heading": form.pdf_heading or form.name, "pdf_subheading": form.pdf_subheading},
        "actions": [action(each, state.reference, webhook_root) for each in form.actions],
        "pages": [
            {"heading": page.heading, "answers": [_answer(component, state) for component in page.components]}
            for page in pages
            if page.components
        ],
        "attachments": [
            {"filename": each.filename, "mimetype": each.mimetype, "url": f"{files}/{each.fingerprint}"}
            for each in attached(pages, state)
        ],
    }


def attached(pages: Sequence[Page], state: State) -> list[Upload]:
    """The uploads that belong to these pages."""
    return [
        upload
        for page in pages
        for component in page.components
        for upload in state.uploads.get(component.id, [])
    ]


def action(given: Action, reference: str, webhook_root: str) -> dict[str, Any]:
    """An action as the submitter takes it, its placeholders filled in."""
    filled = msgspec.to_builtins(given)
    for name in ("to", "url", "subject"):
        if name in filled:
            filled[name] = filled[name].replace("{reference}", reference)
    if "url" in filled:
        filled["url"] = filled["url"].replace("{webhook_root}", webhook_root)
    if given.kind != "json":  # the submitter insists on them, empty or not
        filled = {"from": given.sender, "subject": "", **filled}
    return filled


def _answer(component: Component, state: State) -> dict[str, Any]:
    blank: Any = {"address": dict.fromkeys(ADDRESS, ""), "checkboxes": []}.get(component.kind, "")
    answer = state.answers.get(component.id) or blank
    if component.kind == "upload":
        answer = ", ".join(each.filename for each in state.uploads.get(component.id, []))
    return {"field_id": component.id, "field_name": component.label, "answer": answer}
