"""Asks an address again and again until it is ended, and prints what came of it, a line of JSON now and then.

For a pod: only the standard library. `python load.py HOST PATH`; half of its clients keep their connection
for some requests, the others make one for each. None tries anything again: what fails once is lost.
"""

import http.client
import json
import sys
import threading
import time

CLIENTS = 8
PAUSE = 0.05  # seconds between two requests of a client
PER_CONNECTION = 5
EVERY = 0.25

answers: dict[str, int] = {}  # the release that answered: how many times
lost: list[str] = []
lock = threading.Lock()


def ask(host: str, path: str, requests: int) -> None:
    while True:
        client = http.client.HTTPConnection(host, 80, timeout=20)
        for _ in range(requests):
            try:
                client.request("GET", path)
                answer = client.getresponse()
                body = answer.read()
                said = "" if answer.status == 200 else f"{answer.status} {body[:100]!r}"
                release = json.loads(body)["version"] if not said else ""
            except (OSError, http.client.HTTPException) as error:
                said = f"{type(error).__name__}: {error} ({requests} a connection)"
            with lock:
                if said:
                    lost.append(said)
                else:
                    answers[release] = answers.get(release, 0) + 1
            if said:
                break
            time.sleep(PAUSE)
        client.close()


for number in range(CLIENTS):
    requests = PER_CONNECTION if number % 2 else 1
    threading.Thread(target=ask, args=(*sys.argv[1:3], requests), daemon=True).start()
while True:
    time.sleep(EVERY)
    with lock:
        print(json.dumps({"answers": answers, "lost": lost[:20], "all_lost": len(lost)}), flush=True)
