"""Which forms of a space are worked on now: pure.

Wishes of people are carried out side by side. A release of the runner is carried out form by form: the next
one follows when the one before is ready, and none follows one that worked before and does not become ready
with that release. A newer release begins with the forms that failed.
"""

from publisher.store import Form


def due(forms: list[Form], digest: str) -> list[Form]:
    """The forms of one space that have something to be done, `digest` being the runner's release there."""
    wished = [form for form in forms if form.state in ("waiting", "publishing", "unpublishing")]
    following = follower(forms, digest)
    return wished + ([following] if following else [])


def settled(forms: list[Form], digest: str) -> list[Form]:
    """The forms that are where they should be, or tried in vain: to be looked at now and then."""
    return [form for form in forms if form.state in ("published", "failed") and form.runner == digest]


def follower(forms: list[Form], digest: str) -> Form | None:
    """The form that is to get the runner's release next, if one may."""
    if any(form.has_worked and form.state == "publishing" for form in forms):
        return None
    if any(form.has_worked and form.state == "failed" and form.runner == digest for form in forms):
        return None
    behind = [form for form in forms if form.state in ("published", "failed") and form.runner != digest]
    return min(behind, key=lambda form: (form.state != "failed", form.slug), default=None)
