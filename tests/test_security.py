import re

import pytest


@pytest.mark.parametrize("path", ["/", "/pricing", "/login", "/nowhere", "/healthz"])
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path).headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


def test_forms_may_lead_to_checkout_and_the_portal(client, settings):
    policy = client.get("/pricing").headers["Content-Security-Policy"]
    form_action = next(part for part in policy.split("; ") if part.startswith("form-action"))

    assert form_action.split()[1:] == [
        "'self'",
        "https://checkout.stripe.com",
        "https://billing.stripe.com",
        settings.stripe_base,
    ]


@pytest.mark.parametrize("path", ["/", "/pricing"])
def test_visitors_get_pages_without_a_cookie(client, path):
    assert "Set-Cookie" not in client.get(path).headers


@pytest.mark.parametrize(
    "path",
    ["/login", "/signup", "/logout", "/checkout/pro", "/account/portal", "/account/email", "/account/delete",
     "/forgot-password", "/verify-email"],
)  # fmt: skip
def test_a_post_without_a_token_is_refused(client, path):
    assert client.post(path, data={"email": "a@example.com"}).status_code == 400


def test_a_part_without_a_name_is_refused_by_every_form(app):
    client = app.test_client()
    body = b"--x\r\nContent-Disposition: form-data\r\n\r\nhello\r\n--x--\r\n"
    forms = [rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]

    answers = {
        path: client.post(re.sub(r"<.*?>", "1", path), data=body, content_type="multipart/form-data; boundary=x")
        for path in forms
    }

    assert {path for path, answer in answers.items() if answer.status_code not in (400, 404)} == set()


def test_a_visitors_token_opens_nothing_but_the_buy_button(client):
    page = client.get("/pricing").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]

    bought = client.post("/checkout/pro", data={"csrf_token": token, "interval": "year"})
    logged_in = client.post("/login", data={"csrf_token": token, "email": "a@example.com", "password": "x"})

    assert bought.status_code == 303
    assert bought.headers["Location"] == "/signup?plan=pro&interval=year"
    assert logged_in.status_code == 400


def test_a_forged_host_changes_no_link(client, settings):
    page = client.get("/", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})

    assert "evil.example" not in page.text


@pytest.mark.parametrize("path", ["/static/nowhere.css", "/static/"])
def test_a_page_in_a_files_place_is_kept_by_no_cache(alice, path):
    assert alice.get(path).headers["Cache-Control"] == "no-store"
