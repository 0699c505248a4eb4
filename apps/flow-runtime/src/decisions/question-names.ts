import { hash } from 'node:crypto';
import type { Endpoint } from '../flows/deployed-flows.js';
import type { CallerCertificate } from './decide-call.js';

/** Names by which questions are known to be the same. */
export interface QuestionNames {
  /** What is asked of the certificate, whatever endpoint is called. */
  readonly certificate: string;
  /** The whole question. */
  readonly call: string;
}

const senderOf = new WeakMap<CallerCertificate, string>();
const numbers = new WeakMap<Endpoint, number>();
let endpoints = 0;

/** Tells endpoints apart, one that was started anew from the one before. */
function numberOf(endpoint: Endpoint): number {
  let number = numbers.get(endpoint);
  if (number === undefined) {
    number = ++endpoints;
    numbers.set(endpoint, number);
  }
  return number;
}

/**
 * What else was sent belongs to the question: a leaf that is refused alone may be accepted with its chain. So does the
 * endpoint as it was started, not its id: a flow that is deployed anew may ask for another role.
 */
export function questionsOf(certificate: CallerCertificate, endpoint: Endpoint | undefined): QuestionNames {
  let sender = senderOf.get(certificate);
  if (sender === undefined) {
    const digests = certificate.chain().map((der) => hash('sha256', der, 'base64'));
    sender = `${certificate.sha256} ${hash('sha256', digests.join(' '), 'base64')}`;
    senderOf.set(certificate, sender);
  }
  const number = endpoint && numberOf(endpoint);
  const lookUp = endpoint?.sender.authorization.type === 'ClientCertificate' ? 'names' : 'service-key';
  return { certificate: `${lookUp} ${sender}`, call: `${number ?? 'none'} ${sender}` };
}

/** Whether a service instance may use an endpoint, whichever of its certificates came. */
export function instanceQuestion(endpoint: Endpoint, serviceInstanceId: string): string {
  return `${numberOf(endpoint)} ${serviceInstanceId}`;
}
