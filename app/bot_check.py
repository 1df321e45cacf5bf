"""A question that people answer without noticing, and machines cannot: Turnstile or hCaptcha, off without keys.

It stands before sign-up, log-in and a link by mail. Beside the limits it is one more hurdle, so when nobody answers it
lets everybody through.
"""

import logging
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request

from app.config.settings import Settings
from app.languages import lazy_gettext as _l
from app.languages.forms import Form
from app.proxies import client_network

logger = logging.getLogger(__name__)
SECONDS = 3
# By network address: whoever makes answers up is not to keep us asking.
ANSWERS = "30 per minute; 300 per hour"
SUSPECTED = _l("We could not tell that you are a person. Wait for the check above the button, and send it again.")


@dataclass(frozen=True)
class Provider:
    """Who asks: the script that does, the field that holds the answer, and where that is checked."""

    origins: str
    script: str
    css_class: str
    field: str
    verify_url: str


PROVIDERS = {
    "turnstile": Provider(
        "https://challenges.cloudflare.com",
        "https://challenges.cloudflare.com/turnstile/v0/api.js",
        "cf-turnstile",
        "cf-turnstile-response",
        "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    ),
    "hcaptcha": Provider(
        "https://hcaptcha.com https://*.hcaptcha.com",
        "https://js.hcaptcha.com/1/api.js",
        "h-captcha",
        "h-captcha-response",
        "https://api.hcaptcha.com/siteverify",
    ),
}


class CheckedForm(Form):
    """A form that only people may send, where the settings ask for that."""

    def validate(self, extra_validators: Any = None) -> bool:
        """Ask only about what is in order otherwise: each answer can be checked once."""
        if not super().validate(extra_validators):
            return False
        if _is_person(current_app.extensions["settings"]):
            return True
        self.form_errors.append(SUSPECTED)
        return False


def init_bot_check(app: Flask, settings: Settings) -> None:
    """Give templates what to show; None when nothing is asked."""
    app.jinja_env.globals["bot_check"] = PROVIDERS.get(settings.bot_check)
    app.jinja_env.globals["bot_check_site_key"] = settings.bot_check_site_key


def bot_check_directives(settings: Settings) -> dict[str, str]:
    """What the content security policy must allow for the question to be asked."""
    provider = PROVIDERS.get(settings.bot_check)
    if provider is None:
        return {}
    kinds = ("script-src", "frame-src", "style-src", "connect-src")
    return dict.fromkeys(kinds, f"'self' {provider.origins}")


def _is_person(settings: Settings) -> bool:
    provider = PROVIDERS.get(settings.bot_check)
    if provider is None:
        return True
    from app.auth.tries import has_room

    answer = request.form.get(provider.field, "")
    may_ask = bool(answer) and has_room(ANSWERS, client_network(), "bot_check")
    return may_ask and _is_right(answer, settings.bot_check_verify_url or provider.verify_url, settings)


def _is_right(answer: str, url: str, settings: Settings) -> bool:
    # Imported when first needed: most sites never ask.
    import requests

    from app.database import end_transaction

    # Somebody else's server may take its time: no transaction is open meanwhile.
    end_transaction()
    fields = {"secret": settings.bot_check_secret_key.get_secret_value(), "response": answer[:4096]}
    try:
        said = requests.post(url, data=fields, timeout=SECONDS, allow_redirects=False)
        said.raise_for_status()
        return bool(said.json().get("success"))
    except (requests.RequestException, ValueError, AttributeError) as error:
        logger.warning("The bot check did not answer (%s); everybody is let through.", type(error).__name__)
        return True
