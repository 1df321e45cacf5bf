"""The product's own pages: what a fork replaces. Projects show a limit, the export a feature, the rest roles."""

import csv
import io
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_login import login_required
from werkzeug import Response

from app.access import feature_required, require_role, within_limit
from app.auth.sessions import this_user
from app.billing.catalog.plans import current_catalog
from app.dashboard.forms import ProjectForm
from app.dashboard.models import Project
from app.database import db

bp = Blueprint("dashboard", __name__, url_prefix="/dashboard")
# A spreadsheet runs a cell that begins with one of these.
FORMULA_STARTS = ("=", "+", "-", "@")


def count_projects() -> int:
    """How many projects the reader has."""
    query = sa.select(sa.func.count()).select_from(Project).where(Project.user_id == this_user().id)
    return db.session.scalar(query) or 0


@bp.get("")
@login_required
def index() -> str:
    """The first page after signing in."""
    return _show(ProjectForm(formdata=None))


@bp.post("")
@within_limit("projects", count_projects)
def add_project() -> Response | tuple[str, int]:
    """Keep a project, if the plan has room for one more."""
    form = ProjectForm()
    if not form.validate_on_submit():
        return _show(form), 422
    db.session.add(Project(user_id=this_user().id, name=form.name.data))
    db.session.commit()
    flash(f"{form.name.data} is added.", "success")
    return redirect(url_for("dashboard.index"), 303)


@bp.post("/projects/<uuid:project_id>/delete")
@login_required
def delete_project(project_id: uuid.UUID) -> Response:
    """Delete one of the reader's projects; somebody else's is not found."""
    project = db.session.get(Project, project_id)
    if project is None or project.user_id != this_user().id:
        abort(404)
    db.session.delete(project)
    db.session.commit()
    flash(f"{project.name} is deleted.", "success")
    return redirect(url_for("dashboard.index"), 303)


@bp.get("/projects.csv")
@feature_required("exports")
def export_projects() -> Response:
    """The reader's projects as a table for a spreadsheet."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["name", "created_at"])
    table.writerows([_cell(project.name), project.created_at.isoformat()] for project in _projects())
    headers = {"Content-Disposition": 'attachment; filename="projects.csv"'}
    return Response(text.getvalue(), headers=headers, content_type="text/csv; charset=utf-8")


@bp.get("/<role>")
@login_required
def for_role(role: str) -> str:
    """An example of a page for a role and those above it; everybody has the lowest, so it has no such page."""
    found = next((known for known in current_catalog().granted_roles if known.key == role), None) or abort(404)
    require_role(found.key)
    return render_template("dashboard/role.html", role=found)


def _show(form: ProjectForm) -> str:
    return render_template(
        "dashboard/index.html",
        form=form,
        projects=_projects(),
        limit=this_user().limit("projects"),
        roles=sorted(current_catalog().granted_roles, key=lambda role: role.rank),
    )


def _projects() -> Sequence[Project]:
    query = sa.select(Project).where(Project.user_id == this_user().id)
    return db.session.scalars(query.order_by(Project.created_at, Project.id)).all()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
