-- What each admin token may do, how long, and when it was last used. Those of before may do everything, for ever.
ALTER TABLE admin_token
  ADD COLUMN roles text[] NOT NULL DEFAULT '{Admin.all}',
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN last_used_at timestamptz,
  ADD COLUMN expiry_announced_at timestamptz;

CREATE OR REPLACE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON admin_token
FOR EACH ROW EXECUTE FUNCTION audit_row('last_used_at,expiry_announced_at', 'sha256');

-- First tokens that were entered once. What was revoked does not come back when the others have ended.
CREATE TABLE entered_token (
  sha256 text COLLATE "C" CONSTRAINT entered_token_sha256 PRIMARY KEY
);

INSERT INTO entered_token (sha256) SELECT sha256 FROM admin_token WHERE created_by = 'installation';

-- The rights of administrators, as roles that service instances of plan api can hold.
WITH predefined AS (
  INSERT INTO user_role (name, description, owner, version, created_at)
  SELECT name, description, 'SAP', nextval('record_version'), now() FROM (VALUES
  ('Admin.all', 'Everything at the admin API, also what later versions add to it.'),
  ('Monitoring.read', 'See every list but the audit trail, with messages as far as their status and error, and change nothing.'),
  ('Messages.read', 'Read what messages carried: steps with payloads, and attachments.'),
  ('Audit.read', 'Read the audit trail.'),
  ('Flows.read', 'See flows.'),
  ('Flows.deploy', 'Check, deploy and undeploy flows.'),
  ('Credentials.read', 'See the credentials of receiver channels, without secrets.'),
  ('Credentials.manage', 'Store and remove credentials of receiver channels.'),
  ('Connectivity.test', 'Connect to other hosts by connectivity tests.'),
  ('Keys.read', 'See service instances and service keys, without secrets.'),
  ('Keys.manage', 'Create, change, rotate, revoke and delete service instances and service keys.'),
  ('Roles.read', 'See user roles.'),
  ('Roles.manage', 'Create, change and delete user roles.'),
  ('Trust.read', 'See trusted roots, their CRLs, and issuing CAs.'),
  ('Trust.manage', 'Add and remove trusted roots and CRLs; prepare, activate, retire and revoke issuing CAs.'),
  ('Subscribers.read', 'See who may subscribe to events.'),
  ('Subscribers.manage', 'Create and revoke subscribers of events.'),
  ('Tokens.read', 'See admin tokens, without the tokens themselves.'),
  ('Tokens.manage', 'Create and revoke admin tokens, with no more rights than one has.'),
  ('State.maintain', 'Make the state stream anew, sign its records anew, and seal keys anew.')
  ) AS predefined (name, description)
  ON CONFLICT (name) DO UPDATE SET owner = 'SAP', description = EXCLUDED.description
  RETURNING name, version
)
INSERT INTO outbox (kind, name, version, body)
SELECT 'state', key, version, jsonb_build_object('key', key, 'version', version, 'deleted', false, 'name', name)
FROM (SELECT 'role.' || replace(name, '.', '/') AS key, version, name FROM predefined) AS record;
