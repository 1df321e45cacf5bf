"""Connecting an account by OAuth: the page that asks, and the two endpoints that programs call."""

import time
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from stripe_emulator.hosted import connections
from stripe_emulator.hosted.accounts import current_account, merchant_name
from stripe_emulator.hosted.connections import Refusal
from stripe_emulator.hosted.links import safe_address
from stripe_emulator.hosted.security import allow_form_redirect, server_to_server
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state import ids

bp = Blueprint("oauth", __name__, url_prefix="/oauth")

SCOPES = ("read_only", "read_write")


@bp.get("/authorize")
def authorize() -> str:
    """Ask whether the application may have the account."""
    address = _redirect_uri()
    allow_form_redirect(address)
    with current_store().read() as tx:
        account, merchant = current_account(tx), merchant_name(tx)
    site = urlsplit(address).netloc
    return render_template(
        "oauth/authorize.html",
        account=account,
        merchant=merchant,
        site=site,
        scope=_scope(),
        fields=request.args,
    )


@bp.post("/authorize")
def answer() -> BaseResponse:
    """Send the browser back with a code, or with word of the refusal."""
    address = _redirect_uri()
    allow_form_redirect(address)
    state = {"state": request.values["state"]} if request.values.get("state") else {}
    if request.form.get("outcome") == "connect":
        code = f"ac_{ids.random_text(32)}"
        with current_store().write() as tx:
            account = current_account(tx)
            if account is None:
                abort(404, "There is no account to connect yet.")
            connections.remember_code(tx, code, request.values["client_id"], account["id"], _scope(), time.time())
        answered = {"scope": _scope(), "code": code, **state}
    else:
        denied = {"error": "access_denied", "error_description": "The user denied your request"}
        answered = {**denied, **state}
    joiner = "&" if urlsplit(address).query else "?"
    return redirect(address + joiner + urlencode(answered), 303)


@bp.post("/token")
@server_to_server
def token() -> Response:
    """Exchange a code or a refresh token for the connected account."""
    try:
        connections.require_key(_secret_key())
        with current_store().write() as tx:
            granted = connections.grant(tx, request.form, time.time())
    except Refusal as refusal:
        return _refuse(refusal)
    return jsonify(granted)


@bp.post("/deauthorize")
@server_to_server
def deauthorize() -> Response:
    """End a connection and tell of it in an event."""
    try:
        connections.require_key(_secret_key())
        with current_store().write() as tx:
            account = connections.end(tx, request.form.get("client_id"), request.form.get("stripe_user_id"))
    except Refusal as refusal:
        return _refuse(refusal)
    return jsonify({"stripe_user_id": account})


def _refuse(refusal: Refusal) -> Response:
    body = {"error": refusal.error, "error_description": refusal.description}
    return make_response(jsonify(body), refusal.status)


def _secret_key() -> str:
    authorization = request.authorization
    if authorization is not None:
        key = authorization.token or (authorization.username if authorization.type == "basic" else "")
    else:
        key = request.form.get("client_secret")
    return key or ""


def _redirect_uri() -> str:
    if not request.values.get("client_id", "").startswith("ca_"):
        abort(400, "No application matches the supplied client identifier.")
    if request.values.get("response_type", "code") != "code":
        abort(400, "The response type must be code.")
    address = safe_address(request.values.get("redirect_uri"))
    if address is None or "#" in address:
        abort(400, "Invalid redirect URI: it has to be an http or https address without a fragment.")
    return address


def _scope() -> str:
    scope = request.values.get("scope") or "read_only"
    return scope if scope in SCOPES else abort(400, "The scope must be read_write or read_only.")
