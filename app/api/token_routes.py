"""The account's page of tokens: made behind a fresh sign-in, shown once, revoked by a press."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_login import current_user, login_required
from werkzeug import Response

from app.access import feature_required, within_limit
from app.api.forms import TokenForm
from app.api.reader import FEATURE
from app.api.tokens import SCOPES, count_tokens, make_token, revoke_token, tokens_of
from app.auth.forms import text_of
from app.auth.sessions import this_user
from app.auth.step_up import fresh_sign_in_required, is_fresh
from app.database import db, parse_uuid, utcnow
from app.languages import gettext as _

bp = Blueprint("api_tokens", __name__, url_prefix="/account/tokens")
# In the cookie, from the press to the page after it: a token that its owner has not seen yet.
NEW_TOKEN = "new_api_token"  # noqa: S105  # A name, and no token.


@bp.get("")
@login_required
def index() -> str:
    """The reader's tokens; a new one is shown here once."""
    return _page(TokenForm(formdata=None), new_token=session.pop(NEW_TOKEN, None))


@bp.get("/new")
@fresh_sign_in_required
def confirm() -> Response:
    """Ask whether it is really them, and go back to the form."""
    return redirect(url_for("api_tokens.index"))


@bp.post("")
@fresh_sign_in_required
@feature_required(FEATURE)
@within_limit("api_tokens", count_tokens)
def add() -> Response | tuple[str, int]:
    """Make a token, if the plan has room for one more."""
    form = TokenForm()
    if not form.validate_on_submit():
        return _page(form), 422
    ends_at = utcnow() + form.lasts if form.lasts else None
    token = make_token(this_user(), text_of(form.name), form.scopes.data or [], ends_at)
    db.session.commit()
    session[NEW_TOKEN] = token
    return redirect(url_for("api_tokens.index"), 303)


@bp.post("/revoke")
@login_required
def revoke() -> Response:
    """Take a token back; whatever shows it is refused from now on."""
    chosen = parse_uuid(request.form.get("token_id", ""))
    if chosen and revoke_token(this_user(), chosen):
        db.session.commit()
        flash(_("The token is revoked. Programs that use it are refused from now on."), "success")
    return redirect(url_for("api_tokens.index"), 303)


def _page(form: TokenForm, new_token: str | None = None) -> str:
    limit = current_user.limit("api_tokens")
    return render_template(
        "account/tokens.html",
        form=form,
        new_token=new_token,
        tokens=tokens_of(this_user()),
        scopes=SCOPES,
        has_api=current_user.can(FEATURE),
        has_room=limit is None or count_tokens() < limit,
        limit=limit,
        is_fresh=is_fresh(),
    )
