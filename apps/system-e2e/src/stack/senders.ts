import { Sender, type TestCertificate } from '@sluice/testing';
import type { ServiceKey } from '../administrator/administrator.js';
import type { LocalStack } from './local-stack.js';

/** A sender with what a service key of type `certificate` showed. */
export function senderWithKey(stack: LocalStack, key: ServiceKey): Sender {
  const { certificate, key: privateKey } = key.credentials;
  return new Sender({ url: stack.facts.flowUrl, trusts: stack.serverRoot, certificate, key: privateKey });
}

/** A sender with a certificate of the test's own, which sends its whole chain. */
export function senderWithCertificate(
  stack: LocalStack,
  certificate: TestCertificate,
  chain = certificate.chainPem,
): Sender {
  return new Sender({
    url: stack.facts.flowUrl,
    trusts: stack.serverRoot,
    certificate: chain,
    key: certificate.key.pem,
  });
}

export function senderWithoutCertificate(stack: LocalStack): Sender {
  return new Sender({ url: stack.facts.flowUrl, trusts: stack.serverRoot });
}
