"""A real Kubernetes of one node on this machine: `make kubernetes-tools`, `kubernetes-up`, `kubernetes-down`.

Control plane, kubelet and kube-proxy are built from the Go module k8s.io/kubernetes that go/go.mod pins,
CoreDNS from its own, once; etcd, containerd, runc, CNI plugins, a registry and podman, which builds images
behind Docker's API, are Debian's. All of it works in a network namespace, a cgroup and folders of its own
(places.py), and is ended by pid. A program more of the node is a row in programs.py; one more to install, a
row in parts.py.
"""
