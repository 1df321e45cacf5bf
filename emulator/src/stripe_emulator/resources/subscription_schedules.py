"""Subscription schedules."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import in_range, list_objects, off_the_clocks
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.subscriptions import schedule_progress, schedules
from stripe_emulator.state.documents import Json


@operation("POST", "/v1/subscription_schedules")
def create(request: Request) -> Json:
    """Schedule a new subscription, or put an existing one on a schedule."""
    tx, params = request.tx, request.params
    if params.get("from_subscription"):
        if params.get("phases"):
            raise errors.invalid_request("You cannot set `phases` if `from_subscription` is set.", "phases")
        return schedules.schedule_existing(
            tx, tx.require("subscription", params["from_subscription"], "from_subscription")
        )
    if not params.get("customer"):
        raise errors.invalid_request("Missing required param: customer.", "customer", "parameter_missing")
    return schedules.schedule_new(tx, tx.require("customer", params["customer"], "customer"), params)


@operation("GET", "/v1/subscription_schedules")
def list_all(request: Request) -> Json:
    """List schedules; those on a test clock only when their customer is asked for."""
    params, off_clock = request.params, off_the_clocks(request, "customer")
    return list_objects(
        request,
        "subscription_schedule",
        {"customer": params.get("customer")},
        where=lambda one: off_clock(one) and _is_wanted(one, params),
    )


@operation("GET", "/v1/subscription_schedules/{schedule}")
def retrieve(request: Request) -> Json:
    """Return a schedule."""
    return request.tx.require("subscription_schedule", request.path["schedule"])


@operation("POST", "/v1/subscription_schedules/{schedule}")
def update(request: Request) -> Json:
    """Change a schedule."""
    return schedules.update_schedule(request.tx, retrieve(request), request.params)


@operation("POST", "/v1/subscription_schedules/{schedule}/cancel")
def cancel(request: Request) -> Json:
    """Cancel a schedule with its subscription."""
    return schedules.cancel_schedule(request.tx, retrieve(request))


@operation("POST", "/v1/subscription_schedules/{schedule}/release")
def release(request: Request) -> Json:
    """Let the subscription go on without the schedule."""
    return schedule_progress.release_schedule(request.tx, retrieve(request))


def _is_wanted(schedule: Json, params: Json) -> bool:
    moments = ("canceled_at", "completed_at", "released_at")
    in_time = all(in_range(schedule[name], params.get(name)) for name in moments)
    return in_time and (schedule["status"] == "not_started" or not params.get("scheduled"))
