"""Whether it does its job."""

import json
import os
import urllib.request


def test_two_and_two() -> None:
    with urllib.request.urlopen(f"{os.environ['APP_URL']}/add?n=2&n=2", timeout=10) as answer:
        assert json.load(answer) == {"sum": 4}
