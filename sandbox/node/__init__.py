"""The node: a kubelet-like agent that runs each container of its pods as a process of this machine.

The root knows whole pods: agent.py finds them, pod.py lives with one, server.py serves their logs. Below it
containers/ (the life of one), and below that what it needs: probes/, storage/, configuration/, reporting/,
processes/, timing/; beside it network/. May import images/keeping/; never api or controllers.
"""
