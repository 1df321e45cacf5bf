"""Whatever order the events of a life arrive in, however often, whatever is read meanwhile: the same end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import stripe
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe_emulator import Emulator

from app.auth.models import User
from app.billing.asking import ask_then_lock
from app.billing.customers import lock_user
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.subscriptions.sync import sync_subscription
from app.billing.webhooks.handlers import HANDLERS
from app.database import db
from app.mail.outbox import OutboxMail
from tests.billing.lives.old_shapes import VERSIONS, downgraded
from tests.billing.lives.post import BLURS
from tests.billing.lives.recorded_lives import LIVES
from tests.billing.lives.recorded_stripe import RecordedStripe
from tests.people import Person
from tests.stripe_actions import Json, Stripe, signed

pytestmark = pytest.mark.usefixtures("catalogue")
EFFECTS = (OutboxMail, RoleChange, Payment, Subscription, StripeEvent)
USUAL_LENGTH = 10
# Two of them at once, the others where there is more time.
WITH_TIME = [pytest.mark.slow, pytest.mark.database]
ON_TIME = [pytest.param(name, marks=[] if name in ("subscription", "refund") else WITH_TIME) for name in LIVES]
AGES = st.sampled_from((stripe.api_version, *VERSIONS))


@dataclass
class Life:
    """A recorded life, and the site on which it is lived again."""

    app: Flask
    stripe: RecordedStripe
    happened: list[Json]

    @property
    def events(self) -> list[Json]:
        """Those that are sent to the webhook, in the order in which they happened."""
        return [event for event in self.happened if event["type"] in HANDLERS]

    def happen(self) -> Iterator[int]:
        """Let one after another happen; how many of those that are sent have happened, after each."""
        sent = 0
        for event in self.happened:
            self.stripe.happen(event)
            if event["type"] in HANDLERS:
                sent += 1
                yield sent

    def start(self) -> None:
        """Undo every effect, and let nothing have happened yet."""
        self.stripe.forget()
        with self.app.app_context():
            for model in EFFECTS:
                db.session.execute(db.delete(model))
            db.session.execute(db.update(User).values(role="free", role_expires_at=None, role_recheck_at=None))
            untouched = {"fulfilled_at": None, "stripe_subscription_id": None, "stripe_payment_intent_id": None}
            untouched |= {"stripe_dispute_id": None, "dispute_status": None, "note": None}
            db.session.execute(db.update(Order).values(state="pending", **untouched))
            db.session.commit()

    def deliver(self, event: Json) -> None:
        """Bring an event to the webhook, which always takes it."""
        body, headers = signed(event, self.app.extensions["settings"].webhook_secrets[0])
        answer = self.app.test_client().post("/webhooks/stripe", data=body, headers=headers)
        assert answer.status_code == 200, (event["type"], answer.json)

    def look(self) -> None:
        """Mirror every known subscription as Stripe has it now: the success page, the nightly job."""
        with self.app.app_context():
            ask_then_lock(partial(self._mirror_all, current_scope()))
            db.session.commit()

    def _mirror_all(self, scope: StripeScope) -> None:
        for row in db.session.scalars(db.select(Subscription)).all():
            sync_subscription(lock_user(row.user_id), row.stripe_subscription_id, scope, cause="look")

    def end(self) -> dict[str, Any]:
        """Everything that matters at rest."""
        with self.app.app_context():
            return {
                "role": list(db.session.scalars(db.select(User.role))),
                "orders": list(db.session.scalars(db.select(Order.state).order_by(Order.created_at))),
                "subscriptions": sorted(
                    (
                        row.stripe_subscription_id,
                        row.status,
                        row.lookup_key,
                        row.is_canceling,
                        row.current_period_end,
                        *map(str, (row.unpaid_since, row.paid_until, row.paid_plan_key)),
                    )
                    for row in db.session.scalars(db.select(Subscription))
                ),
                "payments": sorted(
                    (row.amount, row.status, row.amount_refunded, row.attempt_count)
                    for row in db.session.scalars(db.select(Payment))
                ),
            }

    def mails(self) -> list[str]:
        with self.app.app_context():
            causes = list(db.session.scalars(db.select(OutboxMail.cause)))
        assert len(causes) == len(set(causes))
        return causes


@pytest.fixture(params=LIVES)
def life(request, app: Flask, app_with, alice: Person, at_stripe: Stripe, emulator: Emulator) -> Iterator[Life]:
    """A life as the emulator recorded it, to be lived again on a Stripe that knows only what has happened."""
    at_stripe.mute()
    LIVES[request.param](alice, at_stripe, emulator)
    happened = at_stripe.events()
    account = at_stripe.v1.accounts.retrieve_current().to_dict(for_json=True)
    fixed = [one.to_dict(for_json=True) for one in at_stripe.v1.invoice_payments.list({"limit": 100}).data]
    with RecordedStripe(account, fixed) as recorded:
        yield Life(app_with(stripe_api_base=recorded.url), recorded, happened)


@pytest.fixture
def expected(life: Life) -> dict[str, Any]:
    """The end of this life when each event arrives once, at once and in order."""
    life.start()
    for sent in life.happen():
        life.deliver(life.events[sent - 1])
    return life.end()


def live_again(data: st.DataObject, life: Life, spoil: Callable[[Json], Json]) -> None:
    """Deliver every event at least once, some again, each at any time after it happened; look at Stripe in between."""
    life.start()
    count = len(life.events)
    # After which event each delivery comes: its own, or any later one.
    lateness = st.integers(0, count)
    deliveries = [(min(i + data.draw(lateness), count - 1), data.draw(lateness), i) for i in range(count)]
    for repeated in data.draw(st.lists(st.integers(0, count - 1), max_size=4)):
        deliveries.append((min(repeated + data.draw(lateness), count - 1), data.draw(lateness), repeated))
    looks = data.draw(st.sets(st.integers(0, count - 1), max_size=2))
    for sent in life.happen():
        now = sent - 1
        if now in looks:
            life.look()
        for _, _, index in sorted(delivery for delivery in deliveries if delivery[0] == now):
            life.deliver(spoil(life.events[index]))


@pytest.mark.slow
def test_any_order_with_any_duplicates_ends_the_same(life: Life, expected: dict[str, Any]) -> None:
    """So it does when many events are of one second, and when some come in the shapes of old API versions."""
    mails = set(life.mails())
    # As much work for each life: a short one is lived the more often.
    examples = max(settings.default.max_examples * USUAL_LENGTH // len(life.events), 3)

    @settings(max_examples=examples)
    @given(st.data(), st.sampled_from(BLURS), st.booleans())
    def check(data: st.DataObject, blur: int, is_old: bool) -> None:
        def spoil(event: Json) -> Json:
            blurred = event | {"created": event["created"] // blur * blur}
            return downgraded(blurred, data.draw(AGES)) if is_old else blurred

        live_again(data, life, spoil)

        assert life.end() == expected
        assert set(life.mails()) <= mails | {cause for cause in life.mails() if cause.startswith("invoice_attempt")}

    check()


@pytest.mark.parametrize("life", ON_TIME, indirect=True)
def test_events_in_order_and_on_time_are_taken_as_they_are(life: Life, expected: dict[str, Any]) -> None:
    """Stripe is asked about the first event of a subscription, those of one second, what is past due and refunds,
    and for the card that the confirmation names."""
    start = life.events[0]["created"]
    life.start()
    for sent in life.happen():
        life.deliver(life.events[sent - 1] | {"created": start + 86400 * sent})

    assert life.end() == expected
    refunds = [event for event in life.events if event["type"].startswith("refund.")]
    past_due = [event for event in life.events if event["data"]["object"].get("status") == "past_due"]
    # The charge of each refund; of what is past due the subscription and its invoices, and once more when that is paid.
    assert life.stripe.calls <= 5 + len(refunds) + (2 * len(past_due) + 2 if past_due else 0)
