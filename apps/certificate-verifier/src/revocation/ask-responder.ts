import type { RootRevocation } from '@sluice/contracts';
import { buildOcspRequest, parseOcspResponse, type Certificate, type OcspAnswer } from '@sluice/pki';
import { RecordCache } from '@sluice/messaging';
import { randomBytes } from 'node:crypto';

export type OcspPolicy = NonNullable<RootRevocation['ocsp']>;

/** Sends an OCSP request (DER) and gives the response (DER). @throws Error when there is none in time */
export type ExchangeOcsp = (url: string, request: Uint8Array, timeoutMs: number) => Promise<Uint8Array>;

export interface OcspAnswers {
  readonly answers: readonly OcspAnswer[];
  /** Why responders gave nothing that could be used, one sentence each. */
  readonly failures: readonly string[];
}

interface KeptAnswer {
  readonly answer: OcspAnswer;
  /** Epoch milliseconds. */
  readonly until: number;
}

const ocspAccessMethod = '1.3.6.1.5.5.7.48.1';
const nonceBytes = 32;
const mostKept = 20_000;
/** Questions under way to one responder; a slow one must not take all the verifier can do. */
const mostAtOnce = 32;
/** A responder that gave no answer is left alone for so long. */
const pauseMs = 2_000;
/** RFC 6960 §4.2.2.1: without nextUpdate newer information is always available. */
const unstatedAgeMs = 3_600_000;

/**
 * Asks OCSP responders for the certificates of a path that was found valid (RFC 6960), and keeps their answers while they
 * hold. Whether an answer is to be believed is judged with the path it is used for.
 */
export class AskResponder {
  readonly #kept = new RecordCache<KeptAnswer>(mostKept);
  readonly #asking = new Map<string, Promise<OcspAnswer | string>>();
  readonly #responders = new Map<string, { underWay: number; pausedUntil: number }>();

  constructor(
    private readonly exchange: ExchangeOcsp,
    private readonly now: () => number,
  ) {}

  /** @param path leaf first, anchor last; those in scope are asked for */
  async answersFor(path: readonly Certificate[], scope: 'all' | 'leaf', policy: OcspPolicy): Promise<OcspAnswers> {
    const asked = path.slice(0, scope === 'leaf' ? 1 : -1).flatMap((certificate, index) => {
      const issuer = path[index + 1];
      const url = policy.url ?? responderOf(certificate);
      return issuer && url !== undefined ? [this.#ask(certificate, issuer, url, policy)] : [];
    });
    const results = await Promise.all(asked);
    return {
      answers: results.filter((result) => typeof result !== 'string'),
      failures: results.filter((result) => typeof result === 'string'),
    };
  }

  #ask(
    certificate: Certificate,
    issuer: Certificate,
    url: string,
    policy: OcspPolicy,
  ): OcspAnswer | Promise<OcspAnswer | string> {
    const key = `${issuer.spkiSha256}.${certificate.sha256}.${url}`;
    const kept = this.#kept.get(key);
    if (kept && kept.until >= this.now()) return kept.answer;
    const running = this.#asking.get(key);
    if (running) return running;
    const asking = this.#exchange(certificate, issuer, url, policy)
      .then((answer) => {
        this.#kept.set(key, { answer, until: endOf(answer) });
        return answer;
      })
      .catch((error: unknown) => `The OCSP responder ${url} gave no answer: ${describe(error)}.`)
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #exchange(certificate: Certificate, issuer: Certificate, url: string, policy: OcspPolicy): Promise<OcspAnswer> {
    const responder = this.#responderAt(url);
    if (responder.pausedUntil > this.now()) throw new Error('it gave none a moment ago');
    if (responder.underWay >= mostAtOnce) throw new Error('too many questions to it are under way');
    responder.underWay++;
    try {
      const nonce = policy.nonce === 'none' ? undefined : randomBytes(nonceBytes);
      const request = buildOcspRequest({ certificate, issuer, ...(nonce ? { nonce } : {}) });
      const answer = parseOcspResponse(await this.exchange(url, request, policy.timeoutMs));
      // RFC 9654 §2.1: another nonce is an answer to another question; none at all is an answer made beforehand.
      if (nonce && answer.nonce === undefined && policy.nonce === 'required')
        throw new Error('its answer does not hold the nonce that was sent');
      if (nonce && answer.nonce !== undefined && Buffer.compare(nonce, answer.nonce) !== 0)
        throw new Error('its answer holds another nonce than was sent');
      return answer;
    } catch (error) {
      responder.pausedUntil = this.now() + pauseMs;
      throw error;
    } finally {
      responder.underWay--;
    }
  }

  #responderAt(url: string): { underWay: number; pausedUntil: number } {
    let responder = this.#responders.get(url);
    if (responder) return responder;
    // URLs come from certificates below a trusted root, which may be many; what is forgotten is a pause.
    if (this.#responders.size >= 1_000) this.#responders.clear();
    this.#responders.set(url, (responder = { underWay: 0, pausedUntil: 0 }));
    return responder;
  }
}

/** The responder a certificate names (RFC 5280 §4.2.2.1). */
function responderOf(certificate: Certificate): string | undefined {
  for (const { method, location } of certificate.authorityInfoAccess ?? [])
    if (
      method === ocspAccessMethod &&
      location.form === 'uniformResourceIdentifier' &&
      /^https?:\/\/[^/\s@]+(\/\S*)?$/i.test(location.value)
    )
      return location.value;
  return undefined;
}

function endOf(answer: OcspAnswer): number {
  return Math.min(...answer.answers.map((single) => single.nextUpdate ?? single.thisUpdate + unstatedAgeMs));
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'the exchange failed';
  if (error.name === 'TimeoutError') return 'it took too long';
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}
