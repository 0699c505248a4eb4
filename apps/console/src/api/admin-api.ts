import type { AnswerOf, Called, InputOf, ItemOf } from '@sluice/admin-client';
import type * as contracts from '@sluice/contracts';
import { calls } from 'virtual:calls';
import { isUntouched } from './last-touch.ts';

/** The operations of the admin API by the names of their definitions. */
type Definitions = {
  readonly [
    Name in keyof typeof contracts as (typeof contracts)[Name] extends Called<never> | Called ? Name : never
  ]: (typeof contracts)[Name];
};
export type Operation = keyof Definitions;
export type Input<O extends Operation> = InputOf<Definitions[O]>;
export type Answer<O extends Operation> = AnswerOf<Definitions[O]>;
export type Item<O extends Operation> = ItemOf<Definitions[O]>;

/** Definitions whose operation has another id than their name. */
const idOf: Partial<Record<Operation, string>> = {
  makeAdminToken: 'createAdminToken',
  makeSubscriber: 'createSubscriber',
  putFlow: 'deployFlow',
  checkArtifact: 'checkFlow',
  importPackage: 'importFlows',
  showAudit: 'listAudit',
  showAuditHeads: 'listAuditHeads',
  showAuditChain: 'listAuditChain',
  showStateComparison: 'compareState',
  showVersion: 'getVersion',
};

/** A problem document (RFC 9457), as an error. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    /** 0 when nobody answered. */
    readonly status: number,
    readonly code: string | undefined,
    message: string,
    readonly violations: readonly { readonly field: string; readonly message: string }[] = [],
    readonly problem: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** Called when a call is answered 401: the session has ended. */
let onSignedOut: () => void = () => undefined;
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly ifMatch?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** What is sent in place of JSON. */
  readonly raw?: { readonly content: BodyInit; readonly mediaType?: string };
}

/**
 * Calls the admin API as who is signed in.
 * @throws ApiProblem for an answer that is no success, and when nobody answers
 */
export async function call<O extends Operation>(
  operation: O,
  input: Input<O>,
  options: CallOptions = {},
): Promise<Answer<O>> {
  const { body } = await send(operation, input as Readonly<Record<string, unknown>>, options);
  return body as Answer<O>;
}

/** The same, with the entity tag of what the answer is about. */
export async function callTagged<O extends Operation>(
  operation: O,
  input: Input<O>,
  options: CallOptions = {},
): Promise<{ answer: Answer<O>; etag: string | undefined }> {
  const { body, response } = await send(operation, input as Readonly<Record<string, unknown>>, options);
  return { answer: body as Answer<O>, etag: response.headers.get('etag') ?? undefined };
}

async function send(operation: string, input: Readonly<Record<string, unknown>>, options: CallOptions) {
  const call = calls[idOf[operation as Operation] ?? operation];
  if (!call) throw new Error(`There is no call ${operation}.`);
  const query = new URLSearchParams();
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || call.inPath.includes(name)) continue;
    if (call.inQuery.includes(name)) query.set(name, String(value));
    else rest[name] = value;
  }
  const path = call.path.replace(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(String(input[name])));
  const json = call.member === undefined ? (Object.keys(rest).length > 0 ? rest : undefined) : rest[call.member];
  const content = options.raw?.content ?? (json === undefined ? undefined : JSON.stringify(json));
  const mediaType = options.raw ? options.raw.mediaType : json === undefined ? undefined : 'application/json';
  return request(query.size > 0 ? `${path}?${query.toString()}` : path, {
    method: call.method,
    headers: {
      // What is asked because time has passed, and not because somebody did something, keeps no session going.
      ...(call.method === 'GET' && isUntouched() ? { 'sluice-watching': 'yes' } : {}),
      ...(mediaType === undefined ? {} : { 'content-type': mediaType }),
      ...(options.ifMatch === undefined ? {} : { 'if-match': options.ifMatch }),
      ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
    },
    ...(content === undefined ? {} : { body: content }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

/** A call that is no operation: signing in and out. */
export async function request(target: string, init: RequestInit): Promise<{ response: Response; body: unknown }> {
  let response: Response;
  try {
    response = await fetch(target, { credentials: 'same-origin', redirect: 'error', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiProblem(
      0,
      undefined,
      'The admin API does not answer. Is it running, and can it be reached from here?',
    );
  }
  const text = await response.text();
  const body = parsed(response, text);
  if (response.ok) return { response, body };
  if (response.status === 401) onSignedOut();
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const violations = Array.isArray(problem['violations']) ? (problem['violations'] as ApiProblem['violations']) : [];
  throw new ApiProblem(
    response.status,
    typeof problem['code'] === 'string' ? problem['code'] : undefined,
    typeof problem['detail'] === 'string' ? problem['detail'] : `The admin API answered ${response.status}.`,
    violations,
    problem,
  );
}

function parsed(response: Response, text: string): unknown {
  if (text === '' || !/\bjson\b/.test(response.headers.get('content-type') ?? '')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
