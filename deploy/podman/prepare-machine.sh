#!/usr/bin/env bash
# Installs podman and Compose v2 on Debian 12, as root, for running the compose file without Docker. Safe to run again.
set -euo pipefail

# The address of Debian's archive as this machine's own apt knows it; none is written here.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 -E '/debian/?$'
}

apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  podman runc netavark aardvark-dns debootstrap iptables

# Old podman defaults to crun and to limits that a small machine refuses.
if [ ! -e /etc/containers/containers.conf ]; then
  cat > /etc/containers/containers.conf <<'CONF'
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]

[engine]
runtime = "runc"

[network]
network_backend = "netavark"
CONF
fi

# Debian 12 has Compose v1 only; the plugin of Debian 13 is one static binary and runs here.
plugins=/usr/local/lib/docker/cli-plugins
if [ ! -x "$plugins/docker-compose" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"/{lists/partial,cache/archives/partial,deb,tree}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) trixie main" > "$work/sources.list"
  apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists"
    -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
  packages=(docker-compose)
  command -v docker > /dev/null || packages+=(docker-cli)
  "${apt[@]}" update
  (cd "$work/deb" && "${apt[@]}" download "${packages[@]}")
  for deb in "$work"/deb/*.deb; do dpkg -x "$deb" "$work/tree"; done
  mkdir -p "$plugins"
  install -m 755 "$(find "$work/tree" -type f -name docker-compose -perm -u+x | head -n1)" "$plugins/docker-compose"
  command -v docker > /dev/null || install -m 755 "$work/tree/usr/bin/docker" /usr/local/bin/docker
fi

podman --version
docker compose version
