"""The customer portal's default configuration: what a subscriber may do alone."""

from flask import abort, render_template, request
from werkzeug.wrappers import Response

from stripe_emulator.hosted.dashboard.blueprint import bp, done
from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.state.store import Json, Transaction

KIND = "billing_portal.configuration"
FEATURES = {
    "subscription_update": "Change the plan",
    "subscription_cancel": "Cancel the plan",
    "payment_method_update": "Change the card",
    "customer_update": "Change billing details",
    "invoice_history": "See invoices",
}
#: Feature, setting, what it is called, and its choices.
CHOICES = (
    (
        "subscription_update",
        "proration_behavior",
        "A change of plan is billed",
        {"create_prorations": "with the next invoice", "always_invoice": "at once", "none": "from the next period"},
    ),
    (
        "subscription_update",
        "trial_update_behavior",
        "A change of plan during a trial",
        {"end_trial": "ends the trial", "continue_trial": "lets it go on"},
    ),
    (
        "subscription_cancel",
        "mode",
        "A cancellation takes effect",
        {"at_period_end": "when the period ends", "immediately": "at once"},
    ),
)


@bp.get("/dashboard/portal")
def show_portal() -> str:
    """Show what the default configuration allows."""
    with current_store().read() as tx:
        configuration = _default(tx)
    return render_template("dashboard/portal.html", configuration=configuration, features=FEATURES, choices=CHOICES)


@bp.post("/dashboard/portal")
def change_portal() -> Response:
    """Change what the default configuration allows, as the API does."""
    features: Json = {name: {"enabled": name in request.form} for name in FEATURES}
    for feature, name, _, choices in CHOICES:
        chosen = request.form.get(name, "")
        if chosen not in choices:
            abort(400, "Choose one of the answers that the form offers.")
        features[feature][name] = chosen

    def carry_out(tx: Transaction) -> None:
        call(tx, "POST", f"/v1/billing_portal/configurations/{_default(tx)['id']}", {"features": features})

    attempt(carry_out)
    return done("portal", "dashboard.show_portal")


def _default(tx: Transaction) -> Json:
    return tx.find(KIND, is_default=True)[0]
