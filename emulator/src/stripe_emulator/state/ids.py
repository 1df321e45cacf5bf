"""Ids as long as Stripe's and with its prefixes."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_SHORT = 14
_LONG = 23

_PREFIXES: dict[str, tuple[str, int]] = {
    "account": ("acct_1", 15),
    "balance_transaction": ("txn_3", _LONG),
    "billing_portal.configuration": ("bpc_1", _LONG),
    "billing_portal.session": ("bps_1", _LONG),
    "card": ("card_1", _LONG),
    "charge": ("ch_3", _LONG),
    "checkout.session": ("cs_test_a1", 56),
    "credit_note": ("cn_1", _LONG),
    "credit_note_line_item": ("cnli_1", _LONG),
    "customer": ("cus_", _SHORT),
    "customer_balance_transaction": ("cbtxn_1", _LONG),
    "discount": ("di_1", _LONG),
    "dispute": ("du_1", _LONG),
    "entitlements.active_entitlement": ("ent_test_61", 40),
    "entitlements.feature": ("feat_test_61", 40),
    "event": ("evt_1", _LONG),
    "invoice": ("in_1", _LONG),
    "invoice_payment": ("inpay_1", _LONG),
    "invoiceitem": ("ii_1", _LONG),
    "item": ("li_1", _LONG),
    "line_item": ("il_1", _LONG),
    "mandate": ("mandate_1", _LONG),
    "payment_intent": ("pi_3", _LONG),
    "payment_method": ("pm_1", _LONG),
    "price": ("price_1", _LONG),
    "product": ("prod_", _SHORT),
    "product_feature": ("prodft_1", _LONG),
    "promotion_code": ("promo_1", _LONG),
    "refund": ("re_3", _LONG),
    "request": ("req_", _SHORT),
    "setup_attempt": ("setatt_1", _LONG),
    "setup_intent": ("seti_1", _LONG),
    "source": ("src_1", _LONG),
    "subscription": ("sub_1", _LONG),
    "subscription_item": ("si_", _SHORT),
    "subscription_schedule": ("sub_sched_1", _LONG),
    "tax_id": ("txi_1", _LONG),
    "tax_rate": ("txr_1", _LONG),
    "test_helpers.test_clock": ("clock_1", _LONG),
    "webhook_endpoint": ("we_1", _LONG),
    "webhook_secret": ("whsec_", 32),
}


def new_id(kind: str) -> str:
    """Return a fresh id for an object of this kind."""
    if kind == "coupon":
        return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(8))
    prefix, length = _PREFIXES[kind]
    return prefix + random_text(length)


def random_text(length: int) -> str:
    """Return random letters and digits, for secrets and fingerprints too."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
