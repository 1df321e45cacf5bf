"""What the emulator knows, read without a request: objects, events, and how their deliveries went."""

from typing import Any

from stripe_emulator.state import deliveries
from stripe_emulator.state.deliveries import Attempt, Delivery
from stripe_emulator.state.documents import Json
from stripe_emulator.state.store import Store


class Records:
    """The emulator's memory, for tests that ask often; what they get is a copy."""

    store: Store

    def get(self, kind: str, id: str) -> Json | None:
        """Return the object of this kind (`subscription`, `checkout.session`, ...), or None."""
        with self.store.read() as tx:
            return tx.get(kind, id)

    def find(self, kind: str, **equals: Any) -> list[Json]:
        """Return the objects of a kind whose fields have these values, newest first; deleted customers are left out."""
        with self.store.read() as tx:
            found = tx.find(kind, **equals)
            if kind == "customer":
                found = [one for one in found if not tx.hidden(kind, one["id"]).get("deleted")]
            return found

    def overwrite(self, stripe_object: Json) -> None:
        """Store an object as it is given: nothing checks it and no event tells of it.

        For what nobody can bring about, such as a subscription from last year or an object of an unknown shape.
        """
        with self.store.write() as tx:
            tx.require(stripe_object["object"], stripe_object["id"])
            tx.save(stripe_object)

    def events(self, *types: str, after: str | None = None) -> list[Json]:
        """Return what has happened, oldest first: only these types, only after the event with this id."""
        with self.store.read() as tx:
            found = tx.find_since("event", after)
        return [event for event in found if not types or event["type"] in types]

    def deliveries(self, event: str | None = None) -> list[Delivery]:
        """Return the deliveries so far, oldest first, of one event or of all: `pending`, `succeeded` or `failed`."""
        with self.store.read() as tx:
            return deliveries.latest(tx, event, limit=-1)[::-1]

    def attempts(self, delivery: Delivery) -> list[Attempt]:
        """Return the tries of a delivery, oldest first, with request and response."""
        with self.store.read() as tx:
            return deliveries.attempts(tx, delivery)
