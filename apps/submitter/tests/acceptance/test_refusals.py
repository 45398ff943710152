"""What the submitter must not take."""

import base64
import time

from fb_testing.keys import key_pair
from fb_testing.runner import encrypt, form

from .conftest import Form


def test_a_token_that_is_missing_unsigned_forged_or_old(person: Form) -> None:
    runner, document = person.runner, form(person.runner.slug, actions=[])
    claims = runner.token().split(".")[1]
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=") + f".{claims}."
    forger = type(runner)(runner.slug, runner.namespace, key_pair()[0])
    tokens = {
        "missing": "",
        "unsigned": unsigned,
        "forged": forger.token(),
        "too old": runner.token(iat=int(time.time()) - 120),
        "of a service that is not there": runner.token(iss="no-such-service"),
    }
    answers = {
        name: runner.submit(
            person.submitter, document, headers={"x-access-token-v2": token} if token else {"x-no-token": "1"}
        ).status_code
        for name, token in tokens.items()
    }
    assert answers == dict.fromkeys(tokens, 403)


def test_a_payload_that_cannot_be_read_or_breaks_the_contract(person: Form) -> None:
    good = form(person.runner.slug, actions=[])
    without = {name: value for name, value in good.items() if name != "service"}
    answers = {
        "another key": person.runner.submit(
            person.submitter, good, encrypted_submission=encrypt(good, "F" * 32)
        ),
        "no base64": person.runner.submit(person.submitter, good, encrypted_submission="%%%"),
        "no service": person.runner.submit(person.submitter, without),
        "unknown action": person.runner.submit(person.submitter, {**good, "actions": [{"kind": "fax"}]}),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 422)
