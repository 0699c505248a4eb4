import type { EventName } from './event-types.js';

/** What each event tells a subscriber, one or two sentences each. It goes into docs/asyncapi.yaml. */
export const eventDocumentation: Readonly<Record<EventName, string>> = {
  'service-instance.created': 'A service instance was created with these roles.',
  'service-instance.updated': 'The name, roles or parameters of a service instance changed; seen on the next request.',
  'service-instance.deleted': 'A service instance is gone, and with it everything that was under it.',
  'service-key.created':
    'A service key was created. `certificate` is the one it opens the door with; a key that is a client secret has none.',
  'service-key.rotated':
    'A service key has a new certificate. `predecessor` is valid beside it until `retiresAt`: whoever sends with it loads the new one before then.',
  'service-key.revoked': 'A service key was revoked for good: none of its certificates opens the door any more.',
  'service-key.deleted': 'A service key was deleted and its access ended.',
  'user-role.created': 'A user role was created.',
  'user-role.updated': 'The description of a user role changed.',
  'user-role.deleted': 'A user role that nobody used was deleted.',
  'trusted-root.added': 'A root is trusted from now on.',
  'trusted-root.removed': 'A root is no longer trusted: certificates under it are refused from the next request on.',
  'issuing-ca.activated': 'This CA certificate issues the certificates of service keys from now on.',
  'flow.deployed': 'A flow was deployed, for the first time or again with a higher version.',
  'flow.undeployed': 'A flow was undeployed; its address is free.',
  'flow.failed': 'A flow that is deployed did not start. `error` says why.',
};
