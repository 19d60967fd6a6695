# The service in production: web, workers and beat are this one image with different commands (docker-compose.yml).
# Built in two stages so that neither pip's cache nor the tests reach what runs; nothing secret is needed to build it.
FROM python:3.11-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/fulcrum
ENV PATH=/opt/fulcrum/bin:$PATH
COPY requirements/prod.txt /tmp/prod.txt
RUN pip install --require-hashes -r /tmp/prod.txt

WORKDIR /app
COPY . .
# Values that exist for this one command only: collecting files reads settings and connects to nothing.
RUN python -m config.translations compile \
    && SECRET_KEY=build DATABASE_URL=postgres://nowhere/none CELERY_BROKER_URL=redis://nowhere/0 STATIC_ROOT=/app/staticfiles \
       python manage.py collectstatic --noinput

FROM python:3.11-slim-bookworm

RUN useradd --system --uid 10001 --user-group --no-create-home fulcrum \
    && mkdir -p /data/media /data/cache \
    && chown -R fulcrum:fulcrum /data
COPY --from=build /opt/fulcrum /opt/fulcrum
COPY --from=build /app /app

WORKDIR /app
ENV PATH=/opt/fulcrum/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/data/cache \
    STATIC_ROOT=/app/staticfiles \
    MEDIA_ROOT=/data/media
USER fulcrum
EXPOSE 8000
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "3", "--access-logfile", "-", "--worker-tmp-dir", "/dev/shm"]
