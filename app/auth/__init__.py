"""Signing up, signing in, and proving an e-mail address."""

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFError

bp = Blueprint("auth", __name__)


def init_auth(app: Flask) -> None:
    """Tell Flask-Login how to find who is signed in, and where to send who is not."""
    from app.auth import devices, sessions, stale_forms, step_up
    from app.auth.viewing import init_viewing
    from app.errors import init_limits
    from app.extensions import login_manager

    # The session is a row that its user can see and end; Flask-Login's own fingerprint would add nothing.
    login_manager.session_protection = None
    login_manager.user_loader(sessions.load_user)
    login_manager.unauthorized_handler(stale_forms.ask_to_sign_in)
    app.after_request(sessions.note_use)
    app.after_request(devices.send_device_cookie)
    app.after_request(sessions.clear_site_data)
    app.register_error_handler(step_up.StepUpRequired, step_up.ask_to_confirm)
    app.register_error_handler(CSRFError, stale_forms.lead_on)
    init_limits(app)
    init_viewing(app)
