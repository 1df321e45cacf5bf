import re
import time

import pytest
from flask import request
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from app.config.settings import Settings
from app.keys import signing_keys
from app.security import security_headers


@pytest.mark.parametrize("path", ["/", "/pricing", "/login", "/nowhere", "/healthz"])
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path).headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


@pytest.mark.parametrize(("address", "is_strict"), [("https://example.com", True), ("http://127.0.0.1:5000", False)])
def test_pages_stay_on_https_in_no_frame_and_with_no_opener(address, is_strict):
    headers = dict(security_headers(Settings(app_env="testing", base_url=address)))

    assert headers["Permissions-Policy"].count("=()") > 10
    assert headers["Reporting-Endpoints"] == 'csp="/csp-reports"'
    assert {"report-to csp", "report-uri /csp-reports"} <= set(headers["Content-Security-Policy"].split("; "))
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"].split("; ")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert ("max-age=63072000" in headers.get("Strict-Transport-Security", "")) == is_strict


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


def test_a_visitors_token_is_nothing_to_who_is_signed_in(client, alice):
    token = client.get("/pricing").text.split('name="csrf_token" value="')[1].split('"')[0]

    assert alice.client.post("/checkout/pro", data={"csrf_token": token}).status_code == 400


@pytest.mark.parametrize(("hours", "status"), [(23, 303), (25, 400)])
def test_a_visitors_token_lasts_a_day(client, hours, status):
    class Earlier(TimestampSigner):
        def get_timestamp(self):
            return int(time.time()) - hours * 3600

    with client.application.app_context():
        keys = signing_keys("forms")
    token = URLSafeTimedSerializer(keys, salt="visitor-checkout", signer=Earlier).dumps("checkout")

    assert client.post("/checkout/pro", data={"csrf_token": token}).status_code == status


def test_a_forwarded_host_is_not_believed_behind_a_proxy_either(app_with):
    with app_with(trusted_proxies=1).test_client() as client:
        client.get("/healthz", headers={"X-Forwarded-Host": "127.0.0.1:5000", "Host": "shop.example"})

        assert request.host == "shop.example"


def test_a_forged_host_changes_no_link(client, settings):
    page = client.get("/", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})

    assert "evil.example" not in page.text


@pytest.mark.parametrize("path", ["/static/nowhere.css", "/static/"])
def test_a_page_in_a_files_place_is_kept_by_no_cache(alice, path):
    assert alice.get(path).headers["Cache-Control"] == "no-store"


def test_forms_may_lead_to_the_custom_domains_of_checkout(app_with):
    policy = app_with(checkout_domains="pay.example.com").test_client().get("/").headers["Content-Security-Policy"]

    [form_action] = [part for part in policy.split("; ") if part.startswith("form-action")]
    assert " https://pay.example.com" in form_action
