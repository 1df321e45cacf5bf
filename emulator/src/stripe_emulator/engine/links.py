"""Addresses of the hosted pages that Stripe's objects point to."""

from stripe_emulator.state.transaction import Transaction


def checkout_url(tx: Transaction, session_id: str) -> str:
    """Return the page on which a Checkout Session is paid."""
    return f"{tx.base_url}/c/pay/{session_id}"


def invoice_url(tx: Transaction, invoice_id: str) -> str:
    """Return the page that shows an invoice and takes its payment."""
    return f"{tx.base_url}/i/{invoice_id}"


def invoice_pdf_url(tx: Transaction, invoice_id: str) -> str:
    """Return where an invoice is downloaded."""
    return f"{tx.base_url}/i/{invoice_id}/pdf"


def authentication_url(tx: Transaction, intent_id: str) -> str:
    """Return the 3-D Secure page of a payment or setup intent."""
    return f"{tx.base_url}/3ds/{intent_id}"


def receipt_url(tx: Transaction, charge_id: str) -> str:
    """Return the receipt of a charge."""
    return f"{tx.base_url}/receipts/{charge_id}"


def credit_note_pdf_url(tx: Transaction, credit_note_id: str) -> str:
    """Return where a credit note is downloaded."""
    return f"{tx.base_url}/credit_notes/{credit_note_id}/pdf"
