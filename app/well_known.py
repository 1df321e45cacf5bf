"""What programs look for on any site: whom to tell of a hole, where a password is changed, where browsers complain."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from app.auth.tries import has_room
from app.database import utcnow
from app.extensions import csrf
from app.proxies import client_network
from app.templating import canonical_url

bp = Blueprint("well_known", __name__)
logger = logging.getLogger(__name__)

LARGEST_REPORT = 16 * 1024
MOST_REPORTS = 5
# Anybody can send reports, so few are read: a policy that breaks a page says so soon enough.
REPORTS_BY_ADDRESS, REPORTS_BY_ALL = "10 per minute", "60 per minute"
SPEAKS_FOR = timedelta(days=365)
_WORD = re.compile(r"[a-z-]{1,40}")


@bp.get("/.well-known/security.txt")
def security_txt() -> Response:
    """Whom to tell of a hole in this site (RFC 9116)."""
    expires = (utcnow() + SPEAKS_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: mailto:{current_app.extensions['settings'].support_address}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {canonical_url()}",
    ]
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@bp.get("/.well-known/change-password")
def change_password() -> AnyResponse:
    """Where password managers lead who wants another password."""
    return redirect(url_for("account.security", _anchor="change-password"))


@bp.post("/csp-reports")
@csrf.exempt
def csp_reports() -> tuple[str, int]:
    """What a browser would not load for our policy's sake, as a line of the log. Browsers send no form's token."""
    request.max_content_length = LARGEST_REPORT
    if has_room(REPORTS_BY_ADDRESS, client_network(), "csp") and has_room(REPORTS_BY_ALL, "all", "csp"):
        for directive, blocked, page in list(_reports())[:MOST_REPORTS]:
            logger.warning("The content security policy (%s) kept %s from %s.", directive, blocked, page)
    return "", 204


def _reports() -> Iterator[tuple[str, str, str]]:
    """The directive, what it blocked and on which page; in words of ours, whatever was sent."""
    try:
        sent = json.loads(request.get_data())
    except (ValueError, RecursionError, RequestEntityTooLarge):
        return
    for report in sent if isinstance(sent, list) else [sent]:
        body = _inner(report)
        directive = body.get("effectiveDirective") or body.get("effective-directive") or body.get("violated-directive")
        blocked = body.get("blockedURL") or body.get("blocked-uri")
        found = _WORD.match(str(directive))
        if found and (origin := _origin_of(str(blocked))):
            yield found[0], origin, _page(str(body.get("documentURL") or body.get("document-uri")))


def _inner(report: Any) -> dict[str, Any]:
    body = report.get("body") or report.get("csp-report") if isinstance(report, dict) else None
    return body if isinstance(body, dict) else {}


def _origin_of(blocked: str) -> str | None:
    """Where the blocked thing is from, or its kind; None for what an extension of the browser does."""
    try:
        address = urlsplit(blocked)
    except ValueError:
        return None
    if address.scheme in ("http", "https"):
        return f"{address.scheme}://{re.sub(r'[^a-z0-9.:-]', '', address.netloc.lower())[:80]}"
    else:
        return blocked if _WORD.fullmatch(blocked) else None


def _page(document: str) -> str:
    """The page by its name: its address may hold a token."""
    try:
        return str(current_app.url_map.bind("").match(urlsplit(document).path)[0])
    except (ValueError, HTTPException):
        return "a page that is none of ours"
