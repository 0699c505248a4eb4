ARG BASE
FROM $BASE
# busybox brings the wget that the health check uses and that Alpine has.
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nats-server busybox \
 && rm -rf /var/lib/apt/lists/* && ln -s "$(command -v busybox)" /usr/local/bin/wget
