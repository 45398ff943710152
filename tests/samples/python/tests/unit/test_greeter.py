"""What the greeter says."""

from greeter import greet


def test_it_greets_by_name() -> None:
    assert greet("Ada") == "Hello, Ada"


def test_it_greets_a_stranger() -> None:
    assert greet("") == "Hello, whoever you are"
