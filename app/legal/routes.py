"""Terms and privacy, placeholders that a fork replaces; and what search engines, phones and browsers ask for."""

from flask import Blueprint, Response, current_app, render_template

bp = Blueprint("legal", __name__)


@bp.get("/terms")
def terms() -> str:
    """What both sides agree to."""
    return render_template("legal/terms.html")


@bp.get("/privacy")
def privacy() -> str:
    """What is kept about people, and why."""
    return render_template("legal/privacy.html")


@bp.get("/robots.txt")
def robots() -> Response:
    """Which pages are nobody's but their reader's."""
    return Response(render_template("robots.txt"), mimetype="text/plain")


@bp.get("/sitemap.xml")
def sitemap() -> Response:
    """The public pages."""
    return Response(render_template("sitemap.xml"), mimetype="application/xml")


@bp.get("/site.webmanifest")
def manifest() -> Response:
    """The name and icons for a home screen."""
    return Response(render_template("site.webmanifest"), mimetype="application/manifest+json")


@bp.get("/favicon.ico")
def favicon() -> Response:
    """The icon for whoever asks at the root, as feed readers do."""
    return current_app.send_static_file("favicon.ico")
