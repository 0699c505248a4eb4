import {
  errorEnvelope,
  fromErrorEnvelope,
  type RequestContract,
  type RequestOf,
  type ResponseOf,
} from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { headers, NoRespondersError, RequestError, TimeoutError, type NatsConnection } from '@nats-io/transport-node';
import {
  actorHeader,
  currentRequest,
  makersHeader,
  requestIdHeader,
  rightsHeader,
  traceparentHeader,
  writeMakers,
} from './request-context.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Asks other services. The only way a service of ours calls another. */
export class RequestClient {
  /** @param onCalled told of each call: its subject, `ok` or the code of the error, and how long it took in milliseconds */
  constructor(
    private readonly connection: NatsConnection,
    private readonly onCalled: (subject: string, outcome: string, ms: number) => void = () => undefined,
  ) {}

  /**
   * @returns the decoded result
   * @throws SluiceError as the service answered it; `unavailable` when nobody listens or the bus is away,
   * `deadline-exceeded` when no answer came in time (it may have been carried out all the same)
   */
  async call<C extends RequestContract>(
    contract: C,
    request: RequestOf<C>,
    timeoutMs = contract.timeoutMs,
  ): Promise<ResponseOf<C>> {
    const started = performance.now();
    let outcome = 'internal';
    try {
      const response = await this.#ask(contract, request, timeoutMs);
      outcome = 'ok';
      return response;
    } catch (error) {
      if (error instanceof SluiceError) outcome = error.code;
      throw error;
    } finally {
      this.onCalled(contract.subject, outcome, performance.now() - started);
    }
  }

  async #ask<C extends RequestContract>(contract: C, request: RequestOf<C>, timeoutMs: number): Promise<ResponseOf<C>> {
    const context = currentRequest();
    const header = headers();
    if (context) {
      header.set(requestIdHeader, context.requestId);
      header.set(traceparentHeader, context.traceparent);
      if (context.actor) header.set(actorHeader, context.actor);
      if (context.rights?.length) header.set(rightsHeader, context.rights.join(','));
      const makers = writeMakers(context.makers);
      if (makers !== undefined) header.set(makersHeader, makers);
    }
    let data: Uint8Array;
    try {
      const reply = await this.connection.request(contract.subject, encoder.encode(JSON.stringify(request)), {
        timeout: timeoutMs,
        headers: header,
      });
      data = reply.data;
    } catch (error) {
      throw asUnavailable(error, contract, timeoutMs);
    }
    return decode(contract, data);
  }
}

function decode<C extends RequestContract>(contract: C, data: Uint8Array): ResponseOf<C> {
  const reply = readReply(contract, data);
  if (reply.error !== undefined) {
    const envelope = errorEnvelope.safeParse(reply.error);
    if (envelope.success) throw fromErrorEnvelope(envelope.data, contract.service);
    throw inUnknownShape(contract, issuesOf(envelope.error));
  }
  const parsed = contract.response.safeParse(reply.result);
  if (parsed.success) return parsed.data as ResponseOf<C>;
  throw inUnknownShape(contract, issuesOf(parsed.error));
}

/** What the answer has of a reply: whoever is connected as that service can have answered anything. */
function readReply(contract: RequestContract, data: Uint8Array): { result?: unknown; error?: unknown } {
  try {
    return (JSON.parse(decoder.decode(data)) as { result?: unknown; error?: unknown } | null) ?? {};
  } catch (error) {
    throw inUnknownShape(contract, ['not JSON'], error);
  }
}

function issuesOf({ issues }: { readonly issues: readonly { path: PropertyKey[]; message: string }[] }): string[] {
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

function inUnknownShape(contract: RequestContract, issues: readonly string[], cause?: unknown): SluiceError {
  return new SluiceError(
    'internal',
    `${contract.service} answered ${contract.subject} in a shape this version does not know.`,
    { issues },
    { cause },
  );
}

function asUnavailable(error: unknown, contract: RequestContract, timeoutMs: number): SluiceError {
  if (error instanceof TimeoutError || (error instanceof RequestError && error.cause instanceof TimeoutError)) {
    return new SluiceError(
      'deadline-exceeded',
      `${contract.service} did not answer within ${timeoutMs} ms.`,
      undefined,
      { cause: error },
    );
  }
  const nobody = error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
  const why = nobody ? `no ${contract.service} is connected to the bus` : 'the bus cannot be reached';
  return new SluiceError('unavailable', `The request cannot be answered now: ${why}.`, undefined, { cause: error });
}
