"""Whether a deployment can work, asked before anything is written.

A new foresight: a module that gives saying/problem.py's Problems, pure where it can be, and a line in
inside.py; what objects refer to is in references/, what quotas leave room for in quota/. What is not certain
is a warning. Imports base, cluster/access, cluster/api, cluster/preflight/quota,
cluster/preflight/references, cluster/preflight/saying, cluster/release,
cluster/release/changing, objects, settings.
"""

from toolkit.cluster.preflight.asking import Missing, check, granted, protected
from toolkit.cluster.preflight.saying.problem import Problem, outcome, warnings

__all__ = ["Missing", "Problem", "check", "granted", "outcome", "protected", "warnings"]
