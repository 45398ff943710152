"""A form, as its maker publishes it and the runner shows it: pages, questions, what becomes of the answers.

The publisher refuses what does not fit; the runner reads it from its environment (SERVICE_METADATA).
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

SLUG = r"^[a-z]([-a-z0-9]{0,44}[a-z0-9])?\Z"  # it becomes part of the names of Kubernetes objects
Id = Annotated[str, Meta(pattern=r"^[a-zA-Z][\w-]{0,63}\Z")]
Address = Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9]{0,62}[a-z0-9])?\Z")]
Words = Annotated[str, Meta(max_length=10_000)]

Kind = Literal["text", "textarea", "number", "email", "address", "radios", "checkboxes", "upload"]


class Invalid(ValueError):
    """The document is not a form that the platform can run."""


class Component(Struct, frozen=True):
    """One question. `options` are for radios and checkboxes; an upload takes up to `max_files` files."""

    id: Id
    kind: Kind
    label: Words
    hint: Words = ""
    required: bool = True
    options: tuple[Words, ...] = ()
    max_files: Annotated[int, Meta(ge=1, le=10)] = 1


class Branch(Struct, frozen=True):
    """Where to go next if a radios question was answered so, or a checkboxes question so among others."""

    component: Id
    equals: Words
    goto: Address


class Page(Struct, frozen=True):
    """Questions at /<url>. Next: the first branch that applies, else `next`, else the page below."""

    url: Address
    heading: Words
    body: Words = ""
    components: tuple[Component, ...] = ()
    branches: tuple[Branch, ...] = ()
    next: Address | None = None


class Action(Struct, frozen=True, omit_defaults=True):
    """What the submitter does with a submission; its contract says which fields count for which kind.

    In `to`, `url` and `subject` the runner replaces {reference} by the submission's reference number.
    """

    kind: Literal["email", "csv", "json"]
    to: Words = ""
    sender: Words = msgspec.field(name="from", default="")
    subject: Words = ""
    email_body: Words = ""
    include_pdf: bool = False
    include_attachments: bool = False
    url: Words = ""
    key: Words = ""


class Form(Struct, frozen=True):
    """A whole form. `id` is the service's id, `slug` its name in addresses and in the cluster."""

    id: Id
    slug: Annotated[str, Meta(pattern=SLUG)]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    pages: Annotated[tuple[Page, ...], Meta(min_length=1)]
    actions: tuple[Action, ...] = ()
    pdf_heading: Words = ""
    pdf_subheading: Words = ""
    body: Words = ""

    @property
    def components(self) -> tuple[Component, ...]:
        """Every question, in order."""
        return tuple(component for page in self.pages for component in page.components)


def parse(document: bytes | str) -> Form:
    """The form in a JSON document; Invalid says, with a path, what is wrong with it."""
    try:
        form = msgspec.json.decode(document, type=Form)
    except msgspec.MsgspecError as problem:
        raise Invalid(str(problem)) from None
    _check(form)
    return form


def _check(form: Form) -> None:
    """What the types cannot say: names are there once, every way leads forward to a page that exists."""
    order = {page.url: number for number, page in enumerate(form.pages)}
    components = {component.id: component for component in form.components}
    if len(order) != len(form.pages):
        raise Invalid("two pages have the same url")
    if reserved := set(order) & RESERVED:
        raise Invalid(f"a page must not have the url {min(reserved)}")
    if len(components) != len(form.components):
        raise Invalid("two components have the same id")
    for component in components.values():
        if (component.kind in ("radios", "checkboxes")) != bool(component.options):
            raise Invalid(f"component {component.id}: options are for radios and checkboxes, which need some")
    for number, page in enumerate(form.pages):
        for goto in (*(branch.goto for branch in page.branches), *filter(None, [page.next])):
            if goto != CHECK_ANSWERS and order.get(goto, -1) <= number:
                raise Invalid(f"page {page.url}: {goto} is not a later page")
        for branch in page.branches:
            if branch.component not in components:
                raise Invalid(f"page {page.url}: there is no component {branch.component} to branch on")


CHECK_ANSWERS = "check-answers"  # what a page may name as its next one besides pages
RESERVED = {CHECK_ANSWERS, "confirmation", "health", "readiness", "metrics", "assets", "session", "resume"}
