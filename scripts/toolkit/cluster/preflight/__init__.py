"""Whether a deployment can work, asked before anything is written."""

from toolkit.cluster.preflight.asking import Missing, check, protected
from toolkit.cluster.preflight.problem import Problem, outcome

__all__ = ["Missing", "Problem", "check", "outcome", "protected"]
