"""What happens at Stripe without a request of yours: people pay, banks answer, cardholders complain."""

from stripe_emulator.api.errors import invalid_request
from stripe_emulator.state.documents import Json
from stripe_emulator.state.store import Store
from stripe_emulator.state.transaction import Transaction

GOOD_CARD = "4242424242424242"


class Happenings:
    """The other people in a test. Each method returns the object as it is afterwards, or raises `ApiError`.

    What an API call can do (refund, change a plan, pay an invoice, answer a dispute with evidence) is the SDK's job.
    """

    store: Store

    def pay_session(
        self, session: str, card: str = GOOD_CARD, *, promotion_code: str | None = None, quantity: int | None = None
    ) -> Json:
        """Pay an open Checkout Session and return it.

        `card` is a test card's number, a token or payment method (`tok_visa`, `pm_card_visa`), or a test IBAN. A
        decline raises `CardError`. A card that asks for 3-D Secure leaves the session open: see `confirm_3d_secure`.
        `quantity` is what the buyer chooses of the first item, where `adjustable_quantity` lets them.
        """
        from stripe_emulator.engine.checkout import checkout

        return self.store.attempt(
            lambda tx: checkout.complete_session(
                tx,
                session,
                payment_method=_payment_method(tx, card),
                promotion_code=promotion_code,
                quantity=quantity,
            )
        )

    def confirm_3d_secure(self, id: str) -> Json:
        """Let the cardholder prove who they are, for a Checkout Session, a payment intent or a setup intent."""
        from stripe_emulator.engine.payments import authentication

        return self.store.attempt(lambda tx: authentication.complete_authentication(tx, _waiting_intent(tx, id)))

    def fail_3d_secure(self, id: str) -> Json:
        """Let the cardholder fail to prove who they are, for a Checkout Session, a payment intent or a setup intent."""
        from stripe_emulator.engine.payments import authentication

        return self.store.attempt(lambda tx: authentication.fail_authentication(tx, _waiting_intent(tx, id)))

    def cancel_in_portal(self, subscription: str) -> Json:
        """Cancel at the period's end as the customer portal does: on flexible billing it sets `cancel_at` alone."""
        from stripe_emulator.engine.subscriptions import cancellation

        return self.store.attempt(
            lambda tx: cancellation.cancel_at_period_end(tx, tx.require("subscription", subscription))
        )

    def keep_in_portal(self, subscription: str) -> Json:
        """Take a cancellation back as the customer portal does."""
        from stripe_emulator.engine.subscriptions import cancellation

        return self.store.attempt(lambda tx: cancellation.resume(tx, tx.require("subscription", subscription)))

    def open_dispute(self, charge: str, reason: str = "fraudulent", *, inquiry: bool = False) -> Json:
        """Have the cardholder dispute a charge, or their bank only ask about it; return the dispute."""
        from stripe_emulator.engine.payments import disputes

        return self.store.attempt(
            lambda tx: disputes.create_dispute(tx, tx.require("charge", charge), reason, inquiry=inquiry)
        )

    def win_dispute(self, dispute: str) -> Json:
        """Have the bank decide for you, at once; an inquiry cannot be won, only closed."""
        return self._close_dispute(dispute, "won")

    def lose_dispute(self, dispute: str) -> Json:
        """Have the bank decide against you, at once."""
        return self._close_dispute(dispute, "lost")

    def close_inquiry(self, dispute: str) -> Json:
        """Have the bank's question go away, at once: it never became a dispute."""
        return self._close_dispute(dispute, "warning_closed")

    def _close_dispute(self, id: str, status: str) -> Json:
        from stripe_emulator.engine.payments import disputes

        def close(tx: Transaction) -> Json:
            dispute = tx.require("dispute", id)
            if dispute["status"].startswith("warning") != (status == "warning_closed"):
                raise invalid_request(f"Dispute {id} is {dispute['status']}: it cannot end as {status}.", "dispute")
            return disputes.close(tx, dispute, status)

        return self.store.attempt(close)


def _payment_method(tx: Transaction, card: str) -> Json:
    from stripe_emulator.engine.payments import payment_methods

    typed = card.replace(" ", "")
    if typed.isdigit():
        method = payment_methods.create_card(tx, typed)
    elif typed[:2].isupper():
        details: Json = {"name": "Test Person", "email": "test@example.com"}
        method = payment_methods.create_sepa_debit(tx, typed, details)
    else:
        method = payment_methods.resolve(tx, typed)
    return method


def _waiting_intent(tx: Transaction, id: str) -> Json:
    """Return the intent with this id, or the one that the session with this id waits for."""
    from stripe_emulator.engine.checkout import checkout

    kinds = {"cs": "checkout.session", "pi": "payment_intent", "seti": "setup_intent"}
    found = tx.require(kinds.get(id.partition("_")[0], "payment_intent"), id)
    intent = checkout.pending_intent(tx, found) if found["object"] == "checkout.session" else found
    if intent is None or intent["status"] != "requires_action":
        raise invalid_request(f"{id} does not wait for 3-D Secure.", "id")
    return intent
