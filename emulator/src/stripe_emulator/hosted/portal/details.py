"""Billing details: the name, email and address that invoices carry."""

import re

from flask import render_template, request
from werkzeug.wrappers import Response

from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.portal.blueprint import bp, current_portal
from stripe_emulator.hosted.portal.home import after
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.state.store import Json, Transaction

ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")
LENGTH = 200


def allowed_updates() -> list[str]:
    """Return which details the configuration lets a customer change."""
    portal = current_portal()
    portal.require("customer_update")
    return list(portal.features["customer_update"].get("allowed_updates") or ["email", "address", "name"])


@bp.get("/details")
def details() -> str:
    """Show the details as they are."""
    with current_store().read() as tx:
        customer = tx.require("customer", current_portal().customer_id)
    values = {**(customer.get("address") or {}), "name": customer["name"], "email": customer["email"]}
    values["phone"] = customer["phone"]
    return render_template("portal/details.html", values=values, errors={}, allowed=allowed_updates())


@bp.post("/details")
def save_details() -> str | Response | tuple[str, int]:
    """Save the details that the configuration lets a customer change."""
    allowed = allowed_updates()
    values = {key: value.strip()[:LENGTH] for key, value in request.form.items()}
    values["country"] = values.get("country", "").upper()
    errors = find_errors(values, allowed)
    if errors:
        return render_template("portal/details.html", values=values, errors=errors, allowed=allowed), 422

    def carry_out(tx: Transaction) -> Response:
        call(tx, "POST", f"/v1/customers/{current_portal().customer_id}", changes(values, allowed))
        return after(tx, "details")

    return attempt(carry_out)


def find_errors(values: dict[str, str], allowed: list[str]) -> dict[str, str]:
    """Return what is wrong with the posted details."""
    email = values.get("email", "")
    name, _, host = email.partition("@")
    wrong = "email" in allowed and not (name and host and not any(map(str.isspace, email)))
    errors = {"email": "Enter an email address, like name@example.com."} if wrong else {}
    if not re.fullmatch(r"[A-Z]{2}|", values.get("country", ""), re.ASCII):
        errors["country"] = "Enter the country's two-letter code, like GB."
    return errors


def changes(values: dict[str, str], allowed: list[str]) -> Json:
    """Return the parameters of the customer's update."""
    params: Json = {key: values.get(key, "") for key in ("name", "email", "phone") if key in allowed}
    if "address" in allowed:
        params["address"] = {key: values.get(key, "") for key in ADDRESS}
    return params
