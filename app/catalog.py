"""What is sold: the first file that a fork edits. `docs/catalog.md` says what each field does.

After a change of a price, `flask billing push` brings it to Stripe; in development a reload does.
Amounts are in the currency's smallest unit: 900 is 9.00 US dollars.
"""

from app.billing.catalog.plans import Catalog, Plan, Role, monthly, once, yearly

CATALOG = Catalog(
    slug="perennial",
    currency="usd",
    roles=(
        Role("free", name="Free", rank=0),
        Role("basic", name="Basic", rank=10),
        Role("pro", name="Pro", rank=20),
    ),
    features={"exports": "CSV export", "api": "API"},
    limits={"entries": "entries", "api_tokens": "API tokens"},
    plans=(
        Plan(
            "free",
            name="Free",
            role="free",
            tagline="For a look around, as long as you like.",
            highlights=("25 entries", "This month at a glance", "A copy of your data any time"),
            limits={"entries": 25, "api_tokens": 0},
        ),
        Plan(
            "basic",
            name="Basic",
            role="basic",
            tagline="For getting started on your own.",
            highlights=("500 entries", "Twelve months side by side", "Help by e-mail"),
            features=("api",),
            limits={"entries": 500, "api_tokens": 1},
            prices=(monthly(900), yearly(9000)),
        ),
        Plan(
            "pro",
            name="Pro",
            role="pro",
            tagline="For people who rely on it every day.",
            highlights=(
                "Everything in Basic",
                "As many entries as you like",
                "CSV export for your accountant",
                "Help by e-mail within one working day",
            ),
            features=("exports", "api"),
            limits={"api_tokens": 20},
            prices=(monthly(2900), yearly(29000)),
            is_recommended=True,
        ),
        Plan(
            "lifetime",
            name="Lifetime",
            role="pro",
            tagline="Pay once, keep Pro for good.",
            highlights=("Everything in Pro", "One payment, no renewals"),
            features=("exports", "api"),
            limits={"api_tokens": 20},
            prices=(once(19900),),
        ),
    ),
)
