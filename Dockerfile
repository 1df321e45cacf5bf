# The production image: the site and its jobs, without the Stripe emulator.
# Pin what it is built on where you can reach the registry, and let Dependabot move the pin (.github/dependabot.yml):
#     docker buildx imagetools inspect python:3.13-slim --format '{{.Manifest.Digest}}'
# and write FROM python:3.13-slim@sha256:… in both places. Here no registry could be reached, so no digest stands here.
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
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin perennial \
    && install -d -o perennial -m 0700 /var/lib/perennial
COPY --from=environment /venv /venv
WORKDIR /srv/perennial
COPY . .
# By number, so that a cluster can see that it is not root.
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# Everything else stands in gunicorn.conf.py.
CMD ["gunicorn", "--bind", "0.0.0.0:8000"]
