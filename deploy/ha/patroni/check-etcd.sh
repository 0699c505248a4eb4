#!/bin/sh
# Whether this member of etcd answers, with a quorum behind it.
secrets=/run/sluice
ETCDCTL_API=3 exec etcdctl --endpoints https://127.0.0.1:2379 --cacert "$secrets/member-ca.pem" --cert "$secrets/member.pem" \
  --key "$secrets/member.key" --command-timeout 2s endpoint health
