"""Billing: how money becomes access, and stays right.

1. `plans` says what is sold, `prices` which plan a Stripe price buys, `catalogue` which price to sell at.
2. Somebody presses a button. `checkout` makes sure that they have one Stripe customer, writes an `Order` and opens
   one Checkout Session for it. Whoever has a subscription already goes to the `portal` instead.
3. Stripe takes the money and sends events. `events.receive` checks the signature, and lets each event take effect
   exactly once: its effects, its record and the audit are one transaction.
4. `handlers` is the table of events: which are handled, by what, and why. What nearly every event is, the newest of a
   subscription that we know, goes a shorter way by the same rules: `fast_path`.
5. `sync` is the only writer of the subscription mirror. It locks the user's row, takes the event's snapshot when
   that is certainly newer than the mirror, and asks Stripe when it is not certain. So order does not matter. No
   transaction is open while Stripe works: `asking` lets go of the lock, asks, and begins anew.
6. `fulfillment` settles an order, for the webhook, the success page (`checkout_return`) and the nightly job alike.
7. `payments` records invoices, `reversals` refunds and disputes; what comes late never undoes what is later. What was
   paid and bought nothing is `unearned`, for the operator to give back.
8. `roles` alone decides the role: from the mirror (`entitlement` is the table of statuses), the orders and the
   operator's `grants`; the highest wins. The role stands on the user's row, so a page costs no more than that row.
9. A paid role has an end. Past it, `expiry` asks Stripe once before it takes anything away.
10. Every night `reconcile` compares everyone with Stripe, repairs mirror, orders and payments, and reports the drift.
11. `gateway` is the one door to Stripe. Its errors are ours (`errors`), its calls are bounded in time.
12. Nothing is ever matched by e-mail address, and no client names a price, an amount or a user.
"""
