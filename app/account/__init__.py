"""The account: plan and billing, receipts, sign-in, and leaving."""

from flask import Blueprint

bp = Blueprint("account", __name__, url_prefix="/account")
