"""Adding, changing and deleting entries within the plan's limit; import for all, export where the plan has it."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug import Response

from app.access import UpgradeRequired, feature_required, within_limit
from app.auth.sessions import this_user
from app.billing.catalog.plans import current_catalog
from app.dashboard import bp
from app.dashboard.product.csv_files import BadFile, read_entries, write_entries
from app.dashboard.product.forms import EntryForm, ImportForm
from app.dashboard.product.models import Entry
from app.dashboard.product.reader import count_entries, figures_of_reader, newest_entries
from app.database import db, utcnow
from app.languages import current_language, ngettext
from app.languages import gettext as _
from app.languages.formats import typed_number
from app.templating import decimals_of, number


@bp.post("")
@within_limit("entries", count_entries)
def add_entry() -> Response | tuple[str, int]:
    """Write something down, if the plan has room for one more."""
    form = EntryForm()
    if not form.validate_on_submit():
        return _show(form=form), 422
    entry = Entry(user_id=this_user().id)
    _fill(entry, form)
    db.session.add(entry)
    db.session.commit()
    flash(_("%(label)s is written down.", label=entry.label), "success")
    return redirect(url_for("dashboard.index"), 303)


@bp.route("/entries/<uuid:entry_id>", methods=["GET", "POST"])
@login_required
def edit_entry(entry_id: uuid.UUID) -> str | Response | tuple[str, int]:
    """Change one of the reader's entries."""
    entry = _find(entry_id)
    form = EntryForm(data={**_fields(entry)}) if request.method == "GET" else EntryForm()
    if request.method == "GET":
        return render_template("dashboard/product/edit.html", form=form, entry=entry)
    if not form.validate_on_submit():
        return render_template("dashboard/product/edit.html", form=form, entry=entry), 422
    _fill(entry, form)
    db.session.commit()
    flash(_("%(label)s is changed.", label=entry.label), "success")
    return redirect(url_for("dashboard.index"), 303)


@bp.post("/entries/<uuid:entry_id>/delete")
@login_required
def delete_entry(entry_id: uuid.UUID) -> Response:
    """Delete one of the reader's entries; somebody else's is not found."""
    entry = _find(entry_id)
    db.session.delete(entry)
    db.session.commit()
    flash(_("%(label)s is deleted.", label=entry.label), "success")
    return redirect(url_for("dashboard.index"), 303)


@bp.post("/import")
@within_limit("entries", count_entries)
def import_entries() -> Response | tuple[str, int]:
    """Write down a whole file, if the plan has room for all of it."""
    form, user = ImportForm(), this_user()
    if not form.validate_on_submit():
        return _show(import_form=form), 422
    try:
        entries = read_entries(form.file.data.read(), current_catalog().currency)
    except BadFile as error:
        form.file.errors = [str(error)]
        return _show(import_form=form), 422
    most = user.limit("entries")
    if most is not None and count_entries() + len(entries) > most:
        raise UpgradeRequired("limit", "entries")
    for entry in entries:
        entry.user_id = user.id
    db.session.add_all(entries)
    db.session.commit()
    count = len(entries)
    told = ngettext("%(num)s entry is written down.", "%(num)s entries are written down.", count, num=number(count))
    flash(told, "success")
    return redirect(url_for("dashboard.index"), 303)


@bp.get("/entries.csv")
@feature_required("exports")
def export_entries() -> Response:
    """The reader's entries as a table for a spreadsheet."""
    headers = {"Content-Disposition": 'attachment; filename="entries.csv"'}
    text = write_entries(newest_entries(), current_catalog().currency)
    return Response(text, headers=headers, content_type="text/csv; charset=utf-8")


def _show(form: EntryForm | None = None, import_form: ImportForm | None = None) -> str:
    return render_template("dashboard/index.html", **figures_of_reader(form, import_form))


def _find(entry_id: uuid.UUID) -> Entry:
    entry = db.session.get(Entry, entry_id)
    return entry if entry and entry.user_id == this_user().id else abort(404)


def _fill(entry: Entry, form: EntryForm) -> None:
    entry.kind, entry.label = str(form.kind.data), str(form.label.data)
    entry.amount, entry.happened_on = form.amount_minor, form.happened_on.data or utcnow().date()


def _fields(entry: Entry) -> dict[str, object]:
    digits = decimals_of(current_catalog().currency)
    amount = typed_number(current_language(), f"{entry.amount / 10**digits:.{digits}f}")
    return {"kind": entry.kind, "label": entry.label, "amount": amount, "happened_on": entry.happened_on}
