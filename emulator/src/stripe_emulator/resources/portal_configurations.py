"""Configurations of the customer portal."""

from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.resources.fields import carry
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.events import changed_fields
from stripe_emulator.state.transaction import Transaction

_KIND = "billing_portal.configuration"
_REASONS = [
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
]
_PAUSE_OFF = {"enabled": False, "duration": {"interval_options": [], "type": "indefinite"}}
_FEATURES: Json = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "feedback_options": None, "options": _REASONS},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": _PAUSE_OFF,
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
_DEFAULT_FEATURES: Json = {
    "customer_update": {"allowed_updates": ["email", "address", "tax_id"], "enabled": True},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"cancellation_reason": {"enabled": True}, "enabled": True},
    "subscription_update": {
        "default_allowed_updates": ["price"],
        "enabled": True,
        "proration_behavior": "create_prorations",
    },
}


def build_default(tx: Transaction) -> Json:
    """Return the configuration that a new account starts with."""
    return {**_build(tx, {"features": _DEFAULT_FEATURES}), "is_default": True}


@operation("POST", "/v1/billing_portal/configurations")
def create(request: Request) -> Json:
    """Create a configuration."""
    configuration = request.tx.insert(_build(request.tx, request.params))
    request.tx.emit("billing_portal.configuration.created", configuration)
    return configuration


@operation("GET", "/v1/billing_portal/configurations")
def list_all(request: Request) -> Json:
    """List configurations, active or default ones if asked."""
    filters = {name: request.params.get(name) for name in ("active", "is_default")}
    return list_objects(request, _KIND, filters=filters)


@operation("GET", "/v1/billing_portal/configurations/{configuration}")
def retrieve(request: Request) -> Json:
    """Return a configuration."""
    return request.tx.require(_KIND, request.path["configuration"])


@operation("POST", "/v1/billing_portal/configurations/{configuration}")
def update(request: Request) -> Json:
    """Change a configuration; features that are not given stay as they are."""
    tx, params = request.tx, request.params
    configuration = tx.require(_KIND, request.path["configuration"])
    changed = {**configuration, "updated": tx.now()}
    carry(changed, params, ("active", "default_return_url", "name"))
    changed["business_profile"] = {
        **changed["business_profile"],
        **_cleared(params.get("business_profile", {})),
    }
    changed["features"] = _features(params.get("features", {}), configuration["features"])
    changed["login_page"] = _login_page(tx, changed, params.get("login_page") or changed["login_page"])
    tx.save(changed)
    tx.emit("billing_portal.configuration.updated", changed, changed_fields(configuration, changed))
    return changed


def _build(tx: Transaction, params: Json) -> Json:
    now = tx.now()
    configuration: Json = {
        "id": ids.new_id(_KIND),
        "object": _KIND,
        "active": True,
        "application": None,
        "business_profile": {
            "headline": None,
            "privacy_policy_url": None,
            "terms_of_service_url": None,
            **_cleared(params.get("business_profile", {})),
        },
        "created": now,
        "default_return_url": None,
        "features": _features(params["features"], _FEATURES),
        "is_default": False,
        "livemode": False,
        "metadata": {},
        "name": None,
        "updated": now,
    }
    carry(configuration, params, ("default_return_url", "name"))
    configuration["login_page"] = _login_page(tx, configuration, params.get("login_page", {}))
    return configuration


def _features(given: Json, current: Json) -> Json:
    return {name: _merge(current[name], given.get(name, {})) for name in current}


def _merge(current: Json, given: Json) -> Json:
    merged = dict(current)
    for name, value in given.items():
        if isinstance(value, dict) and isinstance(current.get(name), dict):
            merged[name] = _merge(current[name], value)
        elif value == "":
            merged[name] = [] if isinstance(current.get(name), list) else None
        else:
            merged[name] = _with_quantity(value) if name == "products" else value
    return merged


def _with_quantity(products: list[Json]) -> list[Json]:
    fixed = {"enabled": False, "maximum": None, "minimum": 1}
    return [{**one, "adjustable_quantity": {**fixed, **one.get("adjustable_quantity", {})}} for one in products]


def _login_page(tx: Transaction, configuration: Json, wanted: Json) -> Json:
    enabled = bool(wanted.get("enabled"))
    return {"enabled": enabled, "url": f"{tx.base_url}/p/login/{configuration['id']}" if enabled else None}


def _cleared(given: Json) -> Json:
    return {name: value or None for name, value in given.items()}
