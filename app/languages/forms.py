"""Forms whose every message is in the reader's language: what WTForms says by itself, it says in many."""

from flask_wtf import FlaskForm

from app.languages import SOURCE, current_language


class Form(FlaskForm):
    """What the pages' forms begin with; without a language but English it looks nothing up."""

    class Meta(FlaskForm.Meta):  # The place where WTForms asks.
        @property
        def locales(self) -> list[str] | bool:
            """The languages to look for; False is English, as WTForms has it in its code."""
            return False if (language := current_language()) == SOURCE else [language, SOURCE]
