# The switch alone: Debian and the release binary, which `make build` has made (on Debian 12 or anything with an older libc).
FROM debian:bookworm-slim

RUN apt-get update && apt-get install -y --no-install-recommends libopus0 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --create-home --home-dir /var/lib/warmline warmline
COPY target/release/warmline /usr/local/bin/warmline

USER warmline
WORKDIR /var/lib/warmline
ENTRYPOINT ["/usr/local/bin/warmline"]
CMD ["run", "/etc/warmline/config.toml"]
