"""The pages of second factors, put together; and what other pages may ask about them."""

from app.auth.factors import (  # noqa: F401  # They add their pages to `bp`.
    authenticator_routes,
    bp,
    first_factor_routes,
    passkey_routes,
    recovery_routes,
    second_step_routes,
)
from app.auth.factors.authenticator import authenticator_of
from app.auth.factors.passkeys import passkey_site, passkeys_of, works_here
from app.auth.factors.recovery_codes import count_recovery_codes
from app.auth.factors.reset import pending_reset
from app.auth.factors.trusted_devices import count_trusted_devices

__all__ = ["bp"]

ASKED_BY_PAGES = (authenticator_of, passkeys_of, count_recovery_codes, pending_reset, count_trusted_devices)
for function in ASKED_BY_PAGES:
    bp.add_app_template_global(function)
bp.add_app_template_global(passkey_site)
bp.add_app_template_global(works_here, "passkeys_work_here")
