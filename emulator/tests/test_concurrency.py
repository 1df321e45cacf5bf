"""Many at once: no update is lost, and no request is kept waiting by a broken one."""

import threading
from collections.abc import Callable

from stripe_emulator import Emulator
from tests.conftest import client_for
from tests.http import send


def together(count: int, work: Callable[[int], None]) -> None:
    """Run the work in many threads that start at the same moment."""
    start = threading.Barrier(count)
    problems: list[BaseException] = []

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_parallel_updates_of_one_customer_are_all_kept(emulator: Emulator) -> None:
    client = client_for(emulator.url)
    id = client.v1.customers.create({}).id

    def update(number: int) -> None:
        assert send(emulator.url, "POST", f"/v1/customers/{id}", {f"metadata[k{number}]": "v"}).status == 200

    together(12, update)

    metadata = client.v1.customers.retrieve(id).metadata
    assert metadata is not None
    assert metadata.to_dict() == {f"k{n}": "v" for n in range(12)}


def test_parallel_adjustments_add_up(emulator: Emulator) -> None:
    client = client_for(emulator.url)
    id = client.v1.customers.create({}).id
    adjustment = {"amount": "100", "currency": "usd"}

    def adjust(_: int) -> None:
        assert send(emulator.url, "POST", f"/v1/customers/{id}/balance_transactions", adjustment).status == 200

    together(10, adjust)

    assert client.v1.customers.retrieve(id).balance == 1000


def test_lookup_key_has_one_winner(emulator: Emulator) -> None:
    product = client_for(emulator.url).v1.products.create({"name": "Raced"}).id
    statuses: list[int] = []

    def create(_: int) -> None:
        params = {"product": product, "currency": "usd", "unit_amount": "1", "lookup_key": "raced_key"}
        statuses.append(send(emulator.url, "POST", "/v1/prices", params).status)

    together(6, create)

    assert sorted(statuses) == [200] + [400] * 5


def test_first_writes_on_a_new_database_may_come_at_once(fresh_emulator: Emulator) -> None:
    def create(_: int) -> None:
        for _ in range(10):
            assert send(fresh_emulator.url, "POST", "/v1/customers", {}).status == 200

    together(8, create)
