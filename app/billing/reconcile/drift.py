"""The report of a comparison with Stripe: who has access without paying, who pays without access, what was repaired."""

from dataclasses import dataclass, field

from app.billing.catalog.plans import Role
from app.billing.changes import Changes

# How the ids of invoices and of PaymentIntents begin.
PAYMENT_IDS = ("in_", "pi_")


@dataclass(frozen=True)
class UserDrift:
    """How what we kept of one user differed from Stripe."""

    email: str
    role_before: Role
    role_after: Role
    changes: Changes
    repaired_payments: Changes
    live_subscriptions: int
    unknown_prices: list[str]

    @property
    def all_changes(self) -> Changes:
        """Everything that was repaired, payments too."""
        return self.changes | self.repaired_payments


@dataclass
class DriftReport:
    """What a reconcile found, by e-mail address or subscription id, and how much it repaired."""

    has_access_without_paying: list[str] = field(default_factory=list)
    pays_without_access: list[str] = field(default_factory=list)
    several_subscriptions: list[str] = field(default_factory=list)
    settled_orders: list[str] = field(default_factory=list)
    repaired_payments: list[str] = field(default_factory=list)
    unknown_prices: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    repaired: int = 0
    checked: int = 0

    def add(self, drift: UserDrift) -> None:
        """Count one user in."""
        self.checked += 1
        self.repaired += bool(drift.all_changes)
        payments = [name for name in drift.repaired_payments if name.startswith(PAYMENT_IDS)]
        self.repaired_payments += [f"{name} of {drift.email}" for name in payments]
        self.unknown_prices += drift.unknown_prices
        if any(name.startswith("order ") for name in drift.all_changes):
            self.settled_orders.append(drift.email)
        if drift.live_subscriptions > 1:
            self.several_subscriptions.append(drift.email)
        if drift.role_after.rank < drift.role_before.rank:
            self.has_access_without_paying.append(drift.email)
        elif drift.role_after.rank > drift.role_before.rank:
            self.pays_without_access.append(drift.email)
