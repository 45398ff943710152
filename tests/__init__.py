"""The toolkit's own tests, in rings: pure, scripts, sandbox, end_to_end; and bench, every claim of speed.

A ring has the rooms of what it tests: `tests/<ring>/<room>/test_<module or subject>.py`. Which ring a test
belongs to, and what it may touch there, is in CONTRIBUTING.md.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The top of the repository, however deep the test that asks for it lies."""
