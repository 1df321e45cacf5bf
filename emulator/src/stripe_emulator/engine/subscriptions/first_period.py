"""The first billing period: where the cycle is anchored, and what a trial or a later anchor make of it."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from stripe_emulator.api import errors
from stripe_emulator.engine.money import round_half_up
from stripe_emulator.engine.settings import DAY
from stripe_emulator.engine.subscriptions.periods import add_months, next_boundary
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

LONGEST_TRIAL = 730 * DAY


@dataclass(frozen=True)
class FirstPeriod:
    """When a new subscription starts and what its cycle counts from."""

    start: int
    anchor: int
    trial_start: int | None = None
    trial_end: int | None = None
    proration_behavior: str = "create_prorations"

    def end_for(self, item: Json) -> int:
        """Return the end of an item's first period."""
        return self.trial_end or next_boundary(self.anchor, self.start, item["price"]["recurring"])

    def prorate(self, line: Json, item: Json) -> Json:
        """Return the line with the share of a whole interval that the first period covers."""
        if self.trial_end is not None or self.anchor == self.start:
            return line
        recurring = item["price"]["recurring"]
        whole = next_boundary(self.start, self.start, recurring) - self.start
        share = Fraction(self.end_for(item) - self.start, whole)
        amount = 0 if self.proration_behavior == "none" else round_half_up(line["amount"] * min(share, Fraction(1)))
        line["parent"]["subscription_item_details"]["proration"] = True
        return {**line, "amount": amount, "subtotal": amount}


def first_period(tx: Transaction, subscription: Json, params: Json) -> FirstPeriod:
    """Return the first period that the parameters of a new subscription ask for."""
    now = int(subscription["created"])
    trial_end = trial_end_of(now, params, subscription)
    anchor = params.get("billing_cycle_anchor") or configured_anchor(now, params.get("billing_cycle_anchor_config"))
    behavior = params.get("proration_behavior") or "create_prorations"
    if trial_end is not None:
        return FirstPeriod(now, anchor or trial_end, now, trial_end, behavior)
    if anchor is not None and anchor < now:
        raise errors.invalid_request("`billing_cycle_anchor` must be in the future.", "billing_cycle_anchor")
    return FirstPeriod(now, anchor or now, proration_behavior=behavior)


def configured_anchor(now: int, config: Json | None) -> int | None:
    """Return the next moment that `billing_cycle_anchor_config` describes; what it leaves open is as it is now."""
    if not config:
        return None
    start = datetime.fromtimestamp(now, UTC)
    clock = {name: config[name] for name in ("hour", "minute", "second") if name in config}
    for months in range(25):
        month_start = datetime.fromtimestamp(add_months(int(start.replace(day=1).timestamp()), months), UTC)
        if config.get("month") in (None, month_start.month):
            last = calendar.monthrange(month_start.year, month_start.month)[1]
            moment = month_start.replace(day=min(config["day_of_month"], last), **clock)
            if moment >= start:
                return int(moment.timestamp())
    return None


def trial_end_of(now: int, params: Json, subscription: Json | None = None) -> int | None:
    """Return when the trial ends that `trial_end` or `trial_period_days` ask for, or None."""
    given, days = params.get("trial_end"), params.get("trial_period_days")
    if given is not None and days is not None:
        raise errors.invalid_request(
            "You may only specify one of these parameters: trial_end, trial_period_days.", "trial_end"
        )
    if days is None and given is None and params.get("trial_from_plan") and subscription is not None:
        periods = [item["price"]["recurring"].get("trial_period_days") for item in subscription["items"]["data"]]
        days = max((each or 0 for each in periods), default=0)
    if given == "now" or (given is None and not days):
        return None
    end = int(given) if given is not None else now + int(days or 0) * DAY
    if end <= now:
        raise errors.invalid_request("`trial_end` must be in the future.", "trial_end")
    if end - now > LONGEST_TRIAL:
        raise errors.invalid_request(
            "Trial periods can be at most 2 years long.", "trial_end" if given else "trial_period_days"
        )
    return end
