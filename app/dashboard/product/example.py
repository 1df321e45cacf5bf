"""Made-up figures, for the window on the landing page."""

from datetime import date

from app.dashboard.product.figures import Figures, Sum, figures_of, months_before
from app.dashboard.product.models import Kind

# Each month's income and spending in thousandths of the first month's income; the last is what the window tells of.
MONTHS = [(1000, 850), (1020, 845), (1060, 850), (1075, 866), (1110, 840), (1180, 870), (1160, 838), (1225, 850)]
LINES = [("Invoices paid", 1310), ("Interest", 60), ("Rent", -520), ("Tools", -168), ("Travel", -92)]
WHOLE = 300000


def example_figures(today: date, currency: str) -> Figures:
    """A year of somebody who does well."""
    months = months_before(today, len(MONTHS) + 1)
    shares = [*MONTHS, (1370, 780)]
    pairs = list(zip(months, shares, strict=True))
    sums = [
        Sum(month, kind.value, amount * WHOLE // 1000)
        for month, share in pairs
        for kind, amount in zip(Kind, share, strict=True)
    ]
    lines = [(label, amount * WHOLE // 1000) for label, amount in LINES]
    return figures_of(sums, lines, today, currency)
