"""Watch plus diagnosis is a verdict: how long what may last, and when it is called.

rollout.py follows one rollout: sight.py is what it sees, trust.py whether that may be believed, patience.py
how long a finding may last, wording.py and telling.py how it is said, result.py what became of each object.
Imports base, cluster/api, cluster/diagnosis, cluster/diagnosis/kinds, cluster/evidence, objects,
settings/said.
"""
