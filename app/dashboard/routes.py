"""The first page after signing in, and an example of a page that a role opens."""

from flask import abort, render_template
from flask_login import login_required

from app.access import require_role
from app.billing.catalog.plans import current_catalog
from app.dashboard import bp
from app.dashboard.product import routes  # noqa: F401  # It adds the example product's pages to `bp`.
from app.dashboard.product.reader import figures_of_reader, months_of_reader

__all__ = ["bp"]


@bp.get("")
@login_required
def index() -> str:
    """The first page after signing in."""
    shown: dict[str, object] = {}
    shown |= figures_of_reader()  # The example product's part.
    return render_template("dashboard/index.html", **shown)


@bp.get("/<role>")
@login_required
def for_role(role: str) -> str:
    """An example of a page for a role and those above it; everybody has the lowest, so it has no such page."""
    found = next((known for known in current_catalog().granted_roles if known.key == role), None) or abort(404)
    require_role(found.key)
    shown: dict[str, object] = {}
    shown |= months_of_reader()  # The example product's part.
    return render_template("dashboard/role.html", role=found, **shown)
