-- What the servers of this installation show, as it was seen last.
CREATE TABLE server_certificate (
  server text NOT NULL,
  sha256 text NOT NULL,
  leaf boolean NOT NULL,
  certificate bytea NOT NULL,
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (server, sha256)
);
