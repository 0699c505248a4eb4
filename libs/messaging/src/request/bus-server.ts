import { inboxPrefix, publishersOf, toErrorEnvelope, type Reply, type ServiceName } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Catch, type ArgumentsHost, type RpcExceptionFilter } from '@nestjs/common';
import { NatsContext, ServerNats, type MessageHandler } from '@nestjs/microservices';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { lastValueFrom, throwError, type Observable } from 'rxjs';
import {
  actorHeader,
  continueRequest,
  requestIdHeader,
  makersHeader,
  rightsHeader,
  runInRequest,
  traceparentHeader,
  type RequestContext,
} from './request-context.js';

export interface BusServerOptions {
  readonly service: ServiceName;
  readonly connection: NatsConnection;
  /** Awaited before the first request is taken; until then other processes of the queue group get them. */
  readonly opensWhen?: () => Promise<void>;
  /** Requests under way at once; one more is refused as `overloaded` rather than queued. */
  readonly maximumInFlight: number;
  /** Told each step of an answer, in tests of what a crash there leaves behind. */
  readonly onStep?: ((step: 'request-received' | 'reply-sent') => void) | undefined;
  /** Told of errors that are not part of the contract: faults of ours. */
  readonly onFault: (error: unknown, subject: string) => void;
  /** What an error that is not part of the contract is to the asker; undefined: a fault of ours. */
  readonly explain?: (error: unknown) => SluiceError | undefined;
  /** Told of each request that was dropped, because its answer would go where no asker of this subject listens. */
  readonly onStrayRequest?: (subject: string) => void;
  /** Told of each answer: `ok` or the code of the error, and how long it took in milliseconds. */
  readonly onAnswered?: (subject: string, outcome: string, ms: number, context: RequestContext) => void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Whether an answer may go there: the inbox of a service that may ask this. Any other reply subject is where the asker may
 * not publish itself, and would have us do it (ADR 30).
 *
 * @param inboxes of those who may ask, each with the dot at its end
 */
function isInboxOf(inboxes: readonly string[], reply: string | undefined): boolean {
  return reply !== undefined && inboxes.some((inbox) => reply.length > inbox.length && reply.startsWith(inbox));
}

/**
 * Nest's NATS transport on the service's one connection: requests and replies are the contracts' plain JSON, errors the
 * error envelope, the queue group is the service's name, and closing finishes what is under way.
 */
export class BusServer extends ServerNats {
  #inFlight = 0;
  #idle: (() => void) | undefined;
  readonly #taken: Subscription[] = [];

  constructor(private readonly bus: BusServerOptions) {
    super({ queue: bus.service });
  }

  override async createNatsClient(): Promise<NatsConnection> {
    await this.bus.opensWhen?.();
    return this.bus.connection;
  }

  override bindEvents(connection: NatsConnection): void {
    for (const [subject, handler] of this.messageHandlers) {
      // Kept here: Nest's own look-up takes the subject for JSON first, and throws and catches an error for each request.
      const inboxes = publishersOf(subject).map((asker) => `${inboxPrefix(asker)}.`);
      this.#taken.push(
        connection.subscribe(subject, {
          queue: this.bus.service,
          callback: (error, message) => {
            if (error) this.bus.onFault(error, subject);
            // Not carried out either: JetStream's answers and stored messages come without a reply subject, and whoever may
            // have them sent here could so have done what it may not ask for.
            else if (!isInboxOf(inboxes, message.reply)) this.bus.onStrayRequest?.(subject);
            else this.answer(subject, handler, message).catch((fault: unknown) => this.bus.onFault(fault, subject));
          },
        }),
      );
    }
  }

  /** Requests that are being answered now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  private async answer(subject: string, handler: MessageHandler, message: Msg): Promise<void> {
    const header = (name: string) => message.headers?.get(name) || undefined;
    const context = continueRequest({
      requestId: header(requestIdHeader),
      traceparent: header(traceparentHeader),
      actor: header(actorHeader),
      rights: header(rightsHeader),
      makers: header(makersHeader),
      action: subject,
    });
    this.#inFlight++;
    this.bus.onStep?.('request-received');
    const started = performance.now();
    try {
      const reply = await this.reply(subject, handler, message, context);
      try {
        message.respond(encoder.encode(JSON.stringify(reply)));
      } catch (error) {
        runInRequest(context, () => this.bus.onFault(error, subject));
      }
      if (this.bus.onStep) {
        await this.bus.connection.flush();
        this.bus.onStep('reply-sent');
      }
      this.bus.onAnswered?.(subject, 'error' in reply ? reply.error.code : 'ok', performance.now() - started, context);
    } finally {
      this.#inFlight--;
      if (this.#inFlight === 0) this.#idle?.();
    }
  }

  private async reply(subject: string, handler: MessageHandler, message: Msg, context: RequestContext): Promise<Reply> {
    try {
      return { result: (await runInRequest(context, () => this.handle(subject, handler, message))) ?? {} };
    } catch (error) {
      const known = error instanceof SluiceError ? error : this.bus.explain?.(error);
      if (!known) runInRequest(context, () => this.bus.onFault(error, subject));
      return { error: toErrorEnvelope(known ?? error) };
    }
  }

  private async handle(subject: string, handler: MessageHandler, message: Msg): Promise<unknown> {
    if (this.#inFlight > this.bus.maximumInFlight) {
      throw new SluiceError('overloaded', `${this.bus.service} has too much to do: try again, or scale it.`);
    }
    const data: unknown = message.data.length === 0 ? {} : parse(message.data);
    const result: unknown = await handler(data, new NatsContext([subject, message.headers]));
    return lastValueFrom(this.transformToObservable(result), { defaultValue: undefined });
  }

  /** Takes no new request, and waits for those under way. The connection stays: it is the service's. */
  override async close(): Promise<void> {
    await Promise.all(this.#taken.map((subscription) => subscription.drain().catch(() => subscription.unsubscribe())));
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }
}

function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(data));
  } catch (error) {
    throw new SluiceError('invalid-argument', 'The request is not JSON.', undefined, { cause: error });
  }
}

/** Hands errors to the transport as they are: Nest's own filter would replace them by "Internal server error". */
@Catch()
export class PassErrorsOn implements RpcExceptionFilter<unknown> {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}
