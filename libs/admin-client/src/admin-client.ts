import type { HttpOperation, Operation } from '@sluice/contracts';
import { createSecureContext } from 'node:tls';
import { Agent, fetch, type Response } from 'undici';
import { AdminApiError, type Problem } from './admin-api-error.js';
import { headersOf, requestOf, type CallHeaders } from './request-of.js';

/** An operation of the admin API: as it is defined, or as the request of the bus that it is. */
export type Called<Input = unknown, Answer = unknown> =
  Operation<Input, Answer> | { readonly http: Operation<Input, Answer> };
/** What a caller gives: the parameters of path and query, and the members of the body, in one object. */
export type InputOf<O> = O extends Called<infer Input, unknown> ? Input : never;
/** What a caller gets: the parsed body. */
export type AnswerOf<O> = O extends Called<never, infer Answer> | Called<unknown, infer Answer> ? Answer : never;
/** What a list has on its pages. */
export type ItemOf<O> = AnswerOf<O> extends { items: readonly (infer Item)[] } ? Item : never;

export interface AdminClientOptions {
  /** Up to the paths of the API: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Without one the certificate says who calls. */
  readonly token?: string | undefined;
  readonly tls?: ClientTls | undefined;
  /** A call that has no whole answer after this is given up, in milliseconds. */
  readonly timeoutMs?: number;
}

/** How the admin API and its caller show who they are, in PEM. */
export interface ClientTls {
  /** CAs whose certificates the admin API may show; absent: the public ones that Node ships. */
  readonly ca?: string | undefined;
  /** The caller's certificate with its chain, and its key. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** What is sent in place of JSON. */
export interface RawBody {
  readonly content: string | Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
}

interface Sent {
  readonly raw?: RawBody | undefined;
  readonly headers?: CallHeaders | undefined;
}

/** Longer than any call takes. */
const defaultTimeoutMs = 70_000;
const itemsPerPage = 1_000;

/** Calls the admin API, by the definitions of its operations. */
export class AdminClient {
  readonly #url: string;
  readonly #agent: Agent | undefined;

  /** @throws Error when the certificate or the key is none */
  constructor(private readonly options: AdminClientOptions) {
    this.#url = options.url.replace(/\/+$/, '');
    if (!options.tls) return;
    const { ca, certificate: cert, key } = options.tls;
    // What is wrong with them would be told as if nobody answered.
    createSecureContext({ ca, cert, key });
    this.#agent = new Agent({ connect: { ca, cert, key } });
  }

  /**
   * @returns the parsed body of a success; undefined when there is none
   * @throws AdminApiError for an answer that is no success; Error when there is no answer, or none of the admin API
   */
  async call<O extends Called<never> | Called>(
    operation: O,
    input: InputOf<O>,
    headers?: CallHeaders,
  ): Promise<AnswerOf<O>> {
    return (await this.callTagged(operation, input, headers)).answer;
  }

  /**
   * The same, with the entity tag of what the answer is about: it goes into `ifMatch` of a change.
   * @returns `etag` in its quotes; undefined when the answer has none
   */
  async callTagged<O extends Called<never> | Called>(
    operation: O,
    input: InputOf<O>,
    headers?: CallHeaders,
  ): Promise<{ answer: AnswerOf<O>; etag: string | undefined }> {
    const { answer, etag } = await this.#json(httpOf(operation), input, { headers });
    return { answer: answer as AnswerOf<O>, etag };
  }

  /** The same, with a body that is no JSON. */
  async send<O extends Called<never> | Called>(
    operation: O,
    input: InputOf<O>,
    raw: RawBody,
    headers?: CallHeaders,
  ): Promise<AnswerOf<O>> {
    return (await this.#json(httpOf(operation), input, { raw, headers })).answer as AnswerOf<O>;
  }

  /** The octets of an answer that is no JSON. @throws as `call` */
  async download<O extends Called<never> | Called>(operation: O, input: InputOf<O>): Promise<Uint8Array> {
    return (await this.#fetch(httpOf(operation), input)).bytes;
  }

  /** Every item of a list, page by page. @throws as `call` */
  async *list<O extends Called<never> | Called>(
    operation: O,
    input: Omit<InputOf<O>, 'limit' | 'after'>,
  ): AsyncGenerator<ItemOf<O>, void, undefined> {
    const seen = new Set<string>();
    for (let after: string | undefined; ;) {
      const page = { ...input, limit: itemsPerPage, ...(after === undefined ? {} : { after }) };
      const { items, next } = (await this.#json(httpOf(operation), page)).answer as { items: unknown; next?: unknown };
      if (!Array.isArray(items)) throw new Error('The admin API answered something else than a list.');
      yield* items as ItemOf<O>[];
      if (next === undefined) return;
      if (typeof next !== 'string' || seen.has(next)) throw new Error('The admin API gave a list that has no end.');
      seen.add(next);
      after = next;
    }
  }

  async #json(
    operation: HttpOperation,
    input: unknown,
    sent?: Sent,
  ): Promise<{ answer: unknown; etag: string | undefined }> {
    const { response, bytes } = await this.#fetch(operation, input, sent);
    const etag = response.headers.get('etag') ?? undefined;
    if (bytes.length === 0 && (response.status === 204 || !operation.answer.schema)) return { answer: undefined, etag };
    const parsed = parsedJson(response, bytes);
    if (typeof parsed === 'object' && parsed !== null) return { answer: parsed, etag };
    const type = response.headers.get('content-type') ?? 'nothing';
    throw new Error(`What answers at ${this.#url} is not the admin API: it answered ${response.status} with ${type}.`);
  }

  /** @throws AdminApiError for an answer that is no success */
  async #fetch(
    operation: HttpOperation,
    input: unknown,
    { raw, headers = {} }: Sent = {},
  ): Promise<{ response: Response; bytes: Uint8Array<ArrayBuffer> }> {
    const { token, timeoutMs = defaultTimeoutMs } = this.options;
    const { target, body } = requestOf(operation, input as Readonly<Record<string, unknown>>);
    const sent = raw ?? (body === undefined ? undefined : { content: body, mediaType: 'application/json' });
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(`${this.#url}${target}`, {
        method: operation.method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headersOf(headers),
          ...(sent ? { 'content-type': sent.mediaType } : {}),
        },
        ...(sent ? { body: sent.content } : {}),
        // Wherever it leads, the token is not for there.
        redirect: 'manual',
        signal,
        ...(this.#agent ? { dispatcher: this.#agent } : {}),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.ok) return { response, bytes };
      throw new AdminApiError(response.status, problemOf(response, bytes), retryAfterOf(response));
    } catch (error) {
      if (error instanceof AdminApiError) throw error;
      const what = `${operation.method} ${target.split('?')[0]}`;
      if (signal.aborted)
        throw new Error(`${this.#url} gave no answer to ${what} within ${timeoutMs} ms.`, { cause: error });
      throw new Error(sentenceOf(error, this.#url), { cause: error });
    }
  }
}

/** Codes of OpenSSL and Node for a certificate that is not trusted here, or not for this name. */
const untrusted =
  /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_(CA|PURPOSE)$|HOSTNAME_MISMATCH$|ERR_TLS_CERT_ALTNAME_INVALID$)/;

function sentenceOf(error: unknown, url: string): string {
  const { code = '', message = '' } = ((error as Error).cause ?? {}) as { code?: string; message?: string };
  if (untrusted.test(code))
    return `The certificate of ${url} is not trusted here (${code}): name the file of its CA, and call it by a name that is in the certificate.`;
  if (code.startsWith('ERR_SSL_')) return `No TLS can be had with ${url}: ${message}.`;
  return `Nobody answers at ${url}: is the stack running?`;
}

function httpOf(operation: Called<never> | Called): HttpOperation {
  return 'http' in operation ? operation.http : operation;
}

function problemOf(response: Response, bytes: Uint8Array<ArrayBuffer>): Problem {
  if (response.status >= 300 && response.status < 400)
    return {
      detail: `The admin API answered ${response.status}: redirects are not followed, name the address itself.`,
    };
  const parsed = parsedJson(response, bytes);
  return typeof parsed === 'object' && parsed !== null ? (parsed as Problem) : {};
}

function retryAfterOf(response: Response): number | undefined {
  const seconds = response.headers.get('retry-after');
  return seconds !== null && /^\d{1,9}$/.test(seconds) ? Number(seconds) : undefined;
}

/** Undefined when it is none. */
function parsedJson(response: Response, bytes: Uint8Array<ArrayBuffer>): unknown {
  if (!/\bjson\b/.test(response.headers.get('content-type') ?? '')) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
