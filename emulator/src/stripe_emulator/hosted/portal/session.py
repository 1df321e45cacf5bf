"""A portal session: whose billing it shows, what it may do, and where it ends."""

import time
from dataclasses import dataclass

from flask import abort

from stripe_emulator.hosted.accounts import merchant_name
from stripe_emulator.hosted.links import safe_address
from stripe_emulator.state.store import Json, Transaction

OPEN_SECONDS = 3600
KIND = "billing_portal.session"


class SessionExpired(Exception):
    """The link was used too late."""

    def __init__(self, merchant: str, back: str | None) -> None:
        super().__init__("This portal session has expired.")
        self.merchant = merchant
        self.back = back


@dataclass(frozen=True)
class PortalSession:
    """What the pages need to know of the session and its customer."""

    token: str
    session: Json
    configuration: Json
    customer_id: str
    merchant: str
    opened: bool
    flow_done: bool

    @property
    def features(self) -> Json:
        """What the configuration lets the customer do."""
        features: Json = self.configuration["features"]
        return features

    @property
    def flow(self) -> Json | None:
        """The one task the session was made for, until it is done."""
        return None if self.flow_done else self.session.get("flow")

    @property
    def return_url(self) -> str | None:
        """Where Back leads."""
        url = self.session.get("return_url") or self.configuration.get("default_return_url")
        return safe_address(url)

    @property
    def completion(self) -> Json:
        """What happens once the flow is done."""
        return (self.session.get("flow") or {}).get("after_completion") or {"type": "portal_homepage"}

    @property
    def completion_url(self) -> str | None:
        """Where the flow's end redirects to, if it does."""
        return safe_address((self.completion.get("redirect") or {}).get("return_url"))

    def allows(self, feature: str) -> bool:
        """Tell whether the configuration switched a feature on, or the session was made for it."""
        kind = (self.session.get("flow") or {}).get("type", "")
        asked = kind.startswith("subscription_update") if feature == "subscription_update" else kind == feature
        return bool((self.features.get(feature) or {}).get("enabled")) or asked

    def require(self, feature: str) -> None:
        """Refuse a page whose feature is switched off."""
        if not self.allows(feature):
            abort(403, "The portal's configuration does not allow this.")


def find_session(tx: Transaction, token: str) -> PortalSession:
    """Return the session behind a token, or raise SessionExpired; the hour starts when it is first opened."""
    session = tx.get(KIND, token)
    if session is None:
        abort(404)
    hidden = tx.hidden(KIND, session["id"])
    merchant, opened = merchant_name(tx), hidden.get("opened")
    age = time.time() - opened if opened else tx.now() - session["created"]
    if age > OPEN_SECONDS:
        raise SessionExpired(merchant, safe_address(session["return_url"]))
    configuration = tx.require("billing_portal.configuration", session["configuration"])
    done = bool(hidden.get("flow_done"))
    return PortalSession(token, session, configuration, session["customer"], merchant, bool(opened), done)


def mark_opened(tx: Transaction, portal: PortalSession) -> None:
    """Start the session's hour, in real time: the emulator's clock may be moved while the page is open."""
    hidden = tx.hidden(KIND, portal.session["id"])
    tx.set_hidden(KIND, portal.session["id"], {"opened": time.time(), **hidden})


def finish_flow(tx: Transaction, portal: PortalSession) -> None:
    """Remember that the session's task is done."""
    hidden = tx.hidden(KIND, portal.session["id"])
    tx.set_hidden(KIND, portal.session["id"], {**hidden, "flow_done": True})
