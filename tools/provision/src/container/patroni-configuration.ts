import { mountPoint } from './volumes.js';

export interface DatabaseClusterPasswords {
  readonly postgres: string;
  readonly replicator: string;
  readonly rewinder: string;
}

const quoted = (text: string) => JSON.stringify(text);

/**
 * What Patroni is told on one of three servers of Postgres. Its leader's lease is in etcd, for `ttl` seconds: who cannot renew it
 * stops being the primary before another may begin. `synchronous_mode`: a commit is acknowledged when a standby has it,
 * and only such a standby may be promoted; with no standby left Patroni lets the primary go on alone.
 * @param name of this server, by which the others reach it
 */
export function patroniConfiguration(
  name: string,
  etcd: readonly string[],
  passwords: DatabaseClusterPasswords,
): string {
  // Copied there by start-patroni.sh: Postgres takes a key only from its own user.
  const keyFile = '/run/database/member.key';
  const login = (username: string, password: string) =>
    `{ username: ${username}, password: ${quoted(password)}, sslmode: verify-full, sslrootcert: ${mountPoint}/server-root.pem }`;
  return `# Made by provisioning; edits are overwritten.
scope: sluice
name: ${name}
restapi:
  listen: 0.0.0.0:8008
  connect_address: ${name}:8008
  certfile: ${mountPoint}/member.pem
  keyfile: ${keyFile}
  cafile: ${mountPoint}/member-ca.pem
  verify_client: required
ctl: { cacert: ${mountPoint}/member-ca.pem, certfile: ${mountPoint}/member.pem, keyfile: ${keyFile} }
etcd3:
  hosts: [${etcd.map((host) => quoted(`${host}:2379`)).join(', ')}]
  protocol: https
  cacert: ${mountPoint}/member-ca.pem
  cert: ${mountPoint}/member.pem
  key: ${keyFile}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 3
    retry_timeout: 5
    # A primary that died is not waited for.
    primary_start_timeout: 0
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters: { max_connections: 200, wal_keep_size: 256MB, max_slot_wal_keep_size: 4GB }
  initdb: [encoding: UTF8, locale: C.UTF-8, auth: scram-sha-256, data-checksums]
postgresql:
  listen: '*:5432'
  connect_address: ${name}:5432
  data_dir: /var/lib/postgresql/data/17
  bin_dir: /usr/lib/postgresql/17/bin
  pgpass: /run/database/pgpass
  # Its certificate has the name by which the others reach it, and no other.
  use_unix_socket: true
  use_unix_socket_repl: true
  authentication:
    superuser: ${login('postgres', passwords.postgres)}
    replication: ${login('replicator', passwords.replicator)}
    rewind: ${login('rewinder', passwords.rewinder)}
  parameters:
    unix_socket_directories: /run/database
    ssl: on
    ssl_cert_file: /run/database/server.pem
    ssl_key_file: /run/database/server.key
    ssl_min_protocol_version: TLSv1.3
    password_encryption: scram-sha-256
  pg_hba:
    - local all postgres scram-sha-256
    - local replication replicator scram-sha-256
    - hostssl replication replicator all scram-sha-256
    - hostssl all all all scram-sha-256
watchdog: { mode: 'off' }
`;
}
