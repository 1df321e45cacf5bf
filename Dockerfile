# The production image: the site and its jobs, without the Stripe emulator.
FROM python:3.13-slim AS environment
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r requirements.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    APP_ENV=production \
    FLASK_APP=app:create_app \
    INSTANCE_PATH=/var/lib/perennial
RUN useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin perennial \
    && install -d -o perennial -m 0700 /var/lib/perennial
COPY --from=environment /venv /venv
WORKDIR /srv/perennial
COPY . .
USER perennial
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# A worker's heartbeat belongs in memory: on a slow disk it would look dead.
CMD ["gunicorn", "app:create_app()", "--bind", "0.0.0.0:8000", \
     "--worker-class", "gthread", "--workers", "2", "--threads", "8", \
     "--worker-tmp-dir", "/dev/shm", "--timeout", "60", "--graceful-timeout", "30", "--no-control-socket"]
