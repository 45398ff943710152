"""What the API server warned of while it took an object: the Warning headers of a dry run. Pure.

A server that keeps an object and runs nothing of it says so; the sandbox does. Then what makes pods would be
waited for in vain, and is refused; but a custom kind's controller may be anybody's. Anything else does no
harm, only nothing of what it does is seen there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from toolkit.cluster.api.transport import NOBODY_ACTS
from toolkit.cluster.preflight.saying.problem import Problem
from toolkit.objects.fields import shown
from toolkit.objects.pods import is_idle, is_maker, template_of

Json = dict[str, Any]

_NOT_RUN = "is not run here"
_ELSEWHERE = "deploy it to a cluster that runs it, or take it out of the manifests for this one"


def problems(obj: Json, said: Iterable[str]) -> Iterator[Problem]:
    """What warnings to an object mean for its deployment."""
    for each in said:
        if NOBODY_ACTS in each:
            doomed = is_maker(obj) and bool(template_of(obj)) and not is_idle(obj)
            note = each if doomed else f"{each}: what it does is not judged there"
            yield Problem(shown(obj), note, _ELSEWHERE, is_certain=doomed)
        else:
            yield from of_pods(shown(obj), [each])


def of_pods(named: str, said: Iterable[str]) -> Iterator[Problem]:
    """What warnings to a pod of an object's template mean."""
    for each in said:
        doomed = _NOT_RUN in each
        remedy = _ELSEWHERE if doomed else "see what the API server means by it"
        yield Problem(
            named, f"the API server warns: {each}" if not doomed else each, remedy, is_certain=doomed
        )
