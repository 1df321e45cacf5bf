"""Passkeys: a key pair on a device, which opens it by a finger, a face or a PIN. We keep the public half."""

import json
import uuid
from collections.abc import Sequence
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import current_app, request
from itsdangerous import base64_encode

from app.auth.factors.challenges import Asking, Purpose
from app.auth.factors.models import Passkey
from app.auth.models import User
from app.auth.security_log import Kind, record_and_tell
from app.config.settings import is_loopback
from app.database import db, insert, utcnow

MOST_PASSKEYS = 20
LONGEST_NAME = 60
LONGEST_CREDENTIAL = 16 * 1024


class PasskeyRefused(Exception):
    """The device's answer does not hold: it is forged, old, for something else, or of a key that we do not know."""


def passkey_site() -> str:
    """The origin that passkeys belong to: the site's, with the name `localhost` for a loopback number."""
    site = urlsplit(current_app.extensions["settings"].site_url)
    host = site.hostname or ""
    name = "localhost" if is_loopback(host) else host
    return f"{site.scheme}://{name}{f':{site.port}' if site.port else ''}"


def works_here() -> bool:
    """Whether this page stands under the name that passkeys belong to; only in development may it be another."""
    return request.host == urlsplit(passkey_site()).netloc


def passkeys_of(user: User) -> Sequence[Passkey]:
    """The user's passkeys, the oldest first."""
    return db.session.scalars(sa.select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.created_at)).all()


def request_options(purpose: Purpose, user: User | None = None) -> str:
    """What the browser is to ask a device for, as JSON; without a user, any passkey of this site will do."""
    ids = [base64_encode(key.credential_id).decode() for key in (passkeys_of(user) if user else [])]
    return json.dumps(
        {
            "challenge": base64_encode(_asking(purpose, user).challenge()).decode(),
            "rpId": _relying_party(),
            "allowCredentials": [{"type": "public-key", "id": id} for id in ids],
            "userVerification": "required",
        }
    )


def registration_options(user: User) -> str:
    """What a device is to make a new passkey from, as JSON."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    options = generate_registration_options(
        rp_id=_relying_party(),
        rp_name=str(current_app.config["APP_NAME"]),
        user_id=user.id.bytes,
        user_name=user.email,
        challenge=_asking(Purpose.REGISTER, user).challenge(),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=key.credential_id) for key in passkeys_of(user)],
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
    )
    return options_to_json(options)


def add_passkey(user: User, credential: str, name: str) -> None:
    """Keep the passkey that a device made, in the caller's transaction; raises `PasskeyRefused`."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    asking = _asking(Purpose.REGISTER, user)
    try:
        verified = verify_registration_response(
            credential=_short(credential),
            expected_challenge=_challenge_in(credential, asking),
            expected_rp_id=_relying_party(),
            expected_origin=passkey_site(),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise PasskeyRefused(str(error)) from error
    row = {"id": uuid.uuid4(), "user_id": user.id, "credential_id": verified.credential_id, "created_at": utcnow()}
    row |= {"public_key": verified.credential_public_key, "sign_count": verified.sign_count, "name": name}
    kept = insert(Passkey).values(**row).on_conflict_do_nothing().returning(Passkey.id)
    if len(passkeys_of(user)) >= MOST_PASSKEYS or db.session.execute(kept).first() is None:
        raise PasskeyRefused("This passkey is known already, or one too many.")


def use_passkey(credential: str, purpose: Purpose, user: User | None = None) -> uuid.UUID:
    """Whose passkey answered, and once only; in the caller's transaction. Raises `PasskeyRefused`.

    A device that counts its answers always counts up: one that does not is a copy, and its owner is told.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers import parse_authentication_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    asking = _asking(purpose, user)
    try:
        challenge = _challenge_in(credential, asking)
        answer = parse_authentication_credential_json(_short(credential))
        passkey = _known(answer.raw_id, answer.response.user_handle, user)
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_relying_party(),
            expected_origin=passkey_site(),
            credential_public_key=passkey.public_key,
            # Ours to compare, below: in the statement that also writes it.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise PasskeyRefused(str(error)) from error
    if not asking.spend(challenge):
        raise PasskeyRefused("This answer was given before.")
    _count(passkey, verified.new_sign_count)
    return passkey.user_id


def rename_passkey(user: User, passkey_id: uuid.UUID, name: str) -> None:
    """Call one of the user's passkeys something else, in the caller's transaction."""
    mine = sa.update(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user.id)
    db.session.execute(mine.values(name=name[:LONGEST_NAME]))


def _asking(purpose: Purpose, user: User | None) -> Asking:
    return Asking(purpose, user.id.hex if user else "")


def _relying_party() -> str:
    return urlsplit(passkey_site()).hostname or ""


def _short(credential: str) -> str:
    """The answer, if it is of a size that a device gives."""
    if len(credential) > LONGEST_CREDENTIAL:
        raise PasskeyRefused("The answer is too long.")
    return credential


def _challenge_in(credential: str, asking: Asking) -> bytes:
    """The challenge that was answered, once it is known to be ours; the signature over it is checked after that."""
    from webauthn.helpers import base64url_to_bytes, parse_client_data_json

    try:
        client_data = json.loads(_short(credential))["response"]["clientDataJSON"]
        challenge = parse_client_data_json(base64url_to_bytes(client_data)).challenge
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PasskeyRefused("The answer cannot be read.") from error
    if not asking.is_mine(challenge):
        raise PasskeyRefused("The challenge is not ours, or too old.")
    return challenge


def _known(credential_id: bytes, user_handle: bytes | None, user: User | None) -> Passkey:
    passkey: Passkey | None = db.session.scalar(sa.select(Passkey).where(Passkey.credential_id == credential_id))
    is_theirs = passkey is not None and (user is None or passkey.user_id == user.id)
    if passkey is None or not is_theirs or (user_handle and user_handle != passkey.user_id.bytes):
        raise PasskeyRefused("This passkey is not known here.")
    return passkey


def _count(passkey: Passkey, sign_count: int) -> None:
    counts_up = Passkey.sign_count < sign_count if sign_count else Passkey.sign_count == 0
    used = sa.update(Passkey).where(Passkey.id == passkey.id, counts_up)
    used = used.values(sign_count=sign_count, last_used_at=utcnow()).returning(Passkey.id)
    if db.session.execute(used.execution_options(synchronize_session=False)).first() is None:
        record_and_tell(db.session.get_one(User, passkey.user_id), Kind.PASSKEY_REFUSED)
        db.session.commit()
        raise PasskeyRefused("This passkey was copied.")
