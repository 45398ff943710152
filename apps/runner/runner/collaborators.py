"""The datastore, the filestore and the submitter, asked in the name of one user.

Whatever keeps one of them from doing its part - away, slow, or refusing our token - is Away to the person.
"""

import asyncio
import base64
from typing import Any

import httpx
import msgspec
from fb_platform.envelope import envelope
from fb_platform.signing import sign

from runner import state as states
from runner.sealing import Broken, Sealer
from runner.settings import Settings
from runner.state import State, Upload

STORE, FILES, SUBMIT = 5.0, 25.0, 15.0  # seconds that an answer may take; a person is waiting
UPLOADS = 2  # at a time: each takes several times its size in memory


class Away(Exception):
    """A collaborator cannot do its part now. Nothing was lost: the person may try again."""


class Unfit(Exception):
    """The filestore does not take this file; the text is a sentence for the person."""


class Collaborators:
    """Every method raises Away."""

    def __init__(self, settings: Settings, sealer: Sealer) -> None:
        self.settings, self.sealer = settings, sealer
        self.slug = settings.form.slug
        self.uploading = asyncio.Semaphore(UPLOADS)
        self.http = httpx.AsyncClient(trust_env=False, transport=httpx.AsyncHTTPTransport(retries=2))

    def files(self, user: str) -> str:
        """The address of a user's uploads."""
        return f"{self.settings.filestore}/service/{self.slug}/user/{user}"

    async def load(self, user: str, request_id: str) -> State:
        """What is kept of a user; an empty state when there is nothing."""
        answer = await self._ask("GET", self._entry(user), user, request_id, accept=(200, 404))
        if answer.status_code == 404:
            return State()
        try:
            return states.decode(self.sealer.open("answers", answer.json()["payload"], bound_to=user))
        except (Broken, msgspec.MsgspecError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise Away("the datastore gave what is not ours") from problem

    async def save(self, user: str, state: State, request_id: str) -> None:
        payload = self.sealer.seal("answers", states.encode(state), bound_to=user)
        await self._ask("POST", self._entry(user), user, request_id, json={"payload": payload})

    async def forget(self, user: str, request_id: str) -> None:
        await self._ask("DELETE", self._entry(user), user, request_id, accept=(200, 204, 404))

    async def take(self, entry: str, note: str, request_id: str) -> bool:
        """Put a note where there was none. Of several who try, one gets True: the datastore says 201 once."""
        answer = await self._ask("POST", self._entry(entry), entry, request_id, json={"payload": note})
        return answer.status_code == 201

    async def note(self, entry: str, request_id: str) -> str | None:
        """The note that somebody took, None when there is none."""
        answer = await self._ask("GET", self._entry(entry), entry, request_id, accept=(200, 404))
        return str(answer.json().get("payload", "")) if answer.status_code == 200 else None

    async def keep_file(self, user: str, name: str, content: bytes, request_id: str) -> Upload:
        """Put a file into the filestore. Raises Unfit when it is too large or of a kind that is not taken."""
        async with self.uploading:
            body = {
                "encrypted_user_id_and_token": self._identity(user),
                "file": base64.b64encode(content).decode(),
                "policy": {"max_size": self.settings.uploads},
            }
            answer = await self._ask(
                "POST",
                self.files(user),
                user,
                request_id,
                json=body,
                accept=(200, 201, 400, 413),
                timeout=FILES,
            )
        if answer.status_code >= 400:
            raise Unfit(_why(answer))
        try:
            found = answer.json()
            return Upload(name, str(found["type"]), int(found["size"]), str(found["fingerprint"]))
        except (ValueError, KeyError, TypeError) as problem:
            raise Away("the filestore's answer cannot be read") from problem

    async def drop_file(self, user: str, fingerprint: str, request_id: str) -> None:
        where = f"{self.files(user)}/{fingerprint}"
        await self._ask("DELETE", where, user, request_id, accept=(200, 204, 404))

    async def submit(self, user: str, document: dict[str, Any], request_id: str) -> None:
        """Hand a submission over; it is the submitter's from here on."""
        body = envelope(
            document, self.settings.submission_key, slug=self.slug, user_and_token=self._identity(user)
        )
        where = f"{self.settings.submitter}/v2/submissions"
        await self._ask("POST", where, user, request_id, json=body, accept=(201,), timeout=SUBMIT)

    def _entry(self, user: str) -> str:
        return f"{self.settings.datastore}/service/{self.slug}/user/{user}"

    def _identity(self, user: str) -> str:
        """Says to us, should it ever come back, whose it was; nothing to anybody else."""
        return self.sealer.seal("caller", user.encode())

    async def _ask(
        self,
        method: str,
        url: str,
        user: str,
        request_id: str,
        *,
        json: Any = None,
        accept: tuple[int, ...] = (200, 201),
        timeout: float = STORE,
    ) -> httpx.Response:
        """One request with a fresh token; Away unless the answer's status is one of `accept`."""
        token = sign(
            self.settings.private_key, issuer=self.slug, namespace=self.settings.namespace, user=user
        )
        headers = {
            "accept": "application/json",
            "authorization": f"Bearer {token}",
            "x-access-token-v2": token,
            "x-request-id": request_id,
        }
        try:
            answer = await self.http.request(method, url, json=json, headers=headers, timeout=timeout)
        except httpx.HTTPError as problem:
            raise Away(f"{httpx.URL(url).host} does not answer") from problem
        if answer.status_code not in accept:
            raise Away(f"{httpx.URL(url).host} answers {answer.status_code}")
        return answer


def _why(answer: httpx.Response) -> str:
    try:
        name = answer.json().get("name", "")
    except (ValueError, AttributeError):
        name = ""
    if name == "invalid.type":
        return "the selected file is of a type that cannot be taken"
    return "the selected file is too large"
