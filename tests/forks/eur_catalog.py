"""What a fork sells: three plans in euros with roles of its own, one for each seat, one retired, none paid once."""

from app.billing.catalog.plans import Catalog, Plan, Role, monthly, yearly

CATALOG = Catalog(
    slug="atelier",
    currency="eur",
    roles=(
        Role("visitor", name="Visitor", rank=0),
        Role("maker", name="Maker", rank=1),
        Role("house", name="House", rank=2),
    ),
    features={"exports": "Export", "api": "API"},
    limits={"entries": "entries", "api_tokens": "API tokens"},
    plans=(
        Plan("sketch", name="Sketch", role="maker", prices=(monthly(400),), limits={"entries": 2}, is_sold=False),
        Plan(
            "bench",
            name="Bench",
            role="maker",
            tagline="For one pair of hands.",
            limits={"entries": 10},
            prices=(monthly(1200), yearly(12000)),
        ),
        Plan(
            "workshop",
            name="Workshop",
            role="house",
            tagline="For a team.",
            features=("exports", "api"),
            prices=(monthly(1500, per_seat=True),),
            trial_days=0,
            is_recommended=True,
        ),
    ),
)
