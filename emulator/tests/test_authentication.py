"""Keys: who is let in, and how the rest is turned away."""

import base64

import pytest
import stripe

from stripe_emulator import Emulator
from tests.conftest import client_for
from tests.http import send


@pytest.mark.parametrize("key", ["sk_test_anything", "rk_test_anything", "sk_test_123456789012"])
def test_any_test_key_is_accepted(emulator: Emulator, key: str) -> None:
    answer = send(emulator.url, "GET", "/v1/account", headers={"Authorization": f"Bearer {key}"})

    assert answer.status == 200


def test_key_is_accepted_as_basic_user(emulator: Emulator) -> None:
    credentials = base64.b64encode(b"sk_test_basic:").decode()

    answer = send(emulator.url, "GET", "/v1/account", headers={"Authorization": f"Basic {credentials}"})

    assert answer.status == 200


def test_missing_key_is_stripes_401(emulator: Emulator) -> None:
    answer = send(emulator.url, "GET", "/v1/customers", headers={})

    assert answer.status == 401
    assert answer.error["type"] == "invalid_request_error"
    assert answer.error["message"].startswith("You did not provide an API key.")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Stripe"'


@pytest.mark.parametrize(
    "header", ["Bearer ", "Bearer nonsense", "Basic !!!", "Digest x", "Bearer sk_test_", "Bearer pk_test_abc"]
)
def test_other_keys_are_refused(emulator: Emulator, header: str) -> None:
    answer = send(emulator.url, "GET", "/v1/customers", headers={"Authorization": header})

    assert answer.status == 401
    assert answer.error["message"]


def test_live_key_is_refused_and_not_repeated(emulator: Emulator) -> None:
    client = client_for(emulator.url, "sk_live_51SecretSecretSecret")

    with pytest.raises(stripe.AuthenticationError) as caught:
        client.v1.customers.list()

    assert "test mode keys only" in str(caught.value)
    assert "SecretSecret" not in str(caught.value)


def test_account_that_is_not_there_is_a_403(emulator: Emulator) -> None:
    client = client_for(emulator.url)
    own = client.v1.accounts.retrieve_current().id

    client.v1.customers.list({}, {"stripe_account": own})
    with pytest.raises(stripe.PermissionError) as caught:
        client.v1.customers.list({}, {"stripe_account": "acct_missing"})

    assert caught.value.http_status == 403
    assert "does not have access to account 'acct_missing'" in str(caught.value)
