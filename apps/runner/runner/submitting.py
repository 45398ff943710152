"""Handing a submission over once, however often the button is pressed.

What is promised. Presses that overlap, on whichever pods, are told apart by a lock in the datastore (`take`
is answered 201 to one of them); the others wait and are shown the same confirmation. Before the hand-over
the reference is kept with the answers, after it the answers are replaced by a mark that holds none; a press
that comes later finds that mark. One gap is left, as there must be between two systems without a common
transaction: if this process is killed, or the submitter's 201 is lost, between its acceptance and our mark,
the person sees an error, the answers are still there, and a further press submits them again - with the same
reference, so that the receiver can tell. The same holds for two presses that both take the lock of a dead
holder in the same instant. Nothing is lost in any case.
"""

import asyncio
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from fb_platform import logs
from fb_platform.forms import Form, Page

from runner import journey, submission
from runner.collaborators import Away, Collaborators
from runner.state import State, new_reference

STALE = 60.0  # seconds after which a lock's holder is taken for dead: four times what its requests may take
PATIENCE, PAUSE = 12.0, 0.1  # seconds that a second press waits for the first, and between two looks
MARK_ATTEMPTS = 3


class NotComplete(Exception):
    """There is a page that has to be filled in first."""


@dataclass(frozen=True)
class Done:
    """It is submitted. `marked`: the datastore says so, too, and a confirmation can be read from there."""

    reference: str
    marked: bool = True


class Submitting:
    """Submits for one form."""

    def __init__(self, form: Form, others: Collaborators, webhook_root: str) -> None:
        self.form, self.others, self.webhook_root = form, others, webhook_root

    async def submit(self, user: str, request_id: str) -> Done:
        """The one submission of this user. Raises NotComplete, Away."""
        lock = str(uuid.uuid5(uuid.UUID(user), "submit"))
        deadline = time.monotonic() + PATIENCE
        while not await self._locked(lock, request_id):
            state = await self.others.load(user, request_id)
            if state.submitted:
                return Done(state.reference)
            if time.monotonic() > deadline:
                raise Away("another request is still submitting the same answers")
            await asyncio.sleep(PAUSE)
        try:
            # read under the lock: what was read before may have been submitted by now
            return await self._once(user, await self.others.load(user, request_id), request_id)
        finally:
            with suppress(Away):  # a lock that stays hinders nobody for longer than STALE
                await self.others.forget(lock, request_id)

    async def _locked(self, lock: str, request_id: str) -> bool:
        """Whether the lock is ours now. That of somebody who died holding it is removed first."""
        note = await self.others.note(lock, request_id)
        if note is not None:
            if time.time() - float(note) < STALE:
                return False
            await self.others.forget(lock, request_id)
        return await self.others.take(lock, str(time.time()), request_id)

    async def _once(self, user: str, state: State, request_id: str) -> Done:
        if state.submitted:
            return Done(state.reference)
        way = journey.of(self.form, state)
        if way.missing:
            raise NotComplete
        if not state.reference:
            state.reference = new_reference()
            await self.others.save(user, state, request_id)
        document = submission.document(
            self.form, way.pages, state, files=self.others.files(user), webhook_root=self.webhook_root
        )
        await self.others.submit(user, document, request_id)
        logs.info("submitted", service=self.form.slug, request_id=request_id)
        return Done(state.reference, await self._mark(user, state, way.pages, request_id))

    async def _mark(self, user: str, state: State, pages: Sequence[Page], request_id: str) -> bool:
        """Replace the answers by the mark; whether that succeeded.

        Uploads that are no part of the submission are removed now. Those that are part of it must stay until
        the submitter has sent them, and expire in the filestore; where the form has no actions nobody will
        ever fetch them, and the mark remembers them for `POST /session/end`.
        """
        part = submission.attached(pages, state)
        kept = {each.fingerprint for each in part}
        mark = State(reference=state.reference, submitted=True)
        if not self.form.actions:
            mark.uploads = {"submitted": part}
        for attempt in range(1, MARK_ATTEMPTS + 1):
            try:
                await self.others.save(user, mark, request_id)
                break
            except Away as problem:
                logs.warning("submitted, but not marked", problem, attempt=attempt, request_id=request_id)
        else:
            return False
        for fingerprint in {each.fingerprint for each in state.files} - kept:
            with suppress(Away):
                await self.others.drop_file(user, fingerprint, request_id)
        return True
