"""What the API server checks before it stores an object, one module per family of kinds. All pure."""
