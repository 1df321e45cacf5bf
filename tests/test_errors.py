"""Error pages: what is shown where nothing can be."""

import pytest
from flask.testing import FlaskClient

from tests.people import PASSWORD, Person


@pytest.mark.parametrize(
    ("path", "way_on"),
    [("/account/portal", "/account"), ("/checkout/pro", "/pricing"), ("/logout", "/"), ("/verify-email", "/")],
)
def test_address_of_a_form_says_where_to_go_on(alice: Person, path: str, way_on: str) -> None:
    answer = alice.get(path)

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert "There is nothing to look at here" in answer.text
    assert f'<a class="button button--primary" href="{way_on}">' in answer.text


@pytest.mark.parametrize("path", ["/account/email", "/account/password", "/account/sessions/revoke"])
def test_form_that_was_shown_again_with_a_mistake_leads_back_to_the_account(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.location) == (302, "/account/security")


def test_changing_something_while_logged_out_leads_on_to_a_page(alice: Person) -> None:
    bob = Person(alice.app, alice.app.test_client(), alice.email)

    door = bob.client.post("/account/email", data={"csrf_token": bob.csrf_token("/login")}).location
    inside = bob.post(door, page=door, email=alice.email, password=PASSWORD).location

    assert bob.get(inside).status_code == 200
