# The agent alone, without root and without a capability. Build it at the repository's root:
#   docker build -f deploy/docker/agent.Dockerfile -t gpusla-agent .
# and run it beside the driver, on a root file system that nobody can write to:
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     --network host --gpus all -e NVIDIA_DRIVER_CAPABILITIES=utility \
#     -v /etc/gpusla-agent:/etc/gpusla-agent:ro -v gpusla-agent:/var/lib/gpusla-agent gpusla-agent
# The kernel's log, if the host lets users read it (kernel.dmesg_restrict=0): --device /dev/kmsg:/dev/kmsg:r
# (a capability given to a container reaches no user but root). Otherwise Xids come from NVML alone.
# Not built where the tests run, which have no Docker; they hold what can be read off this file.
FROM python:3.13-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/build.txt requirements/agent.txt /requirements/
RUN python -m venv /tools \
 && /tools/bin/pip install --require-hashes --only-binary :all: -r /requirements/build.txt \
 && python -m venv /opt/gpusla \
 && /opt/gpusla/bin/pip install --require-hashes --only-binary :all: -r /requirements/agent.txt
COPY pyproject.toml README.md LICENSE /source/
COPY core/gpusla /source/core/gpusla
COPY agent/gpusla_agent /source/agent/gpusla_agent
COPY collector/gpusla_collector /source/collector/gpusla_collector
COPY dashboards/gpusla_dashboards /source/dashboards/gpusla_dashboards
RUN /tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel /source \
 && /opt/gpusla/bin/pip install --no-deps --no-index /wheel/*.whl \
 && /opt/gpusla/bin/pip uninstall --yes pip

FROM python:3.13-slim-trixie
COPY --from=build /opt/gpusla /opt/gpusla
RUN useradd --system --uid 9641 --user-group --no-create-home --shell /usr/sbin/nologin gpusla-agent \
 && install -d -o gpusla-agent -g gpusla-agent -m 0700 /var/lib/gpusla-agent
ENV PYTHONDONTWRITEBYTECODE=1
USER 9641:9641
VOLUME ["/var/lib/gpusla-agent"]
EXPOSE 9641
ENTRYPOINT ["/opt/gpusla/bin/gpusla-agent"]
CMD ["run", "--config", "/etc/gpusla-agent/agent.yaml"]
