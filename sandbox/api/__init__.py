"""The Kubernetes REST API of the sandbox: the only thing its controllers and its node talk to.

The root ties the rooms together: server.py opens the state and listens, routes.py brings a request to its
handler. From there down: handlers/, calls/ (one request), writing/ and reading/, admission/, access/,
storage/, and the pure ones, validation/, defaults/, patching/, wire/ and types/. Never imports controllers or
node.
"""
