"""Clients that submit a form as fast as they are answered, each one submission after the other.

`python submitting.py <address> <path> <clients>` with SERVICE_SLUG, SERVICE_NAMESPACE, SERVICE_PRIVATE_KEY,
SUBMISSION_KEY and RECIPIENT in the environment, run by the submitter's own Python. It ends when its standard
input does, or after MOST submissions, and prints as JSON what was accepted, [monotonic seconds, id] each, and
what was not. Nothing is tried again: what fails once has failed.
"""

import base64
import http.client
import json
import os
import sys
import threading
import time

from fb_testing.runner import Runner, encrypt, form

MOST = 20_000
TOKEN_SECONDS = 20.0  # a token is good for 90


class Clients:
    """`count` of them; `accepted` and `refused` are what they saw."""

    def __init__(self, address: str, path: str, count: int) -> None:
        self.address, self.path = address, path
        self.accepted: list[tuple[float, str]] = []
        self.refused: list[str] = []
        self.stopping = threading.Event()
        env = os.environ
        self.runner = Runner(env["SERVICE_SLUG"], env["SERVICE_NAMESPACE"], env["SERVICE_PRIVATE_KEY"])
        action = {
            "kind": "email", "to": env["RECIPIENT"], "from": "load@bench.example", "subject": "Load",
            "email_body": "One of many",
        }  # fmt: skip
        envelope = {
            "encrypted_submission": encrypt(form(self.runner.slug, actions=[action]), env["SUBMISSION_KEY"]),
            "service_slug": self.runner.slug,
            "encrypted_user_id_and_token": base64.b64encode(b"bench").decode(),
        }
        self.body = json.dumps(envelope).encode()
        self.threads = [threading.Thread(target=self.submit) for _ in range(count)]

    def run(self) -> None:
        for thread in self.threads:
            thread.start()
        sys.stdin.read()
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def submit(self) -> None:
        """One client, with a connection that it keeps."""
        host, _, port = self.address.partition(":")
        client = http.client.HTTPConnection(host, int(port or 80), timeout=30)
        headers, signed = {"content-type": "application/json"}, -TOKEN_SECONDS
        while not self.stopping.is_set() and len(self.accepted) < MOST:
            if time.monotonic() - signed >= TOKEN_SECONDS:
                signed, headers["x-access-token-v2"] = time.monotonic(), self.runner.token()
            try:
                client.request("POST", self.path, self.body, headers)
                answer = client.getresponse()
                said = answer.read()
                if answer.status == 201:
                    where = answer.headers["location"]
                    self.accepted.append((time.monotonic(), where.rpartition("/")[2]))
                else:
                    self.refused.append(f"{answer.status} {said[:200]!r}")
            except (OSError, http.client.HTTPException) as problem:
                self.refused.append(f"{type(problem).__name__}: {problem}")
                client.close()
        client.close()


if __name__ == "__main__":
    clients = Clients(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    clients.run()
    print(json.dumps({"accepted": clients.accepted, "refused": clients.refused}))
