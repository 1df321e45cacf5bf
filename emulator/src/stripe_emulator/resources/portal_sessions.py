"""Sessions of the customer portal."""

from stripe_emulator.api import errors
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.resources.web_addresses import check_web_address
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

_KIND = "billing_portal.session"
_CONFIGURATION = "billing_portal.configuration"
_FLOWS_ABOUT_SUBSCRIPTIONS = (
    "subscription_cancel",
    "subscription_pause",
    "subscription_update",
    "subscription_update_confirm",
)
_OVER = ("canceled", "incomplete_expired")


@operation("POST", "/v1/billing_portal/sessions")
def create(request: Request) -> Json:
    """Open the portal for a customer, on its first page or in one flow."""
    tx, params = request.tx, request.params
    if not params.get("customer"):
        raise errors.invalid_request("Missing required param: customer.", "customer", "parameter_missing")
    check_web_address(params.get("return_url"), "return_url")
    customer = tx.require("customer", params["customer"], "customer")
    configuration = _configuration(tx, params.get("configuration"))
    flow = params.get("flow_data")
    id = ids.new_id(_KIND)
    session: Json = {
        "id": id,
        "object": _KIND,
        "configuration": configuration["id"],
        "created": tx.now(),
        "customer": customer["id"],
        "customer_account": None,
        "flow": _flow(tx, flow, customer, configuration) if flow else None,
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": params.get("on_behalf_of"),
        "return_url": params.get("return_url") or configuration["default_return_url"],
        "url": f"{tx.base_url}/p/session/{id}",
    }
    tx.insert(session)
    tx.emit("billing_portal.session.created", session)
    return session


def _configuration(tx: Transaction, given: str | None) -> Json:
    if given:
        configuration = tx.require(_CONFIGURATION, given, "configuration")
        if not configuration["active"]:
            raise errors.invalid_request("The portal configuration is not active.", "configuration")
        return configuration
    for configuration in tx.find(_CONFIGURATION):
        if configuration["is_default"] and configuration["active"]:
            return configuration
    raise errors.invalid_request(
        "No configuration provided and your test mode default configuration has not been created. Provide a "
        "configuration or create your default by saving your customer portal settings in test mode."
    )


def _flow(tx: Transaction, given: Json, customer: Json, configuration: Json) -> Json:
    type = given["type"]
    flow: Json = {"type": type, "after_completion": _after_completion(given.get("after_completion"))}
    for name in ("customer_update", *_FLOWS_ABOUT_SUBSCRIPTIONS):
        flow[name] = None
    if type in _FLOWS_ABOUT_SUBSCRIPTIONS:
        details = given.get(type)
        if details is None:
            missing = f"flow_data[{type}]"
            raise errors.invalid_request(f"Missing required param: {missing}.", missing, "parameter_missing")
        _check_feature(type, configuration)
        _check_subscription(tx, type, details["subscription"], customer)
        flow[type] = _details(type, details)
    elif type == "customer_update":
        flow[type] = {}
    return flow


def _details(type: str, given: Json) -> Json:
    details = dict(given)
    if type == "subscription_cancel":
        details["retention"] = given.get("retention")
    if type == "subscription_update_confirm":
        details["discounts"] = [
            {"coupon": one.get("coupon"), "promotion_code": one.get("promotion_code")}
            for one in given.get("discounts", [])
        ] or None
        details["items"] = [
            {"id": one["id"], "price": one.get("price"), "quantity": one.get("quantity")} for one in given["items"]
        ]
    return details


def _check_feature(type: str, configuration: Json) -> None:
    feature = type.removesuffix("_confirm")
    if not configuration["features"][feature]["enabled"]:
        raise errors.invalid_request(
            f"This subscription cannot be changed because the {feature} feature in the portal configuration "
            "is disabled.",
            "flow_data[type]",
        )


def _check_subscription(tx: Transaction, type: str, id: str, customer: Json) -> None:
    param = f"flow_data[{type}][subscription]"
    subscription = tx.require("subscription", id, param)
    if subscription["customer"] != customer["id"]:
        raise errors.resource_missing("subscription", id, param)
    if subscription["status"] in _OVER:
        raise errors.invalid_request("The subscription has already ended.", param)
    if type == "subscription_cancel" and (subscription["cancel_at_period_end"] or subscription["cancel_at"]):
        raise errors.invalid_request("The subscription is already set to be canceled at period end.", param)


def _after_completion(given: Json | None) -> Json:
    after: Json = {"type": "portal_homepage", "hosted_confirmation": None, "redirect": None}
    if given:
        type = given["type"]
        after["type"] = type
        if type != "portal_homepage":
            after[type] = given.get(type, {"custom_message": None} if type == "hosted_confirmation" else None)
        if type == "redirect" and after[type] is None:
            missing = "flow_data[after_completion][redirect]"
            raise errors.invalid_request(f"Missing required param: {missing}.", missing, "parameter_missing")
    return after
