"""The blueprint that all pages of signing up, signing in and getting back in belong to."""

from flask import Blueprint

bp = Blueprint("auth", __name__)
