"""The API's description, OpenAPI 3.1, made from the views and their models; spectree checks requests by the same."""

from copy import deepcopy
from typing import Any

from flask import current_app, url_for
from pydantic import BaseModel, Field, ValidationError
from spectree import Response, SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData

from app.api.problems import MEDIA_TYPE, InvalidRequest

VERSION = "1"
SCHEME = "token"


class Problem(BaseModel):
    """What went wrong, RFC 9457. `error` is there where a program can do something about it."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str | None = Field(None, description="What is wrong, for people.")
    error: dict[str, Any] | None = Field(
        None,
        description="`code`, and what belongs to it: `upgrade_required` names plans that have what is missing.",
    )


def refuse_invalid(request: object, response: object, error: Exception | None, *rest: object) -> None:
    """Tell what spectree found wrong with a request in the API's own form."""
    if isinstance(error, ValidationError):
        raise InvalidRequest(error)


spec = SpecTree(
    "flask",
    mode="strict",
    before=refuse_invalid,
    validation_error_model=Problem,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _, child: child,
    security_schemes=[SecurityScheme(name=SCHEME, data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))],
    security={SCHEME: []},
)


def answers(has_body: bool = False, may_be_missing: bool = False, **own: Any) -> Response:
    """What a view may answer: its own, and the problems that every view has, or every view with a body."""
    codes = [401, 403, 429, *([404] if may_be_missing else []), *([400, 413, 415] if has_body else [])]
    return Response(**own, **{f"HTTP_{code}": Problem for code in codes})


def describe_api() -> dict[str, Any]:
    """The whole document, with this site's name and address."""
    document: dict[str, Any] = deepcopy(spec.spec)
    document["info"] = {"title": f"{current_app.config['APP_NAME']} API", "version": VERSION}
    document["servers"] = [{"url": url_for("pricing.landing", _external=True).rstrip("/")}]
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    response["content"] = {MEDIA_TYPE: response["content"].pop("application/json")}
    return document
