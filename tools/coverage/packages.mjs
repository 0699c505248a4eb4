/** What has to be covered, and how far: percent of lines and of branches, each. `specs` (default: all of the package): whose runs count. */
const ninety = 90;

export const packages = [
  { name: 'domain', folder: 'libs/domain', atLeast: ninety },
  { name: 'contracts', folder: 'libs/contracts', atLeast: ninety },
  { name: 'pki', folder: 'libs/pki', atLeast: ninety },
  { name: 'messaging', folder: 'libs/messaging', atLeast: ninety },
  { name: 'xml', folder: 'libs/xml', atLeast: ninety },
  { name: 'xpath', folder: 'libs/xpath', atLeast: ninety },
  { name: 'xslt', folder: 'libs/xslt', atLeast: ninety },
  { name: 'simple-language', folder: 'libs/simple-language', atLeast: ninety },
  { name: 'flow-engine', folder: 'libs/flow-engine', atLeast: ninety },
  { name: 'key-management', folder: 'apps/key-management', atLeast: ninety },
  { name: 'authorization', folder: 'apps/authorization', atLeast: ninety },
  { name: 'certificate-verifier', folder: 'apps/certificate-verifier', atLeast: ninety },
  { name: 'front-door', folder: 'apps/flow-runtime', within: 'src/front-door', atLeast: ninety },
  { name: 'admin-api', folder: 'apps/admin-api', atLeast: 85 },
];
