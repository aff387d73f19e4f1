FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VAR=/data
WORKDIR /cashback

COPY requirements.lock .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

COPY . .
RUN find . -name '*.po' -exec sh -c 'pybabel --quiet compile --input-file "$0" --output-file "${0%.po}.mo"' {} \; \
    && useradd --system --uid 1000 cashback \
    && install --directory --owner cashback --mode 700 /data

USER cashback
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "cashback.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--graceful-timeout", "5", "--no-control-socket"]
