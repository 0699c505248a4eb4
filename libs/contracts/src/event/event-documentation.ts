import type { EventName } from './event-types.js';

/** What each event tells a subscriber, one or two sentences each. It goes into docs/asyncapi.yaml. */
export const eventDocumentation: Readonly<Record<EventName, string>> = {
  'service-instance.created': 'A service instance was created with these roles.',
  'service-instance.updated': 'The name, roles or parameters of a service instance changed; seen on the next request.',
  'service-instance.deleted': 'A service instance is gone, and with it everything that was under it.',
  'service-key.created':
    'A service key was created. `certificate` is the one that grants it access; a key that is a client secret has none.',
  'service-key.rotated':
    'A service key has a new certificate, or a new `secret` where it is of type client_secret. `predecessor` (`predecessorSecret`) is valid beside it until `retiresAt`: whoever sends with it loads the new one before then. With `retireAfterUnusedDays` it lives on until it was not seen for so many days.',
  'service-key.revoked':
    'These certificates and secrets were revoked for good and grant no access any more. `keyRevoked` is false when the key itself lives on.',
  'service-key.expiring':
    'A certificate or a secret in use ends in at most `daysLeft` days: rotate its key. Said once for each threshold; after a downtime for the newest only.',
  'service-key.expired':
    'A certificate or a secret of the key expired. `usableCertificates` or `usableSecrets` of its others still grant access; with 0 the sender is locked out.',
  'service-key.retirement-postponed':
    'A certificate or a secret was to end at `retiresAt`, but would have been the last usable one of its key, so it stays. Rotate the key.',
  'service-key.deleted': 'A service key was deleted and its access ended.',
  'user-role.created': 'A user role was created.',
  'user-role.updated': 'The description of a user role changed.',
  'user-role.deleted': 'A user role that nobody used was deleted.',
  'admin-token.expiring':
    'An admin token ends in at most 14 days: make another and put it in its place. Said once for each.',
  'trusted-root.added': 'A root is trusted from now on.',
  'trusted-root.removed': 'A root is no longer trusted: certificates under it are refused from the next request on.',
  'issuing-ca.prepared':
    'A CA certificate was made that will issue certificates of service keys. With `root`, a new root came with it: whoever keeps a trust list adds it now.',
  'issuing-ca.activated':
    'This CA certificate issues the certificates of service keys from now on. Those of its `predecessor` stay valid.',
  'issuing-ca.revoked': 'An issuing CA was revoked: no certificate below it grants access any more.',
  'issuing-ca.retired': 'An issuing CA is out of use: nothing below it is trusted any more.',
  'token-key.prepared':
    'A key was made that will sign access tokens from `activatesAt` on. Resource servers that keep the keys fetch them anew before then.',
  'token-key.activated':
    'This key signs access tokens from now on. Those of its `predecessor` stay good until they end.',
  'token-key.retired': 'A key that signed access tokens is gone: no token it signed is accepted any more.',
  'proposal.created':
    'What cannot be undone was proposed under the four-eyes rule: another administrator approves it until `expiresAt`, or nothing happens.',
  'proposal.approved': 'What `proposedBy` proposed was approved by `actor`, and carried out.',
  'proposal.withdrawn': 'A proposal was ended, and nothing of it was carried out.',
  'trusted-root.updated':
    'How certificates under a trusted root are checked for revocation changed, or a CRL came into force or was taken away.',
  'audit.head':
    "The newest hash of each service's audit trail, hourly. `npm run admin -- verify-audit` compares the trails with it; keep it elsewhere too if you do not trust who runs the database.",
  'flow.deployed': 'A flow was deployed, for the first time or again with a higher version.',
  'flow.undeployed': 'A flow was undeployed; its address is free.',
  'flow.failed': 'A flow that is deployed did not start. `error` says why.',
};
