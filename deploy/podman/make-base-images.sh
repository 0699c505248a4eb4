#!/usr/bin/env bash
# Makes the base images the compose file names, from Debian and npm packages, where no image registry can be reached.
# They carry the names of the official images, so that nothing else has to know. As root, after prepare-machine.sh.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
suite=trixie
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 -E '/debian/?$'
}
present() {
  podman image exists "$1" && echo "have $1"
}
# podman resolves a short name like `postgres:17` to docker.io/library, as Docker does.
name() {
  echo "docker.io/library/$1"
}

debian=$(name "debian:$suite-slim")
if ! present "$debian"; then
  debootstrap --variant=minbase "$suite" "$work/root" "$(mirror)" > "$work/debootstrap.log" || { tail "$work/debootstrap.log"; exit 1; }
  rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/* "$work"/root/usr/share/{doc,man,locale}/*
  tar -C "$work/root" -c . | podman import --change 'CMD ["bash"]' - "$debian" > /dev/null
  rm -rf "$work/root"
  echo "made $debian"
fi

build() {
  local image
  image=$(name "$1")
  present "$image" && return
  podman build --quiet --network host --build-arg "BASE=$debian" --file "$here/$2" --tag "$image" "$3" > /dev/null
  echo "made $image"
}
empty=$work/empty
mkdir "$empty"
build postgres:17 postgres.Dockerfile "$empty"
build nats:2.10.27-alpine nats.Dockerfile "$empty"
build haproxy:3.0 haproxy.Dockerfile "$empty"

# Node and npm as the registry has them; the machine's own CA certificates go in, for a registry behind a private CA.
node=$work/node
mkdir "$node"
if ! present "$(name "node:24-$suite-slim")"; then
  version=$(sed -n 's/^    "node": "\(.*\)",$/\1/p' "$here/../../package.json")
  (cd "$node" && npm pack --silent "node-linux-$(uname -m | sed 's/x86_64/x64/;s/aarch64/arm64/')@$version" npm@11 > /dev/null)
  mkdir "$node"/{runtime,npm}
  tar -C "$node/runtime" --strip-components=1 -xf "$node"/node-linux-*.tgz
  tar -C "$node/npm" --strip-components=1 -xf "$node"/npm-11*.tgz
  cp /etc/ssl/certs/ca-certificates.crt "$node/ca-certificates.crt"
  build "node:24-$suite-slim" node.Dockerfile "$node"
fi
