"""The hosted pages in Chromium, with scripts and without."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from stripe_emulator import Emulator
from tests.hosted.conftest import Shop


class Merchant(BaseHTTPRequestHandler):
    """A shop's pages on another origin than the emulator's."""

    def do_GET(self) -> None:
        """Greet whoever comes back."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Shop</title><h1>Back at the shop</h1>")

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture(scope="module")
def merchant() -> Iterator[str]:
    """Run the shop that customers return to."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Merchant) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(params=[True, False], ids=["scripts on", "scripts off"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """Open a tab that must not break the content security policy."""
    context = browser.new_context(java_script_enabled=request.param, viewport={"width": 390, "height": 800})
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    yield tab
    context.close()
    assert [text for text in complaints if "Content Security Policy" in text] == []


def fill_card(page: Page, number: str) -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiration").fill("12 / 34")
    page.get_by_label("CVC").fill("123")


def checkout(shop: Shop, merchant: str) -> str:
    session = shop.checkout(
        customer=shop.customer().id,
        success_url=f"{merchant}/done?session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{merchant}/pricing",
    )
    return str(session.url)


def test_subscribing_after_a_decline_and_three_d_secure(shop: Shop, merchant: str, page: Page) -> None:
    page.goto(checkout(shop, merchant))
    fill_card(page, "4000 0000 0000 0002")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("alert")).to_contain_text("Your card was declined.")
    expect(page.get_by_label("Card number")).to_have_value("4000 0000 0000 0002")

    fill_card(page, "4000 0027 6000 3184")
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("button", name="Complete").click()

    expect(page.get_by_role("heading", name="Back at the shop")).to_be_visible()
    assert page.url.startswith(f"{merchant}/done?session_id=cs_test_")


def test_one_press_of_a_test_card_and_one_of_subscribe(shop: Shop, merchant: str, page: Page) -> None:
    page.goto(checkout(shop, merchant))

    page.get_by_role("button", name="Succeeds").click()
    expect(page.get_by_label("Card number")).to_have_value("4242 4242 4242 4242")
    page.get_by_role("button", name="Subscribe").click()

    expect(page.get_by_role("heading", name="Back at the shop")).to_be_visible()


def test_card_is_checked_before_it_is_sent(shop: Shop, merchant: str, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(checkout(shop, merchant))

    page.get_by_label("Card number").press_sequentially("5555555555554445")
    expect(page.locator(".mark--mastercard")).to_be_visible()
    page.get_by_role("button", name="Subscribe for $29.00 a month").click()

    expect(page.get_by_text("Your card number is invalid.")).to_be_visible()
    expect(page.get_by_text("Your card's security code is incomplete.")).to_be_visible()
    expect(page.get_by_label("Card number")).to_be_focused()
    expect(page.get_by_label("Card number")).to_have_value("5555 5555 5555 4445")
    assert "/c/pay/" in page.url
    context.close()


def test_back_leads_to_where_the_shop_said(shop: Shop, merchant: str, page: Page) -> None:
    page.goto(checkout(shop, merchant))

    page.get_by_role("link", name="Back").click()

    assert page.url == f"{merchant}/pricing"


def test_portal_changes_cancels_and_renews(shop: Shop, merchant: str, page: Page) -> None:
    customer, subscription = shop.subscriber("basic_month")
    page.goto(shop.portal(customer.id, configuration=shop.configuration(), return_url=f"{merchant}/account"))

    page.get_by_role("link", name="Update plan").click()
    page.get_by_label("Pro, $29.00 per month").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("$20.00")).to_be_visible()
    page.get_by_role("button", name="Update plan").click()
    expect(page.get_by_text("You are on Pro, $29.00 per month.")).to_be_visible()

    page.get_by_role("link", name="Cancel plan").click()
    page.get_by_label("It's too expensive").check()
    page.get_by_role("button", name="Cancel plan").click()
    expect(page.get_by_text("Pro stays on until")).to_be_visible()

    page.get_by_role("button", name="Renew plan").click()
    expect(page.get_by_text("It renews on")).to_be_visible()
    assert shop.client.v1.subscriptions.retrieve(subscription.id).cancel_at is None

    page.get_by_role("link", name="Back").click()
    assert page.url == f"{merchant}/account"


def test_portal_adds_a_card(shop: Shop, merchant: str, page: Page) -> None:
    customer, _ = shop.subscriber("basic_month")
    page.goto(shop.portal(customer.id, configuration=shop.configuration()))

    page.get_by_role("link", name="Add payment method").click()
    fill_card(page, "5555 5555 5555 4444")
    page.get_by_role("button", name="Add payment method").click()

    expect(page.get_by_text("Mastercard ending in 4444")).to_be_visible()


def test_flow_with_a_redirect_ends_at_the_shop(shop: Shop, merchant: str, page: Page) -> None:
    customer, subscription = shop.subscriber("basic_month")
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription.id},
        "after_completion": {"type": "redirect", "redirect": {"return_url": f"{merchant}/account"}},
    }
    page.goto(shop.portal(customer.id, configuration=shop.configuration(), flow_data=flow))

    page.get_by_role("button", name="Cancel plan").click()

    expect(page.get_by_role("heading", name="Back at the shop")).to_be_visible()


def test_connecting_an_account_returns_with_a_code(emulator: Emulator, merchant: str, page: Page) -> None:
    query = f"response_type=code&client_id=ca_x&scope=read_write&state=s&redirect_uri={merchant}/callback"
    page.goto(f"{emulator.url}/oauth/authorize?{query}")

    page.get_by_role("button", name="Connect").click()

    expect(page.get_by_role("heading", name="Back at the shop")).to_be_visible()
    assert "code=ac_" in page.url


@pytest.mark.parametrize(
    "path", ["/", "/dashboard/events", "/dashboard/webhooks", "/dashboard/time", "/dashboard/chaos"]
)
def test_dashboard_fits_a_narrow_screen(emulator: Emulator, browser: Browser, path: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    tab = context.new_page()
    tab.goto(emulator.url + path)

    wider = tab.evaluate("document.documentElement.scrollWidth > window.innerWidth")

    context.close()
    assert not wider
