"""One line per object, as `kubectl get` shows it: columns and cells, one module per family of kinds. All
pure."""
