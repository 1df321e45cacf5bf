"""What a Checkout Session may ask for: the combinations that Stripe refuses."""

from urllib.parse import urlsplit

from stripe_emulator.api import errors
from stripe_emulator.engine.currencies import common_currency
from stripe_emulator.engine.settings import DAY, HOUR
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

SHORTEST_SECONDS = HOUR // 2
SHORTEST_TRIAL = 2 * DAY
MAX_RECURRING = 20
MAX_ONE_TIME = 20
MAX_PAYMENT_LINES = 100
#: Parameters that only make sense in these modes.
MODES_OF = {
    "subscription_data": ("subscription",),
    "payment_intent_data": ("payment",),
    "setup_intent_data": ("setup",),
    "customer_creation": ("payment", "setup"),
    "invoice_creation": ("payment",),
    "payment_method_collection": ("subscription",),
    "submit_type": ("payment", "subscription"),
}


def check_params(tx: Transaction, params: Json) -> None:
    """Refuse parameters that contradict each other, before anything is looked up."""
    mode = params.get("mode")
    if mode is None:
        raise _missing("mode")
    for name, modes in MODES_OF.items():
        if name in params and mode not in modes:
            raise errors.invalid_request(f"You can not pass `{name}` in `{mode}` mode.", name)
    _check_addresses(params)
    _check_customer(params)
    _check_expiry(tx, params)
    _check_discounts(params)
    if mode == "setup":
        if (
            not params.get("currency")
            and not params.get("allowed_payment_method_types")
            and not params.get("payment_method_types")
        ):
            raise errors.invalid_request(
                "`currency` is required in `setup` mode with dynamic payment methods.",
                "currency",
                "parameter_missing",
            )
    elif not params.get("line_items"):
        raise errors.invalid_request(
            f"You must specify `line_items` in `{mode}` mode.", "line_items", "parameter_missing"
        )
    _check_trial(tx, params)


def check_prices(tx: Transaction, mode: str, prices: list[Json], wanted: str | None) -> str:
    """Refuse prices that the mode cannot sell; return their currency, which is the wanted one if there is one."""
    recurring = [price for price in prices if price["type"] == "recurring"]
    if mode == "payment" and recurring:
        raise errors.invalid_request(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices.",
            "line_items",
        )
    if mode == "subscription" and not recurring:
        raise errors.invalid_request(
            "You must provide at least one recurring price in `subscription` mode when using prices.",
            "line_items",
        )
    if len(recurring) > MAX_RECURRING or len(prices) - len(recurring) > (
        MAX_ONE_TIME if mode == "subscription" else MAX_PAYMENT_LINES
    ):
        raise errors.invalid_request("You specified too many line items.", "line_items")
    currency = common_currency(tx, prices, wanted)
    if currency is None:
        raise errors.invalid_request("All prices must have the same currency.", "line_items")
    return currency


def check_amount(mode: str, amount: int, currency: str, discounted: bool) -> None:
    """Refuse a total that no card payment may have."""
    if mode == "payment" and 0 < amount < 50 and not discounted:
        raise errors.invalid_request(
            "The Checkout Session's total amount due must add up to at least $0.50 usd"
            if currency == "usd"
            else f"The Checkout Session's total amount due must add up to at least the minimum for {currency}",
            "line_items",
            "amount_too_small",
        )
    if amount > 99_999_999:
        raise errors.invalid_request(
            "The Checkout Session's total amount due must add up to at most $999,999.99",
            "line_items",
            "amount_too_large",
        )


def _check_addresses(params: Json) -> None:
    hosted = params.get("ui_mode") in (None, "hosted_page")
    if hosted and not params.get("success_url"):
        raise _missing("success_url")
    if not hosted and (params.get("success_url") or params.get("cancel_url")):
        name = "success_url" if params.get("success_url") else "cancel_url"
        raise errors.invalid_request(f"You can not pass `{name}` with `ui_mode: {params['ui_mode']}`.", name)
    for name in ("success_url", "cancel_url", "return_url"):
        if params.get(name) and not _is_url(params[name]):
            raise errors.invalid_request("Not a valid URL", name, "url_invalid")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.scheme and parts.hostname and parts.scheme in ("http", "https") and " " not in text) or bool(
            parts.scheme and parts.scheme not in ("http", "https", "javascript", "data") and parts.netloc
        )
    except ValueError:
        return False


def _check_customer(params: Json) -> None:
    if params.get("customer") and params.get("customer_email"):
        raise errors.invalid_request(
            "You may only specify one of these parameters: customer, customer_email.", "customer"
        )
    if params.get("customer_update") and not params.get("customer"):
        raise errors.invalid_request("`customer_update` can only be used with `customer`.", "customer_update")
    if params.get("customer") and params.get("customer_creation"):
        raise errors.invalid_request(
            "You may only specify one of these parameters: customer, customer_creation.", "customer_creation"
        )
    email = params.get("customer_email")
    if email is not None and ("@" not in email or " " in email):
        raise errors.invalid_request(f"Invalid email address: {email}", "customer_email", "email_invalid")
    if len(params.get("client_reference_id") or "") > 200:
        raise errors.invalid_request("Invalid string: must be at most 200 characters", "client_reference_id")


def _check_expiry(tx: Transaction, params: Json) -> None:
    at = params.get("expires_at")
    if at is None:
        return
    now = tx.now()
    if at < now + SHORTEST_SECONDS - 60:
        raise errors.invalid_request(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            "expires_at",
        )
    if at > now + DAY + 60:
        raise errors.invalid_request(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            "expires_at",
        )


def _check_discounts(params: Json) -> None:
    if params.get("discounts") and params.get("allow_promotion_codes"):
        raise errors.invalid_request(
            "You may only specify one of these parameters: allow_promotion_codes, discounts.", "discounts"
        )
    if len(params.get("discounts") or []) > 1:
        raise errors.invalid_request("You can specify at most 1 discount.", "discounts")


def _check_trial(tx: Transaction, params: Json) -> None:
    data = params.get("subscription_data") or {}
    if data.get("trial_end") is not None and data.get("trial_period_days") is not None:
        raise errors.invalid_request(
            "You may only specify one of these parameters: trial_end, trial_period_days.",
            "subscription_data[trial_end]",
        )
    if (
        data.get("trial_end") is not None
        and data["trial_end"] < tx.now({"customer": params.get("customer")}) + SHORTEST_TRIAL - 60
    ):
        raise errors.invalid_request(
            "The `subscription_data[trial_end]` timestamp must be at least 2 days in the future.",
            "subscription_data[trial_end]",
        )
    if data.get("trial_period_days") is not None and not 1 <= data["trial_period_days"] <= 730:
        raise errors.invalid_request(
            "`subscription_data[trial_period_days]` must be between 1 and 730.",
            "subscription_data[trial_period_days]",
        )


def _missing(name: str) -> errors.InvalidRequest:
    return errors.invalid_request(f"Missing required param: {name}.", name, "parameter_missing")
