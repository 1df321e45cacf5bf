"""The rooms of the site that have an address."""

from flask import Flask


def register_blueprints(app: Flask) -> None:
    """Register every blueprint; those for development are absent in production."""
    from app.account.routes import bp as account
    from app.admin import bp as admin
    from app.api.routes import init_api
    from app.auth.factors.routes import bp as factors
    from app.auth.providers.routes import bp as providers
    from app.auth.routes import bp as auth
    from app.auth.viewing_routes import bp as viewing
    from app.dashboard.routes import bp as dashboard
    from app.health import bp as health
    from app.legal.routes import bp as legal
    from app.pricing.routes import bp as pricing
    from app.webhook.routes import bp as webhook
    from app.well_known import bp as well_known

    if app.extensions["settings"].metrics_token.get_secret_value():
        from app.metrics.routes import init_metrics

        init_metrics(app)
    for blueprint in (pricing, auth, factors, providers, account, dashboard, webhook, admin, health, legal, well_known):
        app.register_blueprint(blueprint)
    app.register_blueprint(viewing)
    if len(app.extensions["settings"].language_codes) > 1:
        from app.languages.routes import bp as languages

        app.register_blueprint(languages)
    init_api(app)
    if not app.extensions["settings"].is_production:
        from app.dev.routes import bp as dev

        app.register_blueprint(dev)
