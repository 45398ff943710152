"""The way through a form: which pages a person has to see, given the answers. Pure."""

from dataclasses import dataclass

from fb_platform.forms import CHECK_ANSWERS, Form, Page

from runner import answers
from runner.state import Answer, State


@dataclass(frozen=True)
class Journey:
    """The pages on the way as far as it is known, and the first that is not done (None: all are)."""

    pages: tuple[Page, ...]
    missing: Page | None

    def has(self, url: str) -> bool:
        return any(page.url == url for page in self.pages)

    @property
    def goal(self) -> str:
        """Where the person goes on."""
        return self.missing.url if self.missing else CHECK_ANSWERS


def of(form: Form, state: State) -> Journey:
    """Walk from the first page to the first that is not handed in, or whose answers do not hold any more.

    They may not when another release of the form asks for more. A branch looks only at answers on the way:
    what was typed on a page that is no longer reached counts as not said.
    """
    order = {page.url: number for number, page in enumerate(form.pages)}
    said: dict[str, Answer] = {}
    walked: list[Page] = []
    number = 0
    while number < len(form.pages):
        page = form.pages[number]
        walked.append(page)
        if page.url not in state.done or answers.problems(page, state):
            return Journey(tuple(walked), page)
        said.update({each.id: state.answers[each.id] for each in page.components if each.id in state.answers})
        goto = _next(page, said)
        if goto == CHECK_ANSWERS:
            break
        number = order[goto] if goto else number + 1
    return Journey(tuple(walked), None)


def _next(page: Page, said: dict[str, Answer]) -> str | None:
    for branch in page.branches:
        answer = said.get(branch.component)
        if branch.equals == answer or (isinstance(answer, list) and branch.equals in answer):
            return branch.goto
    return page.next
