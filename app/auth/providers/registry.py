"""The issuers that somebody can sign in with, as the settings name them."""

from dataclasses import dataclass

from flask import current_app

GOOGLE = "https://accounts.google.com"
GITHUB = "https://github.com"


@dataclass(frozen=True)
class Provider:
    """An issuer of identities: Google and others by OpenID Connect, GitHub by OAuth and its own API."""

    key: str
    name: str
    issuer: str
    client_id: str
    client_secret: str

    @property
    def is_github(self) -> bool:
        return self.key == "github"

    @property
    def api(self) -> str:
        """Where GitHub, or one of one's own (GitHub Enterprise), tells who somebody is."""
        return "https://api.github.com/" if self.issuer == GITHUB else f"{self.issuer}/api/v3/"


def current_providers() -> list[Provider]:
    """Those that are set, in the order of their buttons."""
    settings = current_app.extensions["settings"]
    issuers = {
        "google": ("Google", GOOGLE),
        "github": ("GitHub", settings.login_github_url.rstrip("/")),
        "oidc": (settings.login_oidc_name, settings.login_oidc_issuer),
    }
    known = [
        Provider(
            key,
            name,
            issuer,
            client_id=getattr(settings, f"login_{key}_client_id"),
            client_secret=getattr(settings, f"login_{key}_client_secret").get_secret_value(),
        )
        for key, (name, issuer) in issuers.items()
    ]
    return [provider for provider in known if provider.client_id]


def provider_called(key: str) -> Provider | None:
    """The provider of this name, if it is set."""
    return next((provider for provider in current_providers() if provider.key == key), None)


def known_issuers() -> list[str]:
    """The issuers whose word counts today."""
    return [provider.issuer for provider in current_providers()]
