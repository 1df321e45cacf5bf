"""Telling everybody who is signed in something, and ending it."""

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.admin.act_forms import LastDayField
from app.admin.paging import newest_first
from app.announcements import (
    LONGEST_LINK,
    LONGEST_TEXT,
    Announcement,
    announce,
    end_announcement,
    is_link,
    running_announcement,
)
from app.database import db


class AnnouncementForm(FlaskForm):
    """What is told, and until when."""

    text = TextAreaField("Text", validators=[InputRequired("Write what to tell."), Length(max=LONGEST_TEXT)])
    link = StringField("Link", validators=[Optional(), Length(max=LONGEST_LINK)])
    link_text = StringField("Words of the link", validators=[Optional(), Length(max=80)])
    until = LastDayField("Last day", validators=[InputRequired("Choose a day.")])

    def validate_link(self, field: StringField) -> None:
        """Refuse what a browser would run, or leads nowhere."""
        if not is_link(field.data or ""):
            raise ValidationError("Begin with / for a page of this site, or with https://.")


def announcements() -> str:
    """What is told now, a form for something else, and what was told before."""
    return _show(AnnouncementForm(formdata=None))


def make_announcement() -> Response | tuple[str, int]:
    """Tell everybody, in place of what is told now."""
    form = AnnouncementForm()
    if not form.validate_on_submit() or form.until.moment is None:
        return _show(form), 422
    announce(
        " ".join((form.text.data or "").split()),
        form.until.moment,
        link=form.link.data or "",
        link_text=form.link_text.data or "",
        actor=current_user.email,
    )
    flash("Everybody who is signed in sees it within half a minute.", "success")
    return redirect(url_for("admin.announcements"), 303)


def stop_announcement() -> Response:
    """Tell nothing any more."""
    end_announcement(actor=current_user.email)
    flash("It is told no more; pages forget it within half a minute.", "success")
    return redirect(url_for("admin.announcements"), 303)


def _show(form: AnnouncementForm) -> str:
    page = newest_first(db.select(Announcement), Announcement.created_at, Announcement.id, request.args.get("after"))
    return render_template("admin/announcements.html", form=form, running=running_announcement(), page=page)
