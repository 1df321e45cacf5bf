"""The account page and the portal: what a user has, pays and can change."""

from flask import Response as FlaskResponse
from flask import abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug import Response
from werkzeug.exceptions import BadRequest

from app.account import bp, security_routes, session_routes, settings_routes  # noqa: F401  # They add their pages to `bp`.
from app.account.back_from_portal import describe_return, remember_standing, remembered_standing, standing_of
from app.account.export import export_of
from app.account.history import history_of
from app.account.page import account_page, open_problem, payments_of, totals_of_year
from app.auth import security_log
from app.auth.rate_limits import limit_checkout, limit_return
from app.auth.sessions import this_user
from app.auth.step_up import fresh_sign_in_required, require_fresh_sign_in
from app.billing.errors import NoCustomer
from app.billing.gateway.clock import stripe_now
from app.billing.portal.sessions import open_portal, return_from_portal
from app.database import begin_write, db
from app.languages import gettext as _

__all__ = ["bp"]
bp.add_app_template_global(open_problem)

PAYMENTS_A_PAGE = 25
ENTRIES_SHOWN = 50
# Beyond it lies no payment, but numbers that a database cannot count to.
LAST_PAGE = 100_000


@bp.get("")
@login_required
@limit_return
def index() -> str | Response:
    """The subscription in a sentence, the last payments, and how one signs in."""
    if request.args.get("from") == "portal":
        user = this_user()
        before = remembered_standing(user)
        return_from_portal(user)
        if told := describe_return(before, standing_of(user)):
            flash(told, "success")
        return redirect(url_for("account.index"), 303)
    else:
        return account_page()


@bp.get("/email")
@bp.get("/password")
@bp.get("/sessions/revoke")
def back_to_account() -> Response:
    """Where these forms are shown again with a mistake in them, their address may be asked for by itself."""
    return redirect(url_for("account.security"))


@bp.get("/activity")
@login_required
def activity() -> str:
    """What happened on the account, newest first."""
    return render_template("account/activity.html", audit=history_of(this_user(), ENTRIES_SHOWN))


@bp.get("/data")
@login_required
def data() -> str:
    """A copy of everything, and the way out."""
    return render_template("account/data.html")


@bp.get("/invoices")
@login_required
def invoices() -> str:
    """All payments, newest first."""
    page = request.args.get("page", 1, type=int)
    if not 1 <= page <= LAST_PAGE:
        abort(404)
    totals = totals_of_year(this_user(), stripe_now().year)
    payments = db.paginate(payments_of(this_user()), page=page, per_page=PAYMENTS_A_PAGE)
    return render_template("account/invoices.html", payments=payments, totals=totals)


@bp.get("/export")
@fresh_sign_in_required
def export() -> FlaskResponse:
    """Everything that is kept about the reader, as a JSON file."""
    begin_write()
    user = this_user()
    response = jsonify(export_of(user))
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    security_log.record(user.id, security_log.Kind.EXPORTED)
    db.session.commit()
    return response


@bp.post("/portal")
@login_required
@limit_checkout
def portal() -> Response:
    """Leave for Stripe's customer portal, or straight for one of its flows."""
    if current_app.extensions["settings"].step_up_for_portal:
        require_fresh_sign_in()
    try:
        user = this_user()
        address = open_portal(user, request.form.get("flow") or None)
        remember_standing(user)
        return redirect(address, 303)
    except NoCustomer:
        flash(_("There is nothing to manage yet: choose a plan first."), "info")
        return redirect(url_for("pricing.index"), 303)
    except ValueError as error:
        raise BadRequest from error
