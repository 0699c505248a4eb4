#!/bin/sh
# Starts Postgres with TLS, and makes its data folder first when there is none. Runs in the official image and in any other
# that has the Postgres binaries, as the user that owns the volume.
set -eu
umask 077
PATH=$PATH:/usr/lib/postgresql/17/bin
secrets=/run/sluice
run=/run/database
data=/var/lib/postgresql/data/17

# Postgres wants a key that is its own and that nobody else may read.
cp "$secrets/server.pem" "$secrets/server.key" "$run/"
chmod 600 "$run/server.key"

if [ ! -s "$data/PG_VERSION" ]; then
  # Made beside its place and moved there whole: a start that was cut off leaves nothing half done behind.
  rm -rf "$data.part"
  initdb --pgdata="$data.part" --username=postgres --pwfile="$secrets/administrator.password" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 > /dev/null
  mv "$data.part" "$data"
fi

exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories="$run" -c hba_file=/etc/sluice/postgres/pg_hba.conf \
  -c ssl=on -c ssl_cert_file="$run/server.pem" -c ssl_key_file="$run/server.key" -c ssl_min_protocol_version=TLSv1.3 \
  -c max_connections=200
