"""What the cluster gives to a pod: ConfigMaps, Secrets, tokens and claims, and the variables made of them.

May import sandbox.base. Asking the API goes into cluster.py, what a kubelet makes of the answers into
environment.py, which is pure.
"""
