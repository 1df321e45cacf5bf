"""The operator's pages: who pays, what went wrong, and what to do about it."""

from app.admin.blueprint import bp

__all__ = ["bp"]
