"""Redis as the limits and the jobs use it: nobody waits for it, and two sites may share one."""

from typing import Any

from app.config.settings import Settings

# It is near, or it is away.
SECONDS = 1


def redis_limits() -> dict[str, Any]:
    """How long a connection waits, and that it tries once: a request has no time for more."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS, "retry": Retry(NoBackoff(), 0)}


def limit_storage(settings: Settings) -> dict[str, Any]:
    """Where Flask-Limiter counts: in Redis, and in this process's memory while there is none."""
    url = settings.redis_url.get_secret_value()
    if not url:
        return {"RATELIMIT_STORAGE_URI": "memory://"}
    return {
        # `limits` has a name of its own for a socket.
        "RATELIMIT_STORAGE_URI": url.replace("unix://", "redis+unix://", 1) if url.startswith("unix:") else url,
        "RATELIMIT_STORAGE_OPTIONS": {"key_prefix": f"LIMITS:{settings.site_id}", **redis_limits()},
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
    }
