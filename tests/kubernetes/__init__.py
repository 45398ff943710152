"""The ring on real Kubernetes: `make test-kubernetes`.

On the cluster that KUBERNETES_TEST_CONFIG (a kubeconfig that may create namespaces) and
KUBERNETES_TEST_REGISTRY name, else on a node of one's own (node/). asking.py is how tests speak to the API
server, conftest.py what they are given.
"""
