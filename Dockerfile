# syntax=docker/dockerfile:1
# Two stages: the first installs from the lock with hashes, the second holds Python, the venv and nothing to build with.
# The base is an argument, so that an operator can pin it by digest, or take it from a registry of their own.
ARG BASE=docker.io/library/python:3.12-slim

FROM ${BASE} AS build
WORKDIR /build
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/install-code-daemon \
    && /opt/install-code-daemon/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps \
       -r requirements.lock
COPY daemon/ daemon/
RUN /opt/install-code-daemon/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
    && /opt/install-code-daemon/bin/pip uninstall --yes --quiet --disable-pip-version-check pip

FROM ${BASE}
LABEL org.opencontainers.image.title="install-code-daemon" \
      org.opencontainers.image.description="Runs an energy supplier's shared install-code mailbox" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --system --gid 10001 daemon-user \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin daemon-user \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/install-code-daemon
COPY --from=build /opt/install-code-daemon /opt/install-code-daemon
# Bytecode was written by pip; the root filesystem is meant to be read-only.
ENV PATH=/opt/install-code-daemon/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/install-code-daemon
VOLUME /var/lib/install-code-daemon
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
    CMD ["install-code-daemon", "--config", "/etc/install-code-daemon/daemon.toml", "health"]
ENTRYPOINT ["install-code-daemon", "--config", "/etc/install-code-daemon/daemon.toml"]
CMD ["run"]
