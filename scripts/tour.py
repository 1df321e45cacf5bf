"""A tour through the site as one picture that moves: `make tour`, after `make screenshots`.

An SVG that holds the screenshots and shows one after the other: browsers and code hosts play it without a script, and
who asks for less motion sees the first.
"""

import base64
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT, CAPTION = 1280, 800, 64
SECONDS = 3.5


@dataclass(frozen=True)
class Stop:
    """A screenshot by its name, and what is told under it."""

    picture: str
    caption: str


STOPS = (
    Stop("landing-light-1280", "Your landing page, with your product on it."),
    Stop("pricing-light-1280", "Plans come from one file. Choose Pro."),
    Stop("emulator-checkout-light-1280", "Pay in Checkout: here the emulator's, later Stripe's."),
    Stop("dashboard-light-1280", "You are Pro, because a signed webhook said so."),
    Stop("account-past-due-light-1280", "A month later the card fails. Access stays for the days of grace."),
    Stop("account-canceling-light-1280", "Cancel: Pro stays to its last day."),
    Stop("admin-light-1280", "The operator sees what needs somebody."),
    Stop("emulator-light-1280", "And the emulator moves the clock, breaks cards, shuffles webhooks."),
)


def draw(folder: Path, stops: tuple[Stop, ...] = STOPS) -> str:
    """The tour as SVG. Raises `FileNotFoundError` for a screenshot that is not there."""
    whole = len(stops) * SECONDS
    share = 100 / len(stops)
    frames = "\n".join(_frame(folder, stop, number) for number, stop in enumerate(stops))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + CAPTION}" role="img">
<title>A tour: {escape(" ".join(stop.caption for stop in stops))}</title>
<style>
  .stop {{ opacity: 0; animation: show {whole}s infinite; }}
  .caption {{ font: 26px system-ui, sans-serif; fill: #3d3f47; }}
  @keyframes show {{ 0% {{ opacity: 0; }} 1%, {share}% {{ opacity: 1; }} {share + 1}% {{ opacity: 0; }} }}
  @media (prefers-reduced-motion: reduce) {{ .stop {{ animation: none; }} .stop:first-of-type {{ opacity: 1; }} }}
</style>
<rect width="100%" height="100%" fill="#f6f4ef"/>
{frames}
<rect x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT + CAPTION - 2}" fill="none" stroke="#d9d5cc" stroke-width="2"/>
</svg>
"""


def _frame(folder: Path, stop: Stop, number: int) -> str:
    picture = base64.b64encode((folder / f"{stop.picture}.png").read_bytes()).decode()
    return (
        f'<g class="stop" style="animation-delay: {number * SECONDS}s">'
        f'<svg width="{WIDTH}" height="{HEIGHT}"><image width="{WIDTH}" href="data:image/png;base64,{picture}"/></svg>'
        f'<text class="caption" x="32" y="{HEIGHT + 42}">{number + 1}. {escape(stop.caption)}</text></g>'
    )


if __name__ == "__main__":
    (ROOT / "docs/tour.svg").write_text(draw(ROOT / "docs/screenshots"))
    print("docs/tour.svg", file=sys.stderr)
