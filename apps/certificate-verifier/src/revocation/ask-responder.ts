import type { RootRevocation } from '@sluice/contracts';
import {
  buildOcspRequest,
  parseOcspResponse,
  type Certificate,
  type CertificateStatus,
  type OcspAnswer,
} from '@sluice/pki';
import { LRUCache } from 'lru-cache';
import { isUnreachable, unreachableSentence } from '@sluice/service-shell';
import { randomBytes } from 'node:crypto';

export type OcspPolicy = NonNullable<RootRevocation['ocsp']>;

/** Sends an OCSP request (DER) and gives the response (DER). @throws Error when there is none in time */
export type ExchangeOcsp = (url: string, request: Uint8Array, timeoutMs: number) => Promise<Uint8Array>;

/** Under what a path's certificates are asked about. */
export interface OcspAsking {
  readonly scope: 'all' | 'leaf';
  readonly ocsp: OcspPolicy;
  /** Milliseconds; an answer kept for one policy is not used for another. */
  readonly maximumAge?: number | undefined;
  /** Whether an answer may be believed: by who may sign, for this certificate, fresh. */
  readonly judge: (answer: OcspAnswer, certificate: Certificate, issuer: Certificate) => CertificateStatus;
}

export interface OcspAnswers {
  /** Those that are in order; one may be that the responder does not know the certificate. */
  readonly answers: readonly OcspAnswer[];
  /** For which certificates responders gave nothing that could be used, and why. */
  readonly failures: readonly OcspFailure[];
}

export interface OcspFailure {
  readonly certificateSha256: string;
  readonly sentence: string;
}

interface KeptAnswer {
  readonly answer: OcspAnswer;
  /** Epoch milliseconds, inclusive. */
  readonly until: number;
}

/** A certificate whose responder gave nothing to keep. */
interface Withheld {
  /** The answer that it is not known, or why there is none. */
  readonly result: OcspAnswer | string;
  /** How often so far, one after the other. */
  readonly times: number;
  /** Epoch milliseconds: it is asked about again from then on. */
  readonly until: number;
}

interface Responder {
  underWay: number;
  /** Answers that could not be used, one after the other. */
  useless: number;
  pausedUntil: number;
}

const ocspAccessMethod = '1.3.6.1.5.5.7.48.1';
const nonceBytes = 32;
const maximumKept = 20_000;
/** Questions under way to one responder; a slow one must not take all the verifier can do. */
const maximumUnderWay = 32;
/** A responder that cannot be reached, or gives one useless answer after another, is left alone for so long. */
const pauseMs = 2_000;
const uselessBeforePause = 8;
/** About one certificate: twice as long after each useless answer, so that a broken responder is not flooded. */
const firstRetryMs = 1_000;
const maxRetryMs = 60_000;

/**
 * Asks OCSP responders for the certificates of a path that was found valid (RFC 6960). An answer is judged before it is
 * kept: one that cannot be used, by a stranger on the way say, is gone with the request it came for (attack 43).
 */
export class AskResponder {
  readonly #kept = new LRUCache<string, KeptAnswer>({ max: maximumKept });
  /** Under what each answer is kept. */
  readonly #keys = new WeakMap<OcspAnswer, string>();
  readonly #withheld = new LRUCache<string, Withheld>({ max: maximumKept });
  readonly #asking = new Map<string, Promise<OcspAnswer | string>>();
  readonly #responders = new Map<string, Responder>();

  constructor(
    private readonly exchange: ExchangeOcsp,
    private readonly now: () => number,
  ) {}

  /** @param path leaf first, anchor last; those in scope are asked for */
  async answersFor(path: readonly Certificate[], asking: OcspAsking): Promise<OcspAnswers> {
    const asked = path.slice(0, asking.scope === 'leaf' ? 1 : -1).flatMap((certificate, index) => {
      const issuer = path[index + 1];
      const url = asking.ocsp.url ?? responderOf(certificate);
      return issuer && url !== undefined ? [this.#result(certificate, issuer, url, asking)] : [];
    });
    const results = await Promise.all(asked);
    return {
      answers: results.filter((result) => 'answers' in result),
      failures: results.filter((result) => 'sentence' in result),
    };
  }

  /**
   * Told that the judgement of the whole path found no use for answers after all (a delegated responder that was revoked
   * since): they are asked for again.
   */
  forget(answers: readonly OcspAnswer[]): void {
    for (const answer of answers) {
      const key = this.#keys.get(answer);
      if (key !== undefined) this.#kept.delete(key);
    }
  }

  async #result(
    certificate: Certificate,
    issuer: Certificate,
    url: string,
    asking: OcspAsking,
  ): Promise<OcspAnswer | OcspFailure> {
    const result = await this.#ask(certificate, issuer, url, asking);
    return typeof result === 'string' ? { certificateSha256: certificate.sha256, sentence: result } : result;
  }

  #ask(
    certificate: Certificate,
    issuer: Certificate,
    url: string,
    asking: OcspAsking,
  ): OcspAnswer | string | Promise<OcspAnswer | string> {
    const { nonce } = asking.ocsp;
    const key = `${issuer.spkiSha256}.${certificate.sha256}.${nonce}.${asking.maximumAge ?? ''}.${url}`;
    const now = this.now();
    const kept = this.#kept.get(key);
    if (kept && kept.until >= now) return kept.answer;
    const withheld = this.#withheld.get(key);
    // A clock that was set back does not make the wait longer.
    if (withheld && withheld.until > now && withheld.until - now <= maxRetryMs) return withheld.result;
    const running = this.#asking.get(key);
    if (running) return running;
    const answering = this.#exchange(key, certificate, issuer, url, asking).finally(() => this.#asking.delete(key));
    this.#asking.set(key, answering);
    return answering;
  }

  async #exchange(
    key: string,
    certificate: Certificate,
    issuer: Certificate,
    url: string,
    asking: OcspAsking,
  ): Promise<OcspAnswer | string> {
    const responder = this.#responderAt(url);
    const noAnswer = (why: string) => `The OCSP responder ${url} gave no answer: ${why}.`;
    if (responder.pausedUntil > this.now()) return noAnswer('it gave none a moment ago');
    if (responder.underWay >= maximumUnderWay) return noAnswer('too many questions to it are under way');
    responder.underWay++;
    const nonce = asking.ocsp.nonce === 'none' ? undefined : randomBytes(nonceBytes);
    try {
      const request = buildOcspRequest({ certificate, issuer, ...(nonce ? { nonce } : {}) });
      const response = await this.exchange(url, request, asking.ocsp.timeoutMs);
      const judged = judgeResponse(response, nonce, certificate, issuer, asking);
      if ('until' in judged) {
        responder.useless = 0;
        this.#withheld.delete(key);
        this.#kept.set(key, judged);
        this.#keys.set(judged.answer, key);
        return judged.answer;
      }
      // That it does not know one certificate says nothing against what it says of others.
      if (judged.answer) responder.useless = 0;
      else if (++responder.useless >= uselessBeforePause) this.#pause(responder);
      return this.#withhold(
        key,
        judged.answer ?? `The OCSP responder ${url} gave an answer that cannot be used: ${judged.problem}.`,
      );
    } catch (error) {
      this.#pause(responder);
      return noAnswer(describe(error));
    } finally {
      responder.underWay--;
    }
  }

  #withhold(key: string, result: OcspAnswer | string): OcspAnswer | string {
    const times = (this.#withheld.get(key)?.times ?? 0) + 1;
    const until = this.now() + Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(times - 1, 16));
    this.#withheld.set(key, { result, times, until });
    return result;
  }

  #pause(responder: Responder): void {
    responder.useless = 0;
    responder.pausedUntil = this.now() + pauseMs;
  }

  #responderAt(url: string): Responder {
    let responder = this.#responders.get(url);
    if (responder) return responder;
    // URLs come from certificates below a trusted root, which may be many; what is forgotten is a pause.
    if (this.#responders.size >= 1_000) this.#responders.clear();
    this.#responders.set(url, (responder = { underWay: 0, useless: 0, pausedUntil: 0 }));
    return responder;
  }
}

/** An answer to keep, or why there is none; `answer` where it is in order and says that the certificate is not known. */
function judgeResponse(
  response: Uint8Array,
  nonce: Uint8Array | undefined,
  certificate: Certificate,
  issuer: Certificate,
  { ocsp, judge }: OcspAsking,
): KeptAnswer | { readonly answer?: OcspAnswer; readonly problem: string } {
  let answer: OcspAnswer;
  try {
    answer = parseOcspResponse(response);
  } catch (error) {
    if (error instanceof Error) return { problem: error.message.replace(/\.$/, '') };
    throw error;
  }
  // RFC 9654 §2.1: another nonce is an answer to another question; none at all is an answer made beforehand.
  if (nonce && answer.nonce === undefined && ocsp.nonce === 'required')
    return { problem: 'it does not hold the nonce that was sent' };
  if (nonce && answer.nonce !== undefined && Buffer.compare(nonce, answer.nonce) !== 0)
    return { problem: 'it holds another nonce than was sent' };
  const status = judge(answer, certificate, issuer);
  if (status.status === 'undetermined')
    return { problem: status.problem, ...(status.unknownToResponder ? { answer } : {}) };
  return { answer, until: status.validUntil ?? Number.NEGATIVE_INFINITY };
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

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'the exchange failed';
  // One sentence for both: a time-out alone would tell a filtered port from a closed one.
  if (error.name === 'TimeoutError' || isUnreachable(error)) return `it took too long, or ${unreachableSentence}`;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}
