"""StatefulSets and DaemonSets: workloads that own their pods themselves and keep their history in
ControllerRevisions.

May import machinery/. What decides is pure (stateful_plan.py, daemon_plan.py); what both share is in
history.py.
"""
