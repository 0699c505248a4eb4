-- What rotation, expiry, revocation lists and generations of CAs need to know.
ALTER TABLE credential
  ADD COLUMN retire_after_unused_days integer,
  ADD COLUMN postponed_at timestamptz,
  ADD COLUMN last_used_at timestamptz,
  ADD COLUMN expiring_told integer,
  ADD COLUMN expired_told_at timestamptz,
  ADD COLUMN public_key_sha256 text;

DO $$ BEGIN
  -- The digests would have to be read out of the certificates, which SQL cannot.
  IF EXISTS (SELECT FROM credential) OR EXISTS (SELECT FROM certificate_authority) THEN
    RAISE EXCEPTION 'This database was made by a state of Sluice before version 0.1.0 and cannot be upgraded: begin with an empty one.';
  END IF;
END $$;

ALTER TABLE credential ALTER COLUMN public_key_sha256 SET NOT NULL;

CREATE INDEX credential_public_key ON credential (public_key_sha256);

CREATE INDEX credential_not_after ON credential (not_after) WHERE expired_told_at IS NULL;

CREATE INDEX credential_retiring ON credential (retires_at) WHERE status = 'retiring';

CREATE INDEX credential_issued_by ON credential (issued_by);

ALTER TABLE certificate_authority
  ADD COLUMN number integer NOT NULL DEFAULT 1,
  ADD COLUMN revocation_reason text,
  ADD COLUMN public_key_sha256 text;

ALTER TABLE certificate_authority ALTER COLUMN public_key_sha256 SET NOT NULL;

CREATE UNIQUE INDEX certificate_authority_active ON certificate_authority (kind)
WHERE kind = 'issuing' AND status = 'active';

CREATE TABLE revoked_certificate (
  issued_by uuid NOT NULL REFERENCES certificate_authority (id),
  serial_number text NOT NULL,
  revoked_at timestamptz NOT NULL,
  reason text NOT NULL,
  not_after timestamptz NOT NULL,
  public_key_sha256 text NOT NULL,
  listed_in bigint,
  PRIMARY KEY (issued_by, serial_number)
);

CREATE INDEX revoked_certificate_unlisted ON revoked_certificate (issued_by) WHERE listed_in IS NULL;

CREATE INDEX revoked_certificate_public_key ON revoked_certificate (public_key_sha256);

CREATE TABLE certificate_list (
  authority_id uuid PRIMARY KEY REFERENCES certificate_authority (id),
  number bigint NOT NULL,
  der bytea NOT NULL,
  this_update timestamptz NOT NULL,
  next_update timestamptz NOT NULL
);

CREATE TABLE usage_watch (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  since timestamptz NOT NULL,
  last timestamptz NOT NULL
);
