"""Events come in by a door of their own, and the route behind it answers the same."""

import pytest
from flask import Flask

from tests.stripe_actions import event_of, signed

pytestmark = pytest.mark.needs("app/webhook/door.py")
PATH = "/webhooks/stripe"


@pytest.mark.parametrize(
    ("secret", "padding", "status"),
    [(None, "", 200), ("whsec_somebody_else", "", 400), (None, "x" * 1024 * 1024, 413)],
    ids=["taken", "refused", "too large"],
)
def test_door_answers_as_the_route_behind_it(
    app: Flask, catalogue: None, secret: str | None, padding: str, status: int
) -> None:
    event = event_of("product.created", {"id": "prod_1", "object": "product", "description": padding})
    body, headers = signed(event, secret or app.extensions["settings"].webhook_secrets[0])

    at_the_door = app.test_client().post(PATH, data=body, headers=headers)
    with app.test_request_context(PATH, method="POST", data=body, headers=headers):
        at_the_route = app.full_dispatch_request()

    assert (at_the_door.status_code, at_the_route.status_code) == (status, status)
    assert at_the_door.data == at_the_route.data
    assert at_the_door.mimetype == at_the_route.mimetype == "application/json"
    assert {"X-Request-ID", "Content-Security-Policy"} <= set(at_the_door.headers.keys())


def test_whatever_is_no_delivery_goes_to_the_pages(app: Flask) -> None:
    client = app.test_client()

    assert client.get(PATH).status_code == 405
    assert client.get("/").mimetype == "text/html"
