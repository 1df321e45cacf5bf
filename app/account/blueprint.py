"""The blueprint that all pages of the account belong to."""

from flask import Blueprint

bp = Blueprint("account", __name__, url_prefix="/account")
