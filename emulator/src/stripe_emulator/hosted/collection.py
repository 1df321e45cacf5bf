"""Trying unpaid invoices again once there is a better payment method."""

from stripe_emulator.api.errors import ApiError
from stripe_emulator.hosted.operations import call
from stripe_emulator.state.store import Transaction


def retry_unpaid(tx: Transaction, customer: str) -> None:
    """Collect the customer's open invoices; one that fails again stays as it is, with its failure recorded."""
    for invoice in tx.find("invoice", customer=customer, status="open"):
        if invoice["collection_method"] == "charge_automatically" and invoice["attempted"]:
            try:
                call(tx, "POST", f"/v1/invoices/{invoice['id']}/pay", {})
            except ApiError as error:
                if error.status != 402:
                    raise
