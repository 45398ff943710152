"""The kinds that are served."""

from __future__ import annotations

from sandbox.base.kinds import KINDS


def test_every_kind_is_complete() -> None:
    assert len({(info.group, info.version, info.plural) for info in KINDS}) == len(KINDS)
    assert all(info.plural == info.plural.lower() and info.singular == info.kind.lower() for info in KINDS)
    assert all(info.stored or info.verbs == ("create",) for info in KINDS)
