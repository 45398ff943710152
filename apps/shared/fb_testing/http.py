"""One HTTP client for a whole test process: making one costs more than most requests."""

import httpx

client = httpx.Client(timeout=40, trust_env=False, transport=httpx.HTTPTransport(retries=1))


def expect_good(url: str, *routes: str) -> None:
    """GET each route below `url`; AssertionError that says how it is answered unless that is 200."""
    __tracebackhide__ = True
    for route in routes:
        answer = client.get(f"{url}/{route}")
        if answer.status_code != 200:
            raise AssertionError(f"/{route} answers {answer.status_code}: {answer.text[:200]}")
