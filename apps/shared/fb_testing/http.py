"""One HTTP client for a whole test process: making one costs more than most requests."""

import httpx

client = httpx.Client(timeout=40, trust_env=False, transport=httpx.HTTPTransport(retries=1))
