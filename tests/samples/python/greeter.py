"""Greets people by their names."""


def greet(name: str) -> str:
    """Say hello to somebody."""
    if not name:
        return "Hello, whoever you are"
    return f"Hello, {name}"
