"""Accounts: signing up and in, sessions, passwords, and links that arrive by mail."""

from flask import Flask


def init_auth(app: Flask) -> None:
    """Tell Flask-Login how to find who is signed in, and where to send who is not."""
    from app.auth import destinations, limits, sessions
    from app.extensions import login_manager

    # The session is a row that its user can see and end; Flask-Login's own fingerprint would add nothing.
    login_manager.session_protection = None
    login_manager.user_loader(sessions.load_user)
    login_manager.unauthorized_handler(destinations.ask_to_sign_in)
    app.after_request(sessions.note_use)
    limits.init_limits(app)
