"""The API for subscribers: tokens, and what they open under `/api/v1`. `docs/removing.md` takes it out."""

from flask import Blueprint

PREFIX = "/api/v1"

bp = Blueprint("api", __name__, url_prefix=PREFIX)
