#!/usr/bin/env bash
# Takes a backup of a running stack into a new folder: the secrets and certificates (`home`), then the database at one moment.
# The folder holds every secret; keep it like one.
#
#   deploy/backup.sh /safe/place/2026-12-01
set -euo pipefail
folder=${1:?Name a folder that is not there yet.}
umask 077
mkdir "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")/.."

# Without what is kept for ten minutes alone, for calls that are repeated: tables that are not logged.
# The secrets first: a master key that is newer than the rows opens nothing, rows newer than the other secrets do no harm.
docker compose run --rm -T --no-deps --entrypoint tar provision -C /provision/home -cf - . > "$folder/home.tar"
docker compose exec -T postgres sh -c 'PATH=$PATH:/usr/lib/postgresql/17/bin
  export PGPASSWORD="$(cat /run/sluice/administrator.password)" PGSSLMODE=require
  exec pg_dump --host=127.0.0.1 --username=postgres --format=custom --no-unlogged-table-data postgres' > "$folder/database.dump"
docker compose images --format json > "$folder/images.json"
sync "$folder"/*
echo "Backed up into $folder: $(du -sh "$folder" | cut -f1)."
