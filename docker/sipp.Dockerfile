# SIPp from Debian, with the scenarios of this project.
FROM debian:bookworm-slim

RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends sip-tester \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/sipp sipp
COPY sip-scenarios /scenarios

USER sipp
WORKDIR /var/lib/sipp
ENTRYPOINT ["sipp"]
