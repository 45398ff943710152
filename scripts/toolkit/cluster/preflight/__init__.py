"""Whether a deployment can work, asked before anything is written.

A new foresight: a module that gives problem.py's Problems, pure where it can be, and a line in asking.py.
Imports base, cluster/api, cluster/release, objects, settings.
"""

from toolkit.cluster.preflight.asking import Missing, check, protected
from toolkit.cluster.preflight.problem import Problem, outcome

__all__ = ["Missing", "Problem", "check", "outcome", "protected"]
