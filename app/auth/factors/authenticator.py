"""Authenticator apps: a secret that the app and we share, and codes of six digits that it makes every half minute."""

import hmac
import time
import uuid
from types import ModuleType

import sqlalchemy as sa
from flask import current_app

from app.auth.factors.encryption import Unreadable, decrypt, encrypt, renew
from app.auth.factors.models import Authenticator
from app.auth.models import User
from app.database import db, insert, utcnow

SECONDS = 30
DIGITS = 6
# A clock that is a little off, and a code that was typed as the next one came.
STEPS_OFF = (0, -1, 1)


def new_secret() -> str:
    """A secret for an app that is about to be added."""
    return str(_otp().random_base32())


def setup_address(secret: str, email: str) -> str:
    """The address that an app reads the secret from."""
    return _otp().TOTP(secret).provisioning_uri(name=email, issuer_name=str(current_app.config["APP_NAME"]))


def as_picture(address: str) -> str:
    """The address as a QR code: SVG with no style of its own, on white in the dark too."""
    import segno

    return segno.make(address, micro=False).svg_inline(light="#fff", svgclass="qr-code", lineclass=None, omitsize=True)


def add_authenticator(user_id: uuid.UUID, secret: str, code: str) -> bool:
    """Keep the secret if the app makes the right codes from it, in the caller's transaction; in place of none other."""
    step = _step_of(secret, code)
    if step is None:
        return False
    row = {"user_id": user_id, "secret": encrypt(secret), "last_step": step, "created_at": utcnow()}
    kept = insert(Authenticator).values(**row, last_used_at=utcnow()).on_conflict_do_nothing()
    return db.session.execute(kept.returning(Authenticator.user_id)).first() is not None


def use_code(user_id: uuid.UUID, code: str) -> bool:
    """Whether the user's app made this code just now; a code counts once, in the caller's transaction."""
    secret = _secret_of(user_id)
    step = _step_of(secret, code) if secret else None
    if step is None:
        return False
    # One statement: of two requests with the same code, only one finds it unspent.
    spent = (
        sa.update(Authenticator)
        .where(Authenticator.user_id == user_id, Authenticator.last_step < step)
        .values(last_step=step, last_used_at=utcnow())
    )
    return db.session.execute(spent.returning(Authenticator.user_id)).first() is not None


def authenticator_of(user: User) -> Authenticator | None:
    """The user's app, if there is one."""
    return db.session.get(Authenticator, user.id)


def renew_encryption() -> None:
    """Encrypt every secret with the newest key, so that an older one can be withdrawn. Commits."""
    for row in db.session.scalars(sa.select(Authenticator)):
        try:
            row.secret = renew(row.secret)
        except Unreadable:
            current_app.logger.error("An authenticator's secret cannot be read: a SECRET_KEY was withdrawn too early.")
    db.session.commit()


def _secret_of(user_id: uuid.UUID) -> str | None:
    kept = db.session.scalar(sa.select(Authenticator.secret).where(Authenticator.user_id == user_id))
    try:
        return decrypt(kept) if kept else None
    except Unreadable:
        current_app.logger.error("An authenticator's secret cannot be read: a SECRET_KEY was withdrawn too early.")
        return None


def _step_of(secret: str, code: str) -> int | None:
    """The half minute that this is the code of, if it is one around now."""
    totp, now = _otp().TOTP(secret), int(time.time()) // SECONDS
    typed = "".join(code.split()).encode()
    codes = ((now + off, totp.generate_otp(now + off).encode()) for off in STEPS_OFF)
    return next((step for step, right in codes if hmac.compare_digest(typed, right)), None)


def _otp() -> ModuleType:
    """The library, imported with the first code: most workers never see one."""
    import pyotp

    return pyotp
