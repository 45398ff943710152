"""The pure parts: settings, sealing, file names, the way through a form."""

import base64
import time

import msgspec
import pytest
from fb_platform.forms import Component, Form, Invalid, parse
from fb_platform.settings import SettingError
from runner import answers, journey, sealing, settings, submission, views
from runner.sealing import Broken, Sealer
from runner.state import State, Upload

from .conftest import canary, templates


def test_settings_that_cannot_be_used_are_named(environment: pytest.MonkeyPatch) -> None:
    for name, value, sentence in [
        ("SUBMISSION_ENCRYPTION_KEY", "short", "must have 32 characters"),
        ("SERVICE_SECRET", "short", "must have 16 characters or more"),
        ("SERVICE_METADATA", "{}", "is not a form"),
        ("ENCODED_PRIVATE_KEY", "-", "is not a private key"),
        ("ENCODED_PRIVATE_KEY", base64.b64encode(b"no key").decode(), "is not a private key"),
        ("SUBMITTER_URL", "-", "must begin with http"),
    ]:
        with environment.context() as changed:
            changed.setenv(name, value)
            with pytest.raises(SettingError, match=f"{name} {sentence}") as raised:
                settings.read()
            assert value not in str(raised.value).replace(name, "") or value in ("-", "{}")
    assert "secret" not in repr(settings.read()).lower().replace("service_secret", "")


def test_what_is_sealed_is_opened_only_for_its_purpose_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = Sealer("s" * 32), Sealer("t" * 32)
    sealed = ours.seal("answers", b"plain", bound_to="user")
    assert ours.open("answers", sealed, bound_to="user") == b"plain"
    for wrong in (
        lambda: ours.open("answers", sealed, bound_to="other"),
        lambda: ours.open("cookie", sealed, bound_to="user"),
        lambda: theirs.open("answers", sealed, bound_to="user"),
        lambda: ours.open("answers", sealed[:-2] + "AA", bound_to="user"),
        lambda: ours.open("answers", "", bound_to="user"),
        lambda: ours.open("answers", "ä", bound_to="user"),
        lambda: ours.user_of("cookie", ours.give_pass("resume", "user")),
    ):
        with pytest.raises(Broken):
            wrong()
    link = ours.give_pass("resume", "user")
    assert ours.user_of("resume", link) == "user"
    now = time.time()
    monkeypatch.setattr(sealing.time, "time", lambda: now + sealing.LIFE + 1)
    with pytest.raises(Broken, match="expired"):
        ours.user_of("resume", link)
    assert ours.is_form_token("user", ours.form_token("user"))
    assert not ours.is_form_token("other", ours.form_token("user"))


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\x.doc", "x.doc"),
        ("..", "file"),
        ("", "file"),
        ("/", "file"),
        (".hidden", "hidden"),
        ("a\r\nBcc: x@y.z\x00.txt", "aBcc x@y.z.txt"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("Ü ñ.pdf", "Ü ñ.pdf"),
        ("a" * 200 + ".jpeg", "a" * 80 + ".jpeg"),
        ("b" * 200, "b" * 95),
    ],
)
def test_file_names_are_cleaned(given: str, cleaned: str) -> None:
    assert answers.file_name(given) == cleaned


def fields(**given: str | list[str]) -> answers.Callable[[str], list[str]]:
    return lambda name: [given[name]] if isinstance(given.get(name), str) else given.get(name, [])  # type: ignore[list-item,return-value]


def test_answers_are_cleaned() -> None:
    text, story = Component("a", "text", "A"), Component("a", "textarea", "A")
    assert answers.read(text, fields(a=" x\r\ny\x00 ")) == "xy"
    assert answers.read(story, fields(a="x\r\n\r\ny\x07")) == "x\n\ny"
    boxes = Component("a", "checkboxes", "A", options=("1", "2"))
    assert answers.read(boxes, fields(a=["2", "3", "1"])) == ["1", "2"], "in order, and only what there is"
    assert answers.read(Component("a", "number", "A"), fields(a="1 000,5.5")) == "10005.5"
    assert answers.read(Component("a", "number", "A"), fields(a="1,000 or so")) == "1,000 or so"


def page(*components: Component) -> Form:
    pages = [{"url": "one", "heading": "One", "components": msgspec.to_builtins(components)}]
    return parse(msgspec.json.encode({"id": "f", "slug": "f", "name": "F", "pages": pages}))


def test_answers_that_do_not_fit_any_more() -> None:
    """Another release of the form may ask for something else than what is kept."""
    radios = page(Component("a", "radios", "A", options=("1", "2")))
    for answer in ("3", ["3"], {"x": "y"}, "", []):
        state = State(answers={"a": answer}, done=["one"])  # type: ignore[dict-item]
        assert journey.of(radios, state).missing, answer
    assert journey.of(radios, State(answers={"a": "1"}, done=["one"])).missing is None
    assert journey.of(page(Component("a", "text", "A")), State(answers={"a": ["x"]}, done=["one"])).missing
    long = {"address_line_one": "x" * 201, "city": "x", "postcode": "x", "country": "x"}
    where = page(Component("a", "address", "A", required=False))
    assert journey.of(where, State(answers={"a": long}, done=["one"])).missing
    assert journey.of(where, State(done=["one"])).missing is None
    required = page(Component("a", "upload", "A"))
    assert journey.of(required, State(done=["one"])).missing
    many = {"a": [Upload("n", "m", 1, "f")] * 2}
    assert journey.of(required, State(uploads=many, done=["one"])).missing
    assert answers.problems(required.pages[0], State())[0].text == "A: choose a file"


def test_a_branch_on_one_of_several_boxes_and_one_that_is_off_the_way() -> None:
    def form(**branch: str) -> Form:
        return parse(msgspec.json.encode({"id": "f", "slug": "f", "name": "F", "pages": [
            {"url": "a", "heading": "A", "components": [
                {"id": "boxes", "kind": "checkboxes", "label": "B", "options": ["1", "2"],
                 "required": False}],
             "branches": [{"component": "boxes", "equals": "2", "goto": "c"}]},
            {"url": "b", "heading": "B", "components": [
                {"id": "text", "kind": "text", "label": "T"}]},
            {"url": "c", "heading": "C", "branches": [{"component": "text", "equals": "x", "goto": "d"}],
             "next": "check-answers"},
            {"url": "d", "heading": "D"},
        ]}))  # fmt: skip

    state = State(answers={"boxes": ["1", "2"], "text": "x"}, done=["a", "b", "c", "d"])
    way = journey.of(form(), state)
    assert [each.url for each in way.pages] == ["a", "c"], "what was typed on b counts as not said"
    assert way.goal == "check-answers"
    state.answers["boxes"] = ["1"]
    assert [each.url for each in journey.of(form(), state).pages] == ["a", "b", "c", "d"]


def test_a_submission_with_nothing_in_it() -> None:
    form = page(
        Component("a", "address", "A", required=False),
        Component("c", "checkboxes", "C", required=False, options=("1",)),
        Component("t", "text", "T", required=False),
    )
    document = submission.document(form, form.pages, State(), files="", webhook_root="")
    blank = {
        "address_line_one": "",
        "address_line_two": "",
        "city": "",
        "county": "",
        "postcode": "",
        "country": "",
    }
    assert [each["answer"] for each in document["pages"][0]["answers"]] == [blank, [], ""]
    assert document["meta"]["pdf_heading"] == "F"
    assert document["attachments"] == []


def test_sizes() -> None:
    assert [views._size(each) for each in (1, 1000, 1_500, 7_000_000)] == [
        "1 bytes",
        "1 KB",
        "1.5 KB",
        "7 MB",
    ]


def test_the_canary_is_harmless_in_production() -> None:
    assert canary("production")["actions"] == []
    assert {each["kind"] for each in canary("test")["actions"]} == {"email", "csv", "json"}
    kinds = {each.kind for each in parse(msgspec.json.encode(canary("test"))).components}
    assert kinds == {"text", "textarea", "number", "email", "address", "radios", "checkboxes", "upload"}


def test_a_form_is_run_as_the_canary_is() -> None:
    """The publisher's template and the canary's Deployment have the same pod but for the names."""
    values = {
        "space": "s", "namespace": "n", "service": "fb-runner-s", "images": {"web": "image@sha256:1"},
        "environment": "test", "version": "1",
    }  # fmt: skip
    documents = templates().get_template("runner.yaml").render(values).split("\n---\n")
    canary_of = msgspec.json.decode(documents[0].partition("\n{")[2].join(["{", ""]))
    [line] = [each for each in documents[3].splitlines() if each.startswith("  form.json: ")]
    made = msgspec.json.decode(msgspec.json.decode(line.partition(": ")[2]))
    pods = [each["spec"]["template"]["spec"] for each in (canary_of, made["deployment"])]
    assert "{slug}" in msgspec.json.encode(pods[1]).decode()
    named = msgspec.json.encode(pods[1]).decode()
    named = named.replace("fb-{slug}-secrets", "fb-pipeline-check-secrets")
    named = named.replace("fb-{slug}-config-map", "fb-runner-form-s")
    assert msgspec.json.decode(named) == pods[0]
    assert made["service"]["spec"]["selector"] == made["deployment"]["spec"]["selector"]["matchLabels"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pages": []}, "length >= 1"),
        ({"slug": "No Slug"}, "matching regex"),
        ({"pages": [{"url": "a", "heading": "A"}] * 2}, "two pages have the same url"),
        ({"pages": [{"url": "session", "heading": "A"}]}, "must not have the url session"),
        ({"pages": [{"url": "a", "heading": "A", "next": "a"}]}, "not a later page"),
        (
            {"pages": [{"url": "a", "heading": "A", "branches": [
                {"component": "x", "equals": "y", "goto": "check-answers"}]}]},
            "no component x",
        ),
        (
            {"pages": [{"url": "a", "heading": "A", "components": [
                {"id": "x", "kind": "radios", "label": "X"}]}]},
            "options are for radios",
        ),
        (
            {"pages": [{"url": "a", "heading": "A", "components": [
                {"id": "x", "kind": "text", "label": "X"}, {"id": "x", "kind": "text", "label": "X"}]}]},
            "two components have the same id",
        ),
    ],
)  # fmt: skip
def test_what_is_no_form(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        parse(msgspec.json.encode({**canary("test"), **change}))
