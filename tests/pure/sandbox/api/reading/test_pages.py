"""Continue tokens of lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.api.reading.pages import decode_token, encode_token
from sandbox.api.wire.status import StatusError


@given(st.integers(0, 2**40), st.text(), st.text())
def test_continue_tokens_come_back(version: int, namespace: str, name: str) -> None:
    assert decode_token(encode_token(version, (namespace, name))) == (version, (namespace, name))


@given(st.text(max_size=50))
def test_foreign_tokens_are_bad_requests(text: str) -> None:
    with pytest.raises(StatusError) as error:
        decode_token(text)
    assert error.value.code == 400
