"""Billing: how money becomes access, and stays right. A map of the rooms, from the top floor down.

- `setup` puts the catalogue into Stripe (`flask billing push`), and tells where the two differ.
- `checkout` sells: one Stripe customer, then an `Order`, then one Checkout Session for it. Whoever has a subscription
  already goes to the `portal` instead.
- `cancellation` ends everything that somebody pays for, before their account goes.
- `support` is what operators are asked for: a refund, an end, days more; each leaves a row in `app/audit.py`.
- `reconcile` compares everybody with Stripe every night, repairs mirror, orders and payments, and reports the drift.
  A paid role past its end is looked at there too (`expired_roles`): Stripe is asked once before anything is taken.
- `webhooks` takes Stripe's events. `process` lets each take effect exactly once: its effects, its record and the audit
  are one transaction. `handlers` is the table of what is handled, by what, and why. What nearly every event is, the
  newest of a subscription that we know, goes a shorter way by the same rules: `fast_path`.
- `payments` fulfills orders (for the webhook, the success page and the night alike) and records invoices, refunds and
  disputes. What comes late never undoes what is later.
- `subscriptions` keeps the mirror. `sync` is its only writer: it locks the user's row, takes an event's snapshot when
  that is certainly newer, and asks Stripe when it is not certain. So the order of events does not matter.
  `next_charge` keeps Stripe's preview of the next invoice beside it: what pages and mails promise.
- `roles` alone decides the role, from the mirror, the orders and the operator's grants; the highest wins. It stands on
  the user's row, so a page costs no more than that row.
- `reports` and `figures` have the operator's figures, of today and over time.
- `customers` has the one Stripe customer of a user, and the lock on the user's row.
- `gateway` is the one door to Stripe: typed objects come out of it, errors that are ours, in a bounded time. Which
  account and mode they belong to is a `StripeScope`, and every query goes by one.
- `models` are the tables. `catalog` has the types of what is sold, and what a price and a status give; what this site
  sells stands in `app/catalog.py`.
- `asking` keeps transactions short: none is open while Stripe works. `errors`, `changes`, `statuses` are the words.

Nothing is ever matched by e-mail address, and no client names a price, an amount or a user. The files from an event to
the role, and from a press to Checkout, are named in their order in `docs/how-billing-works.md`.
"""
