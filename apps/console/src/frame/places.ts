/** The pages there are, in the order of the navigation: by the words of the reference. */
export interface Place {
  readonly title: string;
  readonly path: string;
  /** Words by which people look for it. */
  readonly words?: string;
}

export const places: readonly { readonly group: string; readonly places: readonly Place[] }[] = [
  {
    group: 'Monitor',
    places: [
      { title: 'Overview', path: '/', words: 'start health dashboard' },
      { title: 'Messages', path: '/messages', words: 'message processing log monitor errors' },
      { title: 'Decisions', path: '/decisions', words: 'why refused 401 403 denied' },
      { title: 'Events', path: '/events', words: 'live what happens cloudevents nats' },
      { title: 'Certificates', path: '/certificates', words: 'expiry expiring' },
    ],
  },
  {
    group: 'Senders',
    places: [
      { title: 'Service Instances', path: '/service-instances', words: 'clients' },
      { title: 'Service Keys', path: '/service-keys', words: 'credentials rotate revoke' },
      { title: 'User Roles', path: '/user-roles' },
    ],
  },
  {
    group: 'Flows',
    places: [{ title: 'Integration Flows', path: '/flows', words: 'deploy iflow' }],
  },
  {
    group: 'Trust',
    places: [
      { title: 'Trusted Roots', path: '/trusted-roots', words: 'ca crl ocsp' },
      { title: 'Issuing CAs', path: '/issuing-cas', words: 'rotation' },
      { title: 'Connectivity Test', path: '/connectivity-tests', words: 'tls chain' },
    ],
  },
  {
    group: 'Administration',
    places: [
      { title: 'Approvals', path: '/approvals', words: 'four eyes proposals approve withdraw' },
      { title: 'Audit', path: '/audit', words: 'who changed what' },
      { title: 'Administrators', path: '/administrators', words: 'tokens sign out' },
    ],
  },
];
