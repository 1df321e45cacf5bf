"""What is drawn and set as in a ledger: standing sentences, lifelines, charts. Data in, places and words out."""

from flask import Flask

from app.figures.charts import bar_chart, line_chart, sparkline
from app.figures.sentence import parts_of_sentence


def init_figures(app: Flask) -> None:
    """Let templates make charts and sentences of their data; `components/pieces.html` has the markup."""
    app.jinja_env.filters.update(
        bars=bar_chart, line=line_chart, sparkline=sparkline, parts_of_sentence=parts_of_sentence
    )


__all__ = ["init_figures"]
