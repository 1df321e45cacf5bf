"""The API's addresses, put together."""

from typing import Any

from flask import Flask

from app.api import (  # noqa: F401  # They add their views to `bp`.
    bp,
    entry_routes,
    me_routes,
    reader,
)
from app.api.document import describe_api
from app.api.token_routes import bp as token_pages


@bp.get("/openapi.json")
def document() -> dict[str, Any]:
    """What this API has, as OpenAPI 3.1; for everybody to read."""
    return describe_api()


def init_api(app: Flask) -> None:
    """Put the API, and the page where its tokens are made, at their addresses."""
    app.register_blueprint(bp)
    app.register_blueprint(token_pages)
    reader.init_api(app)
