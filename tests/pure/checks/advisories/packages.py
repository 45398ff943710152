"""Advisories for the tests of them."""

from __future__ import annotations

from datetime import UTC, datetime

from toolkit.checks.advisories.model import SCHEMA

STAMP = int(datetime(2021, 7, 1, 12, tzinfo=UTC).timestamp())
NEW = {
    "meta": {"schema_version": SCHEMA, "timestamp": STAMP + 86400 * 365},
    "vulnerable_packages": {
        "jinja2": [
            {
                "ids": [{"type": "pyup", "id": "65511"}, {"type": "cve", "id": "CVE-2024-22195"}],
                "specs": ["<3.1.3"],
                "advisory": "xmlattr",
                "more_info_path": "/v/65511",
            }
        ]
    },
}
