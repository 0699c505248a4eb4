#!/usr/bin/env bash
# Makes the stack what it was when a backup was taken: on a machine, or under a project name, that has none yet, or over one that
# is there. What was changed after the backup is undone, revocations among it. What NATS holds may be newer: the services notice, and make
# the state stream anew from the database.
#
#   COMPOSE_PROJECT_NAME=sluice deploy/restore.sh /safe/place/2026-12-01 [--scale flow-runtime=2 …]
set -euo pipefail
folder=$(cd "${1:?Name the folder of the backup.}" && pwd)
shift
cd "$(dirname "$0")/.."
for file in home.tar database.dump; do
  [ -s "$folder/$file" ] || { echo "$folder has no $file: it is no whole backup." >&2; exit 1; }
done

services=(key-management authorization certificate-verifier flow-runtime message-log admin-api trusted-roots certificate-renewal metrics)
docker compose stop "${services[@]}" 2> /dev/null || true
docker compose run --rm -T --no-deps --entrypoint tar provision -C /provision/home -xpf - < "$folder/home.tar"
docker compose up --detach prepare-database
[ "$(docker wait "$(docker compose ps --all --quiet prepare-database)")" = 0 ] || { docker compose logs --tail 5 prepare-database >&2; exit 1; }
# All or nothing.
docker compose exec -T postgres sh -c 'PATH=$PATH:/usr/lib/postgresql/17/bin
  export PGPASSWORD="$(cat /run/sluice/administrator.password)" PGSSLMODE=require
  { cat /etc/sluice/postgres/drop-schemas.sql && pg_restore --file=-; } |
    psql --host=127.0.0.1 --username=postgres --quiet --single-transaction --set=ON_ERROR_STOP=1 --output=/dev/null postgres' \
  < "$folder/database.dump"
docker compose up --detach "$@"
