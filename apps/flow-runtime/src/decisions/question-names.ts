import { hash } from 'node:crypto';
import type { Endpoint } from '../flows/deployed-flows.js';
import { certificateOf, shownBy, type Caller, type CallerCertificate } from './caller.js';

/** Names by which questions are known to be the same. */
export interface QuestionNames {
  /** What is asked of what was shown, whatever endpoint is called. */
  readonly caller: string;
  /** The whole question. */
  readonly call: string;
}

const chainOf = new WeakMap<CallerCertificate, string>();
const numbers = new WeakMap<object, number>();
let endpoints = 0;

/** Tells endpoints apart, one that was started anew from the one before. */
function numberOf(endpoint: object): number {
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
 * @param endpoint what is called; undefined when there is nothing at the address
 */
export function questionsOf(caller: Caller, endpoint: object | undefined, byNames: boolean): QuestionNames {
  const certificate = certificateOf(caller);
  const sender = certificate ? `${shownBy(caller)} ${digestOfChain(certificate)}` : shownBy(caller);
  const number = endpoint && numberOf(endpoint);
  return { caller: `${byNames ? 'names' : 'service-key'} ${sender}`, call: `${number ?? 'none'} ${sender}` };
}

function digestOfChain(certificate: CallerCertificate): string {
  let digest = chainOf.get(certificate);
  if (digest === undefined) {
    const digests = certificate.chain().map((der) => hash('sha256', der, 'base64'));
    digest = hash('sha256', digests.join(' '), 'base64');
    chainOf.set(certificate, digest);
  }
  return digest;
}

/** Whether a service instance may use an endpoint, by whichever of its certificates or tokens it came. */
export function instanceQuestion(endpoint: Endpoint, serviceInstanceId: string): string {
  return `${numberOf(endpoint)} ${serviceInstanceId}`;
}
