"""Accept headers: in which form a client wants its answer."""

from __future__ import annotations

import pytest

from sandbox.api.wire.negotiation import Form, form_of
from sandbox.api.wire.status import StatusError

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", Form.OBJECT),
        ("*/*", Form.OBJECT),
        ("application/json", Form.OBJECT),
        ("application/vnd.kubernetes.protobuf,application/json", Form.OBJECT),
        (f"{TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Form.TABLE),
        ("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Form.OBJECT),
        (
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
            Form.OBJECT,
        ),
        ("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", Form.METADATA),
    ],
)
def test_accept(accept: str, expected: Form) -> None:
    assert form_of(accept) is expected


@pytest.mark.parametrize(
    "accept", ["application/vnd.kubernetes.protobuf", "text/html", "application/json;as=Other;v=v1"]
)
def test_accept_that_cannot_be_served(accept: str) -> None:
    with pytest.raises(StatusError) as error:
        form_of(accept)
    assert error.value.code == 406
