"""What the plan of a token's owner gives them."""

from datetime import datetime

from flask import g
from pydantic import BaseModel, Field

from app.api import bp
from app.api.document import answers, spec
from app.api.reader import scope_required
from app.auth.sessions import this_user
from app.billing.catalog.plans import current_catalog


class Token(BaseModel):
    """The token that was shown."""

    name: str
    scopes: list[str]
    expires_at: datetime | None = Field(description="None for one without an end.")


class Me(BaseModel):
    """The owner of the token, as far as their plan goes."""

    role: str
    plan: str | None = Field(description="The plan's key; none where the role comes from something else.")
    features: list[str]
    limits: dict[str, int | None] = Field(description="How many of each; null is no limit.")
    token: Token


@bp.get("/me")
@scope_required("account:read")
@spec.validate(resp=answers(HTTP_200=Me), operation_id="showMe")
def show_me() -> Me:
    """Your role, features and limits"""
    user, catalog, token = this_user(), current_catalog(), g.api_token
    return Me(
        role=user.role,
        plan=user.plan_key,
        features=[name for name in catalog.features if user.can(name)],
        limits={name: user.limit(name) for name in catalog.limits},
        token=Token(name=token.name, scopes=token.scope_names, expires_at=token.expires_at),
    )
