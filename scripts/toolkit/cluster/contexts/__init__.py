"""Which cluster, user and namespace a person's kubeconfig names: files in, one context out.

Another place where clusters are named goes beside kubeconfigs.py.
Imports base, objects.
"""
