"""Credit notes."""

from stripe_emulator.api.pagination import list_objects, list_of
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.invoices import credit_notes
from stripe_emulator.resources.fields import carry
from stripe_emulator.spec import complete
from stripe_emulator.state.documents import Json


@operation("POST", "/v1/credit_notes")
def create(request: Request) -> Json:
    """Issue a credit note for a finalized invoice."""
    invoice = request.tx.require("invoice", request.params["invoice"], "invoice")
    return credit_notes.issue(request.tx, invoice, request.params)


@operation("GET", "/v1/credit_notes")
def list_all(request: Request) -> Json:
    """List credit notes."""
    filters = {name: request.params.get(name) for name in ("customer", "invoice")}
    return list_objects(request, "credit_note", filters)


@operation("GET", "/v1/credit_notes/preview")
def preview(request: Request) -> Json:
    """Return the credit note that would be issued."""
    invoice = request.tx.require("invoice", request.params["invoice"], "invoice")
    note, _ = credit_notes.build_credit_note(request.tx, invoice, request.params)
    return complete(note)


@operation("GET", "/v1/credit_notes/preview/lines")
def preview_lines(request: Request) -> Json:
    """List the lines of the credit note that would be issued."""
    return list_of(request, preview(request)["lines"]["data"])


@operation("GET", "/v1/credit_notes/{id}")
def retrieve(request: Request) -> Json:
    """Return a credit note."""
    return request.tx.require("credit_note", request.path["id"])


@operation("POST", "/v1/credit_notes/{id}")
def update(request: Request) -> Json:
    """Change a credit note's memo or metadata."""
    note = retrieve(request)
    with changing(request.tx, "credit_note.updated", note):
        carry(note, request.params, ("memo",))
    return note


@operation("POST", "/v1/credit_notes/{id}/void")
def void(request: Request) -> Json:
    """Take a credit note back."""
    return credit_notes.void(request.tx, retrieve(request))


@operation("GET", "/v1/credit_notes/{credit_note}/lines")
def list_lines(request: Request) -> Json:
    """List a credit note's lines."""
    note = request.tx.require("credit_note", request.path["credit_note"])
    return list_of(request, note["lines"]["data"])
