"""`flask billing why`, `grant` and `revoke`."""

from datetime import datetime

import click
from flask.cli import with_appcontext

from app.billing.catalog.plans import Role, current_catalog
from app.billing.roles.grants import grant_role, revoke_grants
from app.commands.lookup import UtcMoment, user_with
from app.database import utcnow
from app.templating import datetime as in_words


@click.command()
@click.argument("email")
@with_appcontext
def why(email: str) -> None:
    """Tell which rule, object and event give this user this role, and until when."""
    from app.billing.gateway.account import current_scope
    from app.billing.roles.decision import decide_role, latest_change

    user = user_with(email)
    decision = decide_role(user, current_scope())
    change = latest_change(user)
    click.echo(f"role    {decision.role.key}")
    click.echo(f"rule    {decision.rule}")
    click.echo(f"object  {decision.object_id or 'none'}")
    click.echo(f"event   {f'{change.cause}, {in_words(change.changed_at)}' if change else 'none'}")
    click.echo(f"until   {in_words(decision.expires_at) if decision.expires_at else 'no end'}")
    if decision.role.key != user.role:
        click.echo(f"The user's row still says {user.role}; `flask billing sync --email {user.email}` settles it.")


@click.command()
@click.argument("email")
@click.argument("role")
@click.option("--until", type=UtcMoment(), help="ISO date or time, UTC; without it the grant has no end.")
@with_appcontext
def grant(email: str, role: str, until: datetime | None) -> None:
    """Give a user a role by hand, beside what Stripe says."""
    user = user_with(email)
    if until and until <= utcnow():
        raise click.ClickException("The date given with --until is past.")
    grant_role(user, _granted(role), until, "flask billing grant")
    click.echo(f"{user.email} has {role} {f'until {in_words(until)}' if until else 'with no end'}; role: {user.role}")


@click.command()
@click.argument("email")
@with_appcontext
def revoke(email: str) -> None:
    """Take back every role given by hand."""
    user = user_with(email)
    count = revoke_grants(user, "flask billing revoke")
    click.echo(f"{count} {'grant' if count == 1 else 'grants'} taken back; role of {user.email}: {user.role}")


def _granted(key: str) -> Role:
    """The role that is meant, of those that can be given."""
    roles = {role.key: role for role in current_catalog().granted_roles}
    if key not in roles:
        raise click.ClickException(f"There is no role {key} to give; the roles are {', '.join(roles)}.")
    return roles[key]
