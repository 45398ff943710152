"""The node: a kubelet-like agent that runs each container of its pods as a process of this machine."""
