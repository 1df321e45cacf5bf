"""Signing in with an account elsewhere: who comes in, who does not, and what an issuer that lies gets."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from joserfc.jwk import OctKey, RSAKey
from werkzeug.test import TestResponse

from app.auth.models import User
from app.auth.providers.models import Identity
from app.database import db
from tests.auth.test_races import at_once
from tests.auth.test_step_up import forget_password, grow_old
from tests.mail.mailbox import link_path, mails
from tests.oidc_issuer import CLIENT_ID, CLIENT_SECRET, OidcIssuer, running_issuer
from tests.people import PASSWORD, Person

LINK = "/account/security/providers/oidc/link"


@pytest.fixture(scope="module")
def running() -> Iterator[OidcIssuer]:
    with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(running: OidcIssuer) -> OidcIssuer:
    running.forget()
    return running


@pytest.fixture
def site(issuer: OidcIssuer, app_with: Callable[..., Flask]) -> Flask:
    """The site with two ways in from elsewhere, both led by the same issuer."""
    return app_with(
        login_oidc_issuer=issuer.url,
        login_oidc_name="Acme",
        login_oidc_client_id=CLIENT_ID,
        login_oidc_client_secret=CLIENT_SECRET,
        login_github_url=issuer.url + "/",
        login_github_client_id=CLIENT_ID,
        login_github_client_secret=CLIENT_SECRET,
    )


@pytest.fixture
def visitor(site: Flask) -> Person:
    return Person(site, site.test_client(), "")


@pytest.fixture
def mike(alice: Person, site: Flask) -> Person:
    """Alice, as this site serves her."""
    return alice.on(site)


def way_back(person: Person, start: str = "/login/with/oidc") -> str:
    """The path that the issuer sends the reader back to."""
    left = person.get(start)
    back = requests.get(left.location, allow_redirects=False, timeout=5).headers["Location"]
    return f"{urlsplit(back).path}?{urlsplit(back).query}"


def come_back(person: Person, start: str = "/login/with/oidc") -> TestResponse:
    return person.get(way_back(person, start))


def link(person: Person, start: str = "oidc") -> TestResponse:
    """Connect the account elsewhere, as a reader does."""
    page = f"/account/security/providers/{start}"
    begun = person.post(f"{page}/link")
    assert (begun.status_code, begun.location) == (303, f"{page}/link")
    assert f"{page}/leave" in person.get(f"{page}/link").text
    return come_back(person, f"{page}/leave")


def rows(app: Flask, model: type) -> list:
    with app.app_context():
        return list(db.session.scalars(db.select(model)))


def test_newcomer_gets_an_account_without_a_password_and_comes_back_into_it(
    visitor: Person, issuer: OidcIssuer, site: Flask
) -> None:
    issuer.email = "Carol@Example.com"

    first = come_back(visitor, "/login/with/oidc?next=/account/invoices")
    visitor.post("/logout")
    again = come_back(visitor)

    [user] = rows(site, User)
    assert (first.location, again.location) == ("/account/invoices", "/dashboard")
    assert visitor.is_signed_in
    assert (user.email, user.password_hash, user.is_admin) == ("carol@example.com", None, False)
    assert user.email_verified_at is not None
    assert mails(site) == [("welcome", "carol@example.com")]
    assert len(rows(site, Identity)) == 1


def test_round_has_a_state_a_nonce_and_a_challenge_that_are_new_each_time(visitor: Person, issuer: OidcIssuer) -> None:
    for _ in range(2):
        way_back(visitor)

    first, second = issuer.asked
    assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == f"{visitor.app.extensions['settings'].site_url}/login/with/oidc/callback"
    assert (first["scope"], first["response_type"]) == ("openid email", "code")


def test_address_that_the_issuer_has_not_proved_gets_a_mail(visitor: Person, issuer: OidcIssuer, site: Flask) -> None:
    issuer.email, issuer.email_verified = "carol@example.com", False

    come_back(visitor)

    assert rows(site, User)[0].email_verified_at is None
    assert mails(site) == [("verify_email", "carol@example.com")]


@pytest.mark.parametrize("is_verified", [True, False])
def test_address_of_somebody_else_opens_nothing(
    alice: Person, visitor: Person, issuer: OidcIssuer, is_verified: bool
) -> None:
    issuer.email, issuer.email_verified = alice.email, is_verified

    answer = come_back(visitor)

    assert answer.location == "/login?next=/account/security"
    assert not visitor.is_signed_in
    assert f"{alice.email} has an account here" in visitor.get("/login").text
    assert rows(alice.app, Identity) == []


def test_address_that_its_owner_can_still_take_back_makes_no_account(
    mike: Person, visitor: Person, issuer: OidcIssuer, site: Flask
) -> None:
    mike.post("/account/email", email="mallory@example.net", current_password=PASSWORD)
    mike.get(link_path(site, "verify_email", "mallory@example.net"))
    issuer.email = "alice@example.com"

    answer = come_back(visitor)
    undo = link_path(site, "email_changed", "alice@example.com")

    assert answer.location == "/login?next=/account/security"
    assert rows(site, Identity) == []
    assert Person(site, site.test_client(), "").post(undo, page="/login").status_code == 303


def test_newcomer_without_an_address_is_led_to_sign_up(visitor: Person, site: Flask) -> None:
    assert come_back(visitor).location == "/signup"
    assert rows(site, User) == []


OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"})
LIES: dict[str, dict[str, object]] = {
    "nonce of another round": {"claims": {"nonce": "another"}},
    "no nonce": {"claims": {"nonce": None}},
    "for another site": {"claims": {"aud": "another"}},
    "for another site, by way of us": {"claims": {"aud": "another", "azp": CLIENT_ID}},
    "for us and another, without saying who asked": {"claims": {"aud": [CLIENT_ID, "another"]}},
    "for nobody": {"claims": {"aud": None}},
    "by another issuer": {"claims": {"iss": "https://evil.example"}},
    "by nobody": {"claims": {"iss": None}},
    "expired": {"claims": {"exp": int(time.time()) - 600, "iat": int(time.time()) - 900}},
    "without an end": {"claims": {"exp": None}},
    "not valid yet": {"claims": {"nbf": int(time.time()) + 600}},
    "about nobody": {"claims": {"sub": None}},
    "about a number": {"claims": {"sub": 1}},
    "about the empty name": {"claims": {"sub": ""}},
    "signed by another key": {"key": OTHER_KEY},
    "unsigned": {"header": {"alg": "none"}},
    "signed with the secret that both know": {"header": {"alg": "HS256"}, "key": OctKey.import_key(CLIENT_SECRET)},
    "changed on the way": {"edit": lambda token: token[:-8] + "AAAAAAAA"},
    "no token": {"edit": lambda _: ""},
    "nonsense": {"edit": lambda _: "nonsense"},
    "of an issuer that calls itself another": {"metadata": {"issuer": "https://evil.example"}},
    "with the access token of another": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_token_that_does_not_hold_signs_nobody_in(
    visitor: Person, issuer: OidcIssuer, site: Flask, lie: dict[str, object]
) -> None:
    issuer.email = "carol@example.com"
    for name, value in lie.items():
        setattr(issuer, name, value)

    left = visitor.get("/login/with/oidc")
    answer = come_back(visitor) if left.location.startswith(issuer.url) else left

    assert answer.location == "/login"
    assert "Acme has not told us who you are" in visitor.get("/login").text
    assert rows(site, User) == []


def test_honest_answer_is_taken_by_the_browser_that_began_and_only_once(
    visitor: Person, issuer: OidcIssuer, site: Flask
) -> None:
    issuer.email = "carol@example.com"
    back = way_back(visitor)

    stranger = Person(site, site.test_client(), "")
    elsewhere = stranger.get(back)
    first = visitor.get(back)
    visitor.post("/logout")
    again = visitor.get(back)

    assert (elsewhere.location, first.location, again.location) == ("/login", "/dashboard", "/login")
    assert not stranger.is_signed_in
    assert not visitor.is_signed_in


@pytest.mark.parametrize(
    "query", ["", "?error=access_denied", "?code=x", "?code=x&state=y", "?state=y", "?iss=https://evil.example"]
)
def test_coming_back_with_nothing_to_show_signs_nobody_in(visitor: Person, query: str) -> None:
    assert visitor.get(f"/login/with/oidc/callback{query}").location == "/login"


def test_answer_that_names_another_issuer_is_refused(visitor: Person, issuer: OidcIssuer) -> None:
    issuer.email = "carol@example.com"

    assert visitor.get(f"{way_back(visitor)}&iss=https://evil.example").location == "/login"


def test_round_that_began_at_one_provider_does_not_end_at_another(visitor: Person, issuer: OidcIssuer) -> None:
    issuer.email = "carol@example.com"

    answer = visitor.get(way_back(visitor, "/login/with/github").replace("/github/", "/oidc/"))

    assert answer.location == "/login"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_round_leads_to_no_other_site(visitor: Person, issuer: OidcIssuer, target: str) -> None:
    issuer.email = "carol@example.com"

    assert come_back(visitor, f"/login/with/oidc?next={target}").location == "/dashboard"


def test_issuer_that_is_away_is_no_error_of_ours(app_with: Callable[..., Flask]) -> None:
    away = {"login_oidc_issuer": "http://127.0.0.1:9", "login_oidc_client_id": "x", "login_oidc_client_secret": "y"}
    site = app_with(**away)

    assert Person(site, site.test_client(), "").get("/login/with/oidc").location == "/login"


def test_github_is_known_by_the_number_that_stays(visitor: Person, issuer: OidcIssuer, site: Flask) -> None:
    issuer.email = "carol@example.com"

    come_back(visitor, "/login/with/github")

    [identity], [user] = rows(site, Identity), rows(site, User)
    assert (identity.issuer, identity.subject, identity.email) == (issuer.url, "248289761001", "carol@example.com")
    assert user.email == "carol@example.com"


def test_way_in_is_connected_lets_in_and_is_disconnected(mike: Person, visitor: Person, issuer: OidcIssuer) -> None:
    issuer.email = "another@example.com"

    linked = link(mike)
    came_in = come_back(visitor)
    visitor.post("/logout")
    page = mike.get("/account/security").text
    mike.post(f"/account/security/providers/{rows(mike.app, Identity)[0].id}/unlink")
    issuer.email = ""

    assert (linked.location, came_in.location) == ("/account/security", "/dashboard")
    assert "another@example.com" in page
    assert come_back(visitor).location == "/signup"
    assert mails(mike.app, mike.email).count(("sign_in_changed", mike.email)) == 2


def test_several_ways_in_may_lead_into_one_account(mike: Person, issuer: OidcIssuer) -> None:
    link(mike)
    issuer.subject = "2"
    link(mike, "github")
    issuer.subject = "3"
    link(mike)

    assert len(rows(mike.app, Identity)) == 3


def test_what_lets_somebody_else_in_is_not_connected(mike: Person, bob: Person, site: Flask) -> None:
    link(bob.on(site))

    link(mike)

    assert "lets somebody into another account here" in mike.get("/account/security").text
    assert [row.user_id for row in rows(site, Identity)] == [bob.id]


def test_connecting_needs_the_form_and_a_fresh_sign_in(mike: Person) -> None:
    without_form = mike.client.post(LINK).status_code
    grow_old(mike)

    assert without_form == 400
    assert mike.post(LINK).location == "/account/security/confirm"
    assert mike.post("/account/security/providers/00000000-0000-0000-0000-000000000000/unlink").location == (
        "/account/security/confirm"
    )


def test_link_to_sign_in_connects_nothing(mike: Person, issuer: OidcIssuer, site: Flask) -> None:
    """A page of somebody else can send a reader to sign in, with the form to connect begun and left."""
    mike.post(LINK)
    issuer.email = "mallory@example.com"

    come_back(mike, "/login/with/oidc")

    assert rows(site, Identity)[0].user_id != mike.id


def test_connection_that_was_begun_by_another_reader_connects_nothing(mike: Person, bob: Person, site: Flask) -> None:
    mike.post(LINK)
    with mike.client.session_transaction() as cookie, bob.client.session_transaction() as bobs:
        cookie["_user_id"] = bobs["_user_id"]

    come_back(mike, "/account/security/providers/oidc/leave")

    assert rows(site, Identity) == []


def test_page_of_another_site_signs_nobody_in_without_a_press(visitor: Person, issuer: OidcIssuer) -> None:
    sent = visitor.client.get("/login/with/oidc?next=/account", headers={"Sec-Fetch-Site": "cross-site"})

    assert sent.status_code == 200
    assert 'href="/login/with/oidc?next=/account"' in sent.text
    assert issuer.asked == []


def test_last_way_in_is_not_disconnected(mike: Person, site: Flask) -> None:
    link(mike)
    forget_password(mike)

    mike.post(f"/account/security/providers/{rows(site, Identity)[0].id}/unlink")

    assert len(rows(site, Identity)) == 1
    assert "This is the only way into your account." in mike.get("/account/security").text


def test_of_two_last_ways_in_disconnected_at_once_one_stays(mike: Person, issuer: OidcIssuer, site: Flask) -> None:
    link(mike)
    issuer.subject = "2"
    link(mike)
    forget_password(mike)
    ways = [(mike.on(site), identity.id) for identity in rows(site, Identity)]
    forms = [(person, person.csrf_token(), f"/account/security/providers/{id}/unlink") for person, id in ways]

    at_once(*(lambda p=p, t=t, path=path: p.client.post(path, data={"csrf_token": t}) for p, t, path in forms))

    assert len(rows(site, Identity)) == 1


def test_way_in_of_somebody_else_stays(mike: Person, bob: Person, site: Flask) -> None:
    link(mike)

    bob.on(site).post(f"/account/security/providers/{rows(site, Identity)[0].id}/unlink")

    assert len(rows(site, Identity)) == 1


@pytest.mark.needs("app/auth/factors")
def test_second_step_is_asked_for_after_an_account_elsewhere_too(mike: Person, visitor: Person) -> None:
    from tests.auth.factors.phones import Phone, second_step

    link(mike)
    phone = Phone.of(mike)

    answer = come_back(visitor)

    assert answer.location == "/login/second-step"
    assert not visitor.is_signed_in
    assert second_step(visitor, phone.code()).location == "/dashboard"


def test_newcomer_who_comes_twice_at_once_has_one_account(issuer: OidcIssuer, site: Flask) -> None:
    issuer.email = "carol@example.com"
    people = [Person(site, site.test_client(), "") for _ in range(3)]
    ways = [(person, way_back(person)) for person in people]

    answers = at_once(*(lambda p=p, path=path: p.get(path) for p, path in ways))

    assert len(rows(site, User)) == len(rows(site, Identity)) == 1
    assert all(answer.status_code in (302, 303) for answer in answers)


def test_password_is_set_by_mail_where_there_was_none(visitor: Person, issuer: OidcIssuer, site: Flask) -> None:
    issuer.email = "carol@example.com"
    come_back(visitor)
    visitor.post("/logout")
    visitor.post("/forgot-password", page="/forgot-password", email="carol@example.com")
    link = link_path(site, "password_reset", "carol@example.com")

    visitor.post(link, page=link, password="nine lives of a cat")
    answer = visitor.post("/login", page="/login", email="carol@example.com", password="nine lives of a cat")

    assert answer.location == "/dashboard"
    assert len(rows(site, Identity)) == 1


def test_buttons_stand_where_the_settings_are_and_nowhere_else(visitor: Person, alice: Person) -> None:
    page = visitor.get("/login?plan=pro&interval=year").text

    assert "Continue with Acme" in page
    assert "/login/with/github?plan=pro" in page
    assert "Continue with Acme" in visitor.get("/signup").text
    assert "Continue with" not in Person(alice.app, alice.app.test_client(), "").get("/login").text
    assert alice.get("/login/with/oidc").status_code == 404
    assert alice.get("/login/with/google").status_code == 404


def test_export_says_which_ways_in_there_are(mike: Person, issuer: OidcIssuer) -> None:
    link(mike)

    [identity] = mike.get("/account/export").json["identities"]

    assert (identity["issuer"], identity["subject"]) == (issuer.url, issuer.subject)
