#!/usr/bin/env bash
# Runs the health checks of the containers of the project every few seconds. podman leaves that to systemd timers, which a
# machine without systemd does not have, and Compose waits for their outcome. Ends when it is told to, or with its parent.
set -u
project=${1:-sluice}
interval=${2:-3}
parent=$PPID
while kill -0 "$parent" 2> /dev/null; do
  for container in $(podman ps --quiet --filter "label=com.docker.compose.project=$project" --filter status=running); do
    timeout 10 podman healthcheck run "$container" > /dev/null 2>&1
  done
  sleep "$interval"
done
