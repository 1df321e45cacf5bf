"""Telling the owner of a sign-in from a browser that nobody had seen before."""

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import request

from app.auth.devices import describe_network, remember_device, this_device
from app.auth.models import User
from app.database import db
from app.mail.outbox import queue_mail
from app.urls import link_to

# For so long after signing up another device is most likely the same person's, and no news to them.
IS_NEW = timedelta(minutes=10)
_OWNER = sa.select(User.email, User.password_changed_at, User.created_at).where(User.id == sa.bindparam("id"))


def meet_device(user_id: uuid.UUID, words: str, now: datetime) -> None:
    """Know this browser from now on, and tell the owner by mail when it was a stranger until now."""
    owner = db.session.execute(_OWNER, {"id": user_id}).one()
    device = this_device()
    is_known = device is not None and device.knows(user_id, owner.password_changed_at)
    remember_device(user_id, owner.password_changed_at)
    if is_known or owner.created_at > now - IS_NEW:
        return
    network = describe_network(request.remote_addr)
    queue_mail(
        "new_device",
        to=owner.email,
        # The same kind of browser in the same network is told of once a day.
        cause=f"new_device:{user_id}:{words}:{network}:{now.date()}",
        user_id=user_id,
        context={
            "device": words,
            "network": network,
            "signed_in_at": now.isoformat(),
            "url": link_to("auth.forgot_password"),
        },
    )


def keep_device(user_id: uuid.UUID) -> None:
    """Go on knowing the browser in which its user has just changed the password."""
    remember_device(user_id, db.session.execute(_OWNER, {"id": user_id}).one().password_changed_at)
