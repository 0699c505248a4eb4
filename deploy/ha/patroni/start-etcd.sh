#!/bin/sh
# Runs one member of etcd: start-etcd.sh NAME, where each of the three is reached by its name.
set -eu
name=$1
secrets=/run/sluice
exec etcd --name "$name" --data-dir /var/lib/etcd/data --initial-cluster-token sluice --initial-cluster-state new \
  --initial-cluster "etcd-1=https://etcd-1:2380,etcd-2=https://etcd-2:2380,etcd-3=https://etcd-3:2380" \
  --listen-peer-urls https://0.0.0.0:2380 --initial-advertise-peer-urls "https://$name:2380" \
  --listen-client-urls https://0.0.0.0:2379 --advertise-client-urls "https://$name:2379" \
  --cert-file "$secrets/member.pem" --key-file "$secrets/member.key" --trusted-ca-file "$secrets/member-ca.pem" --client-cert-auth \
  --peer-cert-file "$secrets/member.pem" --peer-key-file "$secrets/member.key" --peer-trusted-ca-file "$secrets/member-ca.pem" \
  --peer-client-cert-auth --auto-compaction-mode periodic --auto-compaction-retention 1h --logger zap --log-level warn
