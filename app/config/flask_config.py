"""What Flask and its extensions are told, made from the settings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.config.redis import limit_storage
from app.database import engine_options
from app.keys import derive_keys

if TYPE_CHECKING:
    from app.config.settings import Settings

SESSION_LIFETIME = timedelta(days=30)
# A form holds a few lines; only the webhook takes more, and says so itself.
LARGEST_FORM_BYTES = 64 * 1024


def flask_config(settings: Settings) -> dict[str, Any]:
    """The mapping for `app.config`."""
    session_key, *older_session_keys = derive_keys(settings.secret_keys, "sessions")
    is_https = settings.site_url.startswith("https://")
    return {
        "APP_NAME": settings.app_name,
        "BASE_URL": settings.site_url,
        "TESTING": settings.app_env == "testing",
        # For Flask's sessions alone; what else is signed has a key of its own (`app/keys.py`).
        "SECRET_KEY": session_key,
        "SECRET_KEY_FALLBACKS": older_session_keys,
        "SESSION_COOKIE_NAME": "__Host-session" if is_https else "session",
        "SESSION_COOKIE_SECURE": is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": SESSION_LIFETIME,
        "MAX_CONTENT_LENGTH": LARGEST_FORM_BYTES,
        "MAX_FORM_MEMORY_SIZE": LARGEST_FORM_BYTES,
        "SQLALCHEMY_DATABASE_URI": settings.sqlalchemy_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.sqlalchemy_url, has_pooler=settings.database_pooler),
        # Oldest first, as itsdangerous takes several: the last key signs, each of them checks.
        "WTF_CSRF_SECRET_KEY": derive_keys(settings.secret_keys, "forms")[::-1],
        "WTF_CSRF_TIME_LIMIT": None,
        # WTForms has its own texts in many languages (`app/languages/forms.py`).
        "WTF_I18N_ENABLED": False,
        "WTF_CSRF_SSL_STRICT": False,
        "RATELIMIT_STRATEGY": "fixed-window",
        "RATELIMIT_SWALLOW_ERRORS": True,
        **limit_storage(settings),
    }
