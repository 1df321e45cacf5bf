"""The round to an issuer and back: authlib keeps state, nonce and PKCE, and checks what comes back against them."""

import logging
from dataclasses import dataclass
from typing import Any

from flask import current_app, request, session
from werkzeug import Response

from app.auth.email_addresses import InvalidAddress, normalize_address
from app.auth.providers.registry import Provider
from app.urls import link_to

logger = logging.getLogger(__name__)

SECONDS = 10
LEEWAY_SECONDS = 60
# Whatever the issuer says that it signs with: nothing, and a secret that we share, are no signatures.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
LONGEST_SUBJECT = 255


class ProviderFailed(Exception):
    """Nobody was made known: the reader said no, the issuer is away, or what it said does not hold."""


@dataclass(frozen=True)
class Newcomer:
    """Somebody as an issuer vouches for them; the address is normalized, or "" when there is none."""

    issuer: str
    subject: str
    email: str = ""
    is_email_verified: bool = False


def leave_for(provider: Provider) -> Response:
    """Lead to the issuer's own page, which leads back. Raises `ProviderFailed`."""
    client = _client(provider)
    try:
        _trust_only_what_is_ours(client, provider)
        _forget_earlier_rounds(provider)
        answer: Response = client.authorize_redirect(link_to("providers.callback", key=provider.key))
    except Exception as error:
        raise _failed(provider, error) from None
    return answer


def who_came(provider: Provider) -> Newcomer:
    """Who came back from the issuer. Raises `ProviderFailed`; asks the issuer, so no transaction is open."""
    client = _client(provider)
    try:
        if request.args.get("iss", provider.issuer) != provider.issuer:
            raise ValueError("iss")
        return _from_github(client, provider) if provider.is_github else _from_oidc(client, provider)
    except Exception as error:  # Whatever the other side sends, it is no error of ours.
        raise _failed(provider, error) from None


def _from_oidc(client: Any, provider: Provider) -> Newcomer:
    _trust_only_what_is_ours(client, provider)
    rules = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
    }
    token = client.authorize_access_token(claims_options=rules, leeway=LEEWAY_SECONDS)
    claims = token["userinfo"]
    if "email" not in claims and client.server_metadata.get("userinfo_endpoint"):
        more = client.userinfo(token=token)
        claims |= more if more.get("sub") == claims["sub"] else {}
    return _newcomer(provider, claims["sub"], claims.get("email"), claims.get("email_verified") is True)


def _from_github(client: Any, provider: Provider) -> Newcomer:
    token = client.authorize_access_token()
    person = _json(client.get("user", token=token))
    addresses = [one for one in _json(client.get("user/emails", token=token)) if one["primary"]]
    email, is_verified = (addresses[0]["email"], addresses[0]["verified"] is True) if addresses else (None, False)
    # The number stays when somebody takes another name.
    return _newcomer(provider, str(int(person["id"])), email, is_verified)


def _json(answer: Any) -> Any:
    answer.raise_for_status()
    return answer.json()


def _newcomer(provider: Provider, subject: Any, email: Any, is_verified: bool) -> Newcomer:
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or "\x00" in subject:
        raise ValueError("sub")
    try:
        address = normalize_address(email) if isinstance(email, str) else ""
    except InvalidAddress:
        address = ""
    return Newcomer(provider.issuer, subject, address, is_verified and address != "")


def _trust_only_what_is_ours(client: Any, provider: Provider) -> None:
    """Read the issuer's description of itself, and take none that is another's or would do without a signature."""
    if not provider.is_github:
        metadata = client.load_server_metadata()
        if metadata.get("issuer") != provider.issuer:
            raise ValueError("issuer")
        metadata["id_token_signing_alg_values_supported"] = list(ALGORITHMS)


def _forget_earlier_rounds(provider: Provider) -> None:
    """A cookie holds only so much: of several rounds that were begun, the last one counts."""
    for key in [key for key in session if key.startswith(f"_state_{provider.key}_")]:
        session.pop(key)


def _client(provider: Provider) -> Any:
    """Authlib's client for this issuer, built when somebody first wants it: most workers never do."""
    kept: dict[str, Any] = current_app.extensions.setdefault("providers", {})
    if provider.key not in kept:
        from authlib.integrations.flask_client import OAuth

        oauth = OAuth(current_app._get_current_object())  # type: ignore[attr-defined]
        kept[provider.key] = oauth.register(provider.key, **_endpoints(provider))
    return kept[provider.key]


def _endpoints(provider: Provider) -> dict[str, Any]:
    options = {"code_challenge_method": "S256", "default_timeout": SECONDS}
    ours = {"client_id": provider.client_id, "client_secret": provider.client_secret}
    if provider.is_github:
        return ours | {
            "authorize_url": f"{provider.issuer}/login/oauth/authorize",
            "access_token_url": f"{provider.issuer}/login/oauth/access_token",
            "api_base_url": provider.api,
            "client_kwargs": {"scope": "user:email", **options},
        }
    metadata_url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    return ours | {"server_metadata_url": metadata_url, "client_kwargs": {"scope": "openid email", **options}}


def _failed(provider: Provider, error: Exception) -> ProviderFailed:
    # The kind alone: what the other side wrote may hold a token.
    logger.warning("Signing in with %s failed: %s.", provider.key, type(error).__name__)
    return ProviderFailed()
