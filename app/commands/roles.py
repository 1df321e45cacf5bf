"""`flask billing why`, `grant` and `revoke`."""

from datetime import datetime

import click
from flask.cli import with_appcontext

from app.auth.models import User
from app.billing.catalog.entitlements import RoleDecision
from app.billing.catalog.plans import Role, current_catalog
from app.billing.roles.grants import grant_role, revoke_grants
from app.billing.webhooks.log import last_event_about
from app.commands.console import as_json, because, tell, tell_facts, tell_json
from app.commands.lookup import UtcMoment, user_with
from app.database import utcnow
from app.templating import datetime as in_words


@click.command()
@click.argument("email")
@as_json
@with_appcontext
def why(email: str, as_json: bool) -> None:
    """Tell which rule, object and event give this user this role, and until when."""
    from app.billing.gateway.account import current_scope
    from app.billing.roles.decision import decide_role

    user = user_with(email)
    decision = decide_role(user, current_scope())
    if as_json:
        facts = {"role": decision.role.key, "rule": decision.rule, "object": decision.object_id}
        tell_json(facts | {"event": _cause(user, decision), "until": decision.expires_at, "role_on_row": user.role})
        return
    tell_facts(
        {
            "role": decision.role.key,
            "rule": decision.rule,
            "object": decision.object_id or "none",
            "event": _cause(user, decision),
            "until": _until(decision),
        }
    )
    if decision.role.key != user.role:
        click.echo(f"The user's row still says {user.role}; `flask billing sync --email {user.email}` settles it.")


@click.command()
@click.argument("email")
@click.argument("role")
@click.option("--until", type=UtcMoment(), help="ISO date or time, UTC; without it the grant has no end.")
@because
@as_json
@with_appcontext
def grant(email: str, role: str, until: datetime | None, reason: str, as_json: bool) -> None:
    """Give a user a role by hand, beside what Stripe says."""
    user = user_with(email)
    if until and until <= utcnow():
        raise click.ClickException("The date given with --until is past.")
    grant_role(user, _granted(role), until, "flask billing grant", reason)
    words = f"{user.email} has {role} {f'until {in_words(until)}' if until else 'with no end'}; role: {user.role}"
    tell(words, as_json, granted=role, until=until, role=user.role)


@click.command()
@click.argument("email")
@because
@as_json
@with_appcontext
def revoke(email: str, reason: str, as_json: bool) -> None:
    """Take back every role given by hand."""
    user = user_with(email)
    count = revoke_grants(user, "flask billing revoke", reason)
    words = f"{count} {'grant' if count == 1 else 'grants'} taken back; role of {user.email}: {user.role}"
    tell(words, as_json, revoked=count, role=user.role)


def _cause(user: User, decision: RoleDecision) -> str:
    """The event or command that brought this about, in words."""
    from app.billing.roles.decision import cause_of

    if change := cause_of(user, decision):
        return f"{change.cause}, {in_words(change.changed_at)}"
    event = last_event_about(decision.object_id) if decision.object_id else None
    return f"{event.id}, {in_words(event.created_at)}" if event else "none"


def _until(decision: RoleDecision) -> str:
    """How long the role stays, in words."""
    if decision.expires_at is None:
        is_paid = decision.role.rank > current_catalog().lowest_role.rank
        return "no end" if is_paid else "a plan is paid for or given"
    elif decision.expires_at < utcnow():
        return f"{in_words(decision.expires_at)}, which is past: the next visit asks Stripe"
    else:
        return in_words(decision.expires_at)


def _granted(key: str) -> Role:
    """The role that is meant, of those that can be given."""
    roles = {role.key: role for role in current_catalog().granted_roles}
    if key not in roles:
        raise click.ClickException(f"There is no role {key} to give; the roles are {', '.join(roles)}.")
    return roles[key]
