"""Errors as programs read them: `application/problem+json`, RFC 9457."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import Response, jsonify
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from app.access import UpgradeRequired
from app.billing.catalog.plans import current_catalog
from app.errors import upgrade_error
from app.request_log import note_security

MEDIA_TYPE = "application/problem+json"
TOLD = {401: "token_refused", 403: "forbidden", 429: "too_many"}


class Refusal(Exception):
    """A request that is answered with a problem: a status, a code for programs, and a sentence for people."""

    def __init__(self, status: int, code: str, detail: str, **members: object) -> None:
        self.status, self.code, self.detail, self.members = status, code, detail, members
        super().__init__(detail)


class InvalidRequest(Refusal):
    """A request whose fields are not as the document says."""

    def __init__(self, error: ValidationError) -> None:
        fields = [
            {"field": ".".join(str(part) for part in one["loc"]), "detail": one["msg"].removeprefix("Value error, ")}
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        super().__init__(422, "invalid", "Some fields are not as they have to be.", fields=fields)


def problem(
    status: int, detail: str | None = None, headers: Mapping[str, str] | None = None, **members: object
) -> Response:
    """An answer that says what is wrong, with a member `error` for what only this API tells."""
    if status in TOLD:
        note_security(TOLD[status], reason=detail)
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    response = jsonify(body | ({"detail": detail} if detail else {}) | members)
    response.status_code, response.mimetype = status, MEDIA_TYPE
    response.headers.update(headers or {})
    return response


def show_refusal(error: Refusal) -> Response:
    """What we refuse ourselves, with RFC 6750's header where it is about the token."""
    told = {"code": error.code} | error.members
    challenge = {"WWW-Authenticate": _challenge(error)} if error.status in (401, 403) else {}
    return problem(error.status, error.detail, challenge, error=told)


def show_upgrade(error: UpgradeRequired) -> Response:
    """What the plan lacks, and the plans that have it."""
    catalog = current_catalog()
    if error.kind == "limit":
        detail = f"Your plan has no room for more {catalog.limits.get(error.name, error.name)}."
    else:
        detail = f"Your plan does not include this: {catalog.features.get(error.name, error.name)}."
    return problem(403, detail, error=upgrade_error(error))


def show_http_error(error: HTTPException) -> Response:
    """An error of HTTP's; only what says more than its own title is told."""
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    says_more = error.description != type(error).description
    return problem(error.code or 500, error.description if says_more else None, kept)


def _challenge(error: Refusal) -> str:
    if error.code == "token_required":
        return "Bearer"
    scope = f', scope="{error.members["scope"]}"' if "scope" in error.members else ""
    return f'Bearer error="{error.code}"{scope}'
