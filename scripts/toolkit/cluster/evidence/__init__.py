"""What proves a verdict: lines for the outcome, files for the record, a page for the person on call.

A new file of the evidence: a module that makes its text (pure), and a line in keeping.py.
Imports base, cluster/api, cluster/diagnosis, objects, typed.
"""

from toolkit.cluster.evidence.about import About
from toolkit.cluster.evidence.keeping import conclude, keep
from toolkit.cluster.evidence.lines import last_words, of

__all__ = ["About", "conclude", "keep", "last_words", "of"]
