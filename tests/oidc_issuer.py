"""An OpenID Connect issuer, and GitHub, over HTTP: honest unless a test has it lie."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

CLIENT_ID, CLIENT_SECRET = "perennial", "a secret between the two"
JSON = "application/json"


class OidcIssuer:
    """Whoever comes to `/authorize` is `subject`, with `email`; codes work once, for who began the round.

    `claims`, `header` and `metadata` stand in place of what an honest issuer would say; `key` signs.
    """

    def __init__(self) -> None:
        self.url = ""
        self.key = self._published = RSAKey.generate_key(2048, {"kid": "one"})
        self.forget()

    def forget(self) -> None:
        """Be honest again, to a person without an address."""
        self.subject, self.email, self.email_verified = "248289761001", "", True
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.key = self._published
        self.edit: Callable[[str], str] = lambda token: token
        self.asked: list[dict[str, str]] = []
        self._rounds: dict[str, dict[str, str]] = {}

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        places = {
            "/.well-known/openid-configuration": self._configuration,
            "/keys": lambda _: {"keys": [self._published.as_dict(private=False)]},
            "/authorize": self._authorize,
            "/login/oauth/authorize": self._authorize,
            "/token": self._token,
            "/login/oauth/access_token": self._token,
            "/api/v3/user": lambda _: {"id": int(self.subject), "login": "alice"},
            "/api/v3/user/emails": lambda _: [{"email": self.email, "primary": True, "verified": self.email_verified}],
        }
        answer = places[request.path](request)
        response = answer if isinstance(answer, Response) else Response(json.dumps(answer), mimetype=JSON)
        return response(environ, start_response)

    def _configuration(self, request: Request) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        } | self.metadata

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.args.items())
        self.asked.append(asked)
        code = secrets.token_urlsafe(8)
        self._rounds[code] = asked
        query = urlencode({"code": code, "state": asked["state"]})
        return Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{query}"})

    def _token(self, request: Request) -> Response | dict[str, Any]:
        asked = self._rounds.pop(request.form["code"], None)
        secret = base64.urlsafe_b64encode(hashlib.sha256(request.form["code_verifier"].encode()).digest())
        if asked is None or secret.rstrip(b"=").decode() != asked["code_challenge"] or not self._knows(request):
            return Response(json.dumps({"error": "invalid_grant"}), 400, mimetype=JSON)
        return {"access_token": "access", "token_type": "Bearer", "id_token": self.id_token(asked.get("nonce", ""))}

    def _knows(self, request: Request) -> bool:
        given = request.authorization
        return given is not None and (given.username, given.password) == (CLIENT_ID, CLIENT_SECRET)

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        said = {"iss": self.url, "sub": self.subject, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        if self.email:
            said |= {"email": self.email, "email_verified": self.email_verified}
        claims = {name: value for name, value in (said | self.claims).items() if value is not None}
        any_algorithm = JWSRegistry(algorithms=["RS256", "HS256", "none"])
        return self.edit(jwt.encode(self.header, claims, self.key, registry=any_algorithm))


@contextmanager
def running_issuer() -> Iterator[OidcIssuer]:
    issuer = OidcIssuer()
    server = make_server("127.0.0.1", 0, issuer, threaded=True)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield issuer
    server.shutdown()
    thread.join()
    server.server_close()
