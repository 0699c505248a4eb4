import { createHash } from 'node:crypto';
import type { Endpoint } from '../deployed-flows/deployed-flows.js';
import type { CallerCertificate } from './decide-call.js';

/** Names by which questions are known to be the same. */
export interface QuestionNames {
  /** What is asked of the certificate, whatever endpoint is called. */
  readonly certificate: string;
  /** The whole question. */
  readonly call: string;
}

const senderOf = new WeakMap<CallerCertificate, string>();
const numberOf = new WeakMap<Endpoint, number>();
let endpoints = 0;

/**
 * What else was sent belongs to the question: a leaf that is refused alone may be accepted with its chain. So does the
 * endpoint as it was started, not its id: a flow that is deployed anew may ask for another role.
 */
export function questionsOf(certificate: CallerCertificate, endpoint: Endpoint | undefined): QuestionNames {
  let sender = senderOf.get(certificate);
  if (sender === undefined) {
    const chain = createHash('sha256');
    for (const der of certificate.chain()) chain.update(createHash('sha256').update(der).digest());
    sender = `${certificate.sha256} ${chain.digest('base64')}`;
    senderOf.set(certificate, sender);
  }
  let number = endpoint && numberOf.get(endpoint);
  if (endpoint && number === undefined) {
    number = ++endpoints;
    numberOf.set(endpoint, number);
  }
  const lookUp = endpoint?.sender.authorization.type === 'ClientCertificate' ? 'names' : 'service-key';
  return { certificate: `${lookUp} ${sender}`, call: `${number ?? 'none'} ${sender}` };
}
