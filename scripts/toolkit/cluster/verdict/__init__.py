"""Watch plus diagnosis is a verdict: how long what may last, and when it is called.

rollout.py follows one rollout; patience.py says how long a finding may last, wording.py how it is said.
Imports base, cluster/api, cluster/diagnosis, cluster/evidence, objects.
"""
