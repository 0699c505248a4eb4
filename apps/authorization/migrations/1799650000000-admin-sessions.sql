-- Sessions of the console, by the SHA-256 of what their cookie holds. They end with the admin token they were opened with. Not logged: no
-- backup has them, so none that was closed comes back with a restore; after a crash people sign in again.
CREATE UNLOGGED TABLE admin_session (
  sha256 text COLLATE "C" CONSTRAINT admin_session_sha256 PRIMARY KEY,
  token_name text COLLATE "C" NOT NULL CONSTRAINT admin_session_token_name REFERENCES admin_token (name) ON DELETE CASCADE,
  opened_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL
);

CREATE INDEX admin_session_token ON admin_session (token_name);
CREATE INDEX admin_session_ends_at ON admin_session (ends_at);
