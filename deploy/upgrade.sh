#!/usr/bin/env bash
# Replaces every container of Sluice's own by one of another image, without an outage: service by service and one container at a
# time, the new one first. Postgres, NATS and the load balancer are left alone. The way back is the same, with the image before.
#
#   SLUICE_IMAGE=sluice:0.1.1 deploy/upgrade.sh                  from one patch version to another, either way
#   SLUICE_IMAGE=sluice:0.2.0 deploy/upgrade.sh --with-outage    to another minor version: everything is ended first
#
# The settings (SLUICE_…, COMPOSE_PROJECT_NAME, .env) have to be those that the stack was started with.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${SLUICE_IMAGE:?Set SLUICE_IMAGE to the image to go to.}"
export SLUICE_IMAGE

ready_seconds=${SLUICE_READY_SECONDS:-120}
# Who answers comes before who asks.
one_by_one=(key-management authorization certificate-verifier message-log flow-runtime)
# One has a published port, the others a volume to write to: there is only ever one of them.
at_once=(admin-api trusted-roots certificate-renewal metrics)

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
# What it says is shown when it fails.
quietly() {
  local said
  said=$("$@" 2>&1) || { printf '%s\n' "$said"; return 1; }
}
containers() { docker compose ps --quiet "$@"; }
image_of() { docker inspect --format '{{.Image}}' "$1"; }
new_image=$(docker image inspect --format '{{.Id}}' "$SLUICE_IMAGE")
is_new() { [ "$(image_of "$1" | sed 's/^sha256://')" = "${new_image#sha256:}" ]; }
is_ready() { docker exec "$1" node /srv/sluice/check-health.mjs > /dev/null 2>&1; }
version='JSON.parse(require("fs").readFileSync("/srv/sluice/package.json")).version'
minor() { cut -d. -f1,2; }

# @param id of a new container
wait_until_ready() {
  local deadline=$((SECONDS + ready_seconds))
  until is_ready "$1"; do
    if [ "$SECONDS" -ge "$deadline" ] || [ "$(docker inspect --format '{{.State.Running}} {{.RestartCount}}' "$1")" != 'true 0' ]; then
      say "it does not become ready; what it said last:"
      docker logs --tail 5 "$1" 2>&1 | cut -c1-600
      return 1
    fi
    sleep 1
  done
}

# Starts one more container of a service, and ends an old one when the new one is ready; for each old one.
replace_one_by_one() {
  local service=$1 old new count
  for old in $(containers "$service"); do
    is_new "$old" && continue
    count=$(containers "$service" | wc -l)
    # Not without its dependencies: Compose would take the container for another one at the next `up`, and replace it.
    quietly docker compose up --detach --no-recreate --scale "$service=$((count + 1))" "$service"
    for new in $(containers "$service"); do
      is_new "$new" || continue
      if ! wait_until_ready "$new"; then
        docker rm --force "$new" > /dev/null
        say "$service: the new container was taken away again; what was replaced before it stays. Nothing is out of service."
        exit 1
      fi
    done
    docker stop --time 30 "$old" > /dev/null
    docker rm "$old" > /dev/null
    say "$service: one replaced"
  done
}

replace_at_once() {
  quietly docker compose up --detach "$1"
  [ "$1" = admin-api ] && wait_until_ready "$(containers "$1")"
  say "$1: replaced"
}

# Keys, certificates, roles and schemas that the new version needs and the old one did not have.
prepare() {
  local before
  before=$(docker compose exec -T nats sha256sum /run/sluice/nats.conf)
  # Made anew, not replaced: Compose would replace Postgres and NATS with what they depend on.
  quietly docker compose rm --force provision prepare-database
  quietly docker compose up --detach prepare-database
  for service in provision prepare-database; do
    [ "$(docker wait "$(docker compose ps --all --quiet "$service")")" = 0 ] || { docker compose logs --tail 5 "$service"; exit 1; }
  done
  if [ "$before" != "$(docker compose exec -T nats sha256sum /run/sluice/nats.conf)" ]; then
    quietly docker compose kill --signal HUP nats
    say "nats: reads its new configuration"
  fi
  say "keys, certificates, roles and schemas are there"
}

[ -n "$(containers key-management)" ] || { echo "No key-management is running: start the stack first (docker compose up --detach)." >&2; exit 1; }
runs=$(docker exec "$(containers key-management | head -n 1)" node -p "$version")
comes=$(docker run --rm --entrypoint node "$SLUICE_IMAGE" -p "$version")
say "from $runs to $comes, $SLUICE_IMAGE"
if [ "$(minor <<< "$runs")" = "$(minor <<< "$comes")" ]; then
  prepare
  for service in "${one_by_one[@]}"; do replace_one_by_one "$service"; done
  for service in "${at_once[@]}"; do replace_at_once "$service"; done
elif [ "${1:-}" = --with-outage ]; then
  # Schemas may change so that services of the other version can do nothing with them.
  scales=()
  for service in "${one_by_one[@]}"; do scales+=(--scale "$service=$(containers "$service" | wc -l)"); done
  quietly docker compose stop "${one_by_one[@]}" "${at_once[@]}"
  prepare
  quietly docker compose up --detach "${scales[@]}" "${one_by_one[@]}" "${at_once[@]}"
  for service in "${one_by_one[@]}" admin-api; do
    for id in $(containers "$service"); do wait_until_ready "$id" || exit 1; done
  done
  say "every service replaced"
else
  cat >&2 << 'TEXT'
Another minor version may change the schemas so that there is no way back but a backup, and old and new services cannot run side by
side. Take one (docs/backup-and-restore.md), then run this again with --with-outage.
TEXT
  exit 2
fi
say "done"
