"""Signing in with an account elsewhere: Google, GitHub, or any OpenID Connect issuer."""

from flask import Blueprint

bp = Blueprint("providers", __name__)
