"""Who is next when the runner is released."""

from publisher import plan
from publisher.store import Form


def form(slug: str, state: str, runner: str = "old", *, worked: bool = True) -> Form:
    wish = "remove" if state == "unpublishing" else "publish"
    return Form("test-dev", slug, slug, slug, "{}", 2, wish, state, "", "", runner, 2 if worked else 1)


def due(*forms: Form) -> list[str]:
    return [each.slug for each in plan.due(list(forms), "new")]


def test_wishes_go_side_by_side() -> None:
    waiting = [
        form("a", "waiting", worked=False),
        form("b", "publishing", worked=False),
        form("c", "unpublishing"),
    ]
    assert due(*waiting, form("d", "published", "new")) == ["a", "b", "c"]


def test_a_release_goes_form_by_form() -> None:
    assert due(form("a", "published"), form("b", "published")) == ["a"]
    assert due(form("a", "publishing", "new"), form("b", "published")) == ["a"]
    assert due(form("a", "published", "new"), form("b", "published")) == ["b"]
    assert due(form("a", "published", "new"), form("b", "published", "new")) == []


def test_it_stops_at_one_that_worked_before_and_no_longer_does() -> None:
    assert due(form("a", "failed", "new"), form("b", "published")) == []


def test_it_goes_on_past_one_that_never_worked() -> None:
    assert due(form("a", "failed", "new", worked=False), form("b", "published")) == ["b"]


def test_a_newer_release_begins_with_what_failed() -> None:
    assert due(form("a", "published"), form("b", "failed"), form("c", "published", "older")) == ["b"]


def test_settled_forms_are_those_that_have_the_release() -> None:
    forms = [
        form("a", "published", "new"),
        form("b", "failed", "new"),
        form("c", "published"),
        form("d", "waiting"),
    ]
    assert [each.slug for each in plan.settled(forms, "new")] == ["a", "b"]
