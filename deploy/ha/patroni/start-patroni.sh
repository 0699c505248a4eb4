#!/bin/sh
# Runs Patroni, which runs Postgres, as the user that owns the volume of the data.
set -eu
umask 077
secrets=/run/sluice
run=/run/database

# Postgres and Patroni want keys that are their own and that nobody else may read.
cp "$secrets/server.pem" "$secrets/server.key" "$secrets/member.key" "$run/"
chmod 600 "$run/server.key" "$run/member.key"
mkdir -p /var/lib/postgresql/data
exec patroni "$secrets/patroni.yml"
