"""Signing up, signing in, and proving an e-mail address."""

from flask import Blueprint, Flask

bp = Blueprint("auth", __name__)


def init_auth(app: Flask) -> None:
    """Tell Flask-Login how to find who is signed in, and where to send who is not."""
    from app.auth import devices, next_page, sessions, step_up
    from app.errors import init_limits
    from app.extensions import login_manager

    # The session is a row that its user can see and end; Flask-Login's own fingerprint would add nothing.
    login_manager.session_protection = None
    login_manager.user_loader(sessions.load_user)
    login_manager.unauthorized_handler(next_page.ask_to_sign_in)
    app.after_request(sessions.note_use)
    app.after_request(devices.send_device_cookie)
    app.register_error_handler(step_up.StepUpRequired, step_up.ask_to_confirm)
    init_limits(app)
