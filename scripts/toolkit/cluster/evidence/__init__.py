"""What proves a verdict: lines for the outcome, files for the record, and a page for the person on call."""

from toolkit.cluster.evidence.about import About
from toolkit.cluster.evidence.keeping import conclude, keep
from toolkit.cluster.evidence.lines import last_words, of

__all__ = ["About", "conclude", "keep", "last_words", "of"]
