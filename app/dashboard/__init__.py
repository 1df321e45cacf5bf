"""The product's own pages: what a fork replaces. `product` is the example, and can be taken out in one step."""

from flask import Blueprint

bp = Blueprint("dashboard", __name__, url_prefix="/dashboard")
