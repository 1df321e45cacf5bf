"""The account itself, and other accounts as far as listing and retrieving them goes."""

from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.state.documents import Json

_ACCOUNT_SETTING = "account_id"


def build(id: str, now: int) -> Json:
    """Return a new account that can take payments."""
    return {
        "id": id,
        "object": "account",
        "business_profile": {"name": "Emulated business", "url": "https://example.com"},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "US",
        "created": now,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "owner@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {"statement_descriptor_prefix": None},
            "dashboard": {"display_name": "Emulated business", "timezone": "Etc/UTC"},
            "payments": {"statement_descriptor": "EMULATED BUSINESS"},
        },
        "type": "standard",
    }


@operation("GET", "/v1/account")
def retrieve_own(request: Request) -> Json:
    """Return the account whose keys are used."""
    return request.tx.require("account", request.tx.get_setting(_ACCOUNT_SETTING))


@operation("GET", "/v1/accounts/{account}")
def retrieve(request: Request) -> Json:
    """Return an account by its id."""
    return request.tx.require("account", request.path["account"])


@operation("GET", "/v1/accounts")
def list_all(request: Request) -> Json:
    """List the connected accounts."""
    own = request.tx.get_setting(_ACCOUNT_SETTING)
    return list_objects(request, "account", where=lambda account: account["id"] != own)
