import { networkOf } from '@sluice/domain';
import { judgeFormHead, readForm, statusOf, type OAuthError } from '@sluice/oauth';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallerCertificate } from '../decisions/caller.js';
import type { RecordDecision } from '../decisions/record-decision.js';
import { SharedRoom } from '../fair-shares/shared-room.js';
import { readBody } from '../front-door/read-body.js';
import { respondWithProblem } from '../listeners/problem-response.js';
import type { KeySet } from './key-set.js';
import { metadataOf, oauthPaths } from './metadata.js';
import { respondWithError, respondWithJson } from './oauth-answer.js';
import type { Granted, ServeClients } from './serve-clients.js';

export interface OAuthExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Canonical. */
  readonly path: string;
  readonly certificate: CallerCertificate | undefined;
  /** Where it came from. */
  readonly address: string;
}

export interface OAuthParts {
  readonly clients: Pick<ServeClients, 'execute'>;
  readonly keys: KeySet;
  readonly decisions: Pick<RecordDecision, 'record'>;
  /** Whether a certificate, by its SHA-256, let somebody in before. */
  readonly knows: (certificateSha256: string) => boolean;
  /** @param outcome `granted`, or the code of the error */
  readonly count: (endPoint: OAuthEndPoint, outcome: string) => void;
  readonly onFault: (error: unknown, what: string) => void;
  /** Of forms that are read and answered at once; each sender has its share of them. */
  readonly maximumUnderWay?: number;
  /** From the head of a request to the end of its form, in milliseconds. */
  readonly formTimeoutMs?: number;
}

export type OAuthEndPoint = 'token' | 'introspection' | 'revocation';

const endPoints: ReadonlyMap<string, OAuthEndPoint> = new Map([
  [oauthPaths.token, 'token'],
  [oauthPaths.introspection, 'introspection'],
  [oauthPaths.revocation, 'revocation'],
]);

const maxFormBytes = 16 * 1024;
const defaultUnderWay = 64;
const defaultFormTimeoutMs = 10_000;
/** Seconds that others may keep what is published of keys: new ones are published ahead for much longer. */
const keptFor = 'public, max-age=60';
/** A form is read without room of the bodies' budget: it is smaller than what a body may have unasked. */
const noLease = {
  lease: () => {
    throw new Error('A form needs no room.');
  },
};

/** The end points of OAuth on the flow port (ADR 52): what clients post, and what is published of the keys. */
export class OAuthEndPoints {
  readonly #room: SharedRoom;

  constructor(private readonly parts: OAuthParts) {
    this.#room = new SharedRoom(parts.maximumUnderWay ?? defaultUnderWay, 0);
  }

  takes(path: string): boolean {
    return endPoints.has(path) || path === oauthPaths.jwks || path === oauthPaths.metadata;
  }

  handle(exchange: OAuthExchange): void {
    const endPoint = endPoints.get(exchange.path);
    if (endPoint === undefined) return this.#publish(exchange);
    this.#serve(exchange, endPoint).catch((error: unknown) => {
      this.parts.onFault(error, `answering at ${exchange.path}`);
      respondWithProblem(exchange.response, 500);
    });
  }

  #publish({ request, response, path }: OAuthExchange): void {
    const { keys } = this.parts;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return respondWithProblem(response, 405);
    }
    const { issuer } = keys;
    const value = path === oauthPaths.jwks ? keys.jwks : issuer === undefined ? undefined : metadataOf(issuer);
    if (value === undefined)
      return respondWithProblem(response, 503, { detail: 'There is no key that signs access tokens yet.' });
    respondWithJson(response, 200, value, keptFor);
  }

  /** A stranger has as many certificates as it likes, and is one by its address all the same. */
  #ownerOf({ certificate, address }: OAuthExchange): string {
    return certificate && this.parts.knows(certificate.sha256) ? certificate.sha256 : networkOf(address);
  }

  async #serve(exchange: OAuthExchange, endPoint: OAuthEndPoint): Promise<void> {
    const { response } = exchange;
    const owner = this.#ownerOf(exchange);
    const answer = this.#room.take(owner)
      ? await this.#answer(exchange).finally(() => this.#room.leave(owner))
      : tooMany;
    // The sender is gone.
    if (answer === undefined) return;
    this.parts.count(endPoint, 'error' in answer ? answer.error : 'granted');
    if ('error' in answer) respondWithError(response, answer, this.#record(exchange, answer));
    else respondWithJson(response, 200, answer.value);
  }

  async #answer({ request, path, certificate, address }: OAuthExchange): Promise<Granted | OAuthError | undefined> {
    const wrong = judgeFormHead(request);
    if (wrong) return wrong;
    const body = await this.#read(request);
    if (!(body instanceof Uint8Array)) return body;
    const form = readForm(body);
    if ('error' in form) return form;
    const { authorization } = request.headers;
    return this.parts.clients.execute({ path, authorization, form, certificate, address });
  }

  /** @returns undefined when the sender went away */
  async #read(request: IncomingMessage): Promise<Uint8Array | OAuthError | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<OAuthError>((resolve) => {
      timer = setTimeout(() => resolve(tooLate), this.parts.formTimeoutMs ?? defaultFormTimeoutMs);
    });
    const read = readBody(request, maxFormBytes, noLease).catch(() => undefined);
    try {
      const body = await Promise.race([read, late]);
      return typeof body === 'string' ? tooLarge : body;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Why, and never by which secret. */
  #record({ path, certificate }: OAuthExchange, error: OAuthError): string {
    const status = statusOf(error);
    return this.parts.decisions.record({
      outcome: error.error === 'temporarily_unavailable' ? 'undecided' : 'denied',
      status,
      reason: error.error,
      path,
      ...(certificate ? { certificateSha256: certificate.sha256 } : {}),
      evidence: { checks: [{ check: 'client', ok: false, explanation: error.found ?? error.description }] },
    });
  }
}

const tooMany: OAuthError = {
  error: 'temporarily_unavailable',
  description: 'Too many requests like this are under way: try again.',
};
const tooLate: OAuthError = {
  error: 'invalid_request',
  status: 408,
  description: 'The body did not come to its end in time.',
};
const tooLarge: OAuthError = {
  error: 'invalid_request',
  status: 413,
  description: `The body is larger than the ${maxFormBytes / 1024} KB that a form has here.`,
};
