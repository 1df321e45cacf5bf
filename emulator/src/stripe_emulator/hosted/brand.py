"""The bar of every page, and the merchant's colour as a style sheet: a page itself carries no styles."""

from flask import Blueprint, Flask, Response

from stripe_emulator.hosted.accounts import merchant_accent
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.state import chaos
from stripe_emulator.state.store import Json

bp = Blueprint("brand", __name__)


def init_app(app: Flask) -> None:
    """Tell every template what time it is here and whether deliveries go wrong."""
    app.context_processor(share_test_mode)


def share_test_mode() -> Json:
    """Return what the bar of the test mode says."""
    with current_store().read() as tx:
        now, offset = tx.now(), int(tx.get_setting("clock_offset", 0))
        return {"now": now, "clock_offset": offset, "chaos_is_on": chaos.current(tx).is_on}


@bp.get("/brand.css")
def style() -> Response:
    """Return the merchant's accent, if there is one."""
    with current_store().read() as tx:
        accent = merchant_accent(tx)
    rule = f"@layer tokens {{ :root {{ --brand: {accent}; }} }}\n" if accent else ""
    return Response(rule, mimetype="text/css")
