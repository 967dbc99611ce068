# syntax=docker/dockerfile:1
# Two stages: the first builds the environment from the lock, the second holds Python, that environment and nothing else.
# The base is an argument, so that an operator can pin it by digest, or take it from a registry of their own:
#   --build-arg BASE=<image>@sha256:<digest>
ARG BASE=docker.io/library/python:3.12-slim

FROM ${BASE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
COPY requirements.lock ./
# Each file is held against the lock's hash. Wheels alone: no code of a dependency runs while the image is built.
RUN pip download --quiet --require-hashes --no-deps --only-binary :all: --dest wheels --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY daemon/ daemon/
# From those files alone. The lock serves developers too: what the daemon does not require stays behind in this stage,
# and so does pip.
RUN python -m venv tools \
    && tools/bin/pip install --quiet --no-index --find-links wheels wheels/hatchling-*.whl \
    && tools/bin/pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir wheels . \
    && python -m venv --without-pip /opt/install-code-daemon \
    && pip --python /opt/install-code-daemon/bin/python install --quiet --no-compile --no-index --find-links wheels \
       wheels/install_code_daemon-*.whl
# The root file system is meant to be read-only, so bytecode is written here; and unchecked, because some builders round the
# times of files, and by its time every second file would be compiled anew at each start.
RUN /opt/install-code-daemon/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/install-code-daemon/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="install-code-daemon" \
      org.opencontainers.image.description="Runs an energy supplier's shared install-code mailbox" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 10001 daemon-user \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --shell /usr/sbin/nologin daemon-user \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/install-code-daemon
COPY --from=build /opt/install-code-daemon /opt/install-code-daemon
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
