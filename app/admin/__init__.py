"""The operator's pages: who pays, what went wrong, and what to do about it."""

from app.admin import connection_routes, event_routes, overview_routes, record_routes, user_routes
from app.admin.blueprint import bp

__all__ = ["bp", "connection_routes", "event_routes", "overview_routes", "record_routes", "user_routes"]
