import {
  compileFlow,
  FlowProcessingError,
  type Message,
  readSenderRequest,
  runFlow,
  writeSenderReply,
  type CompiledFlow,
  type FlowDefinition,
  type FlowOutcome,
  type FlowPorts,
  type HttpSender,
  type SenderRequest,
  type StreamedBody,
} from '@sluice/flow-engine';
import { createHash, randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { QuickJsScripts } from '../adapters/script-port.quickjs.js';
import { examineArtifact } from '../flows/examine-artifact.js';
import { detailOf, writeDetail } from '../messages/write-line.js';
import { portsThatAsk, type Ask, type Crossing } from './effects.js';
import { readFrames, writeFrame, type Frame } from './frames.js';
import { unpackError, unpackMessage, packError, packMessage } from './pack-message.js';
import type {
  Effect,
  FromWorker,
  ToWorker,
  PackedInput,
  PackedLog,
  PackedOutcome,
  PackedRun,
} from './worker-frames.js';

/** Characters that may be told of an artifact. */
const maxTold = 1_000_000;

interface Flow {
  readonly definition: FlowDefinition;
  readonly compiled: CompiledFlow;
}

interface Run {
  /** Calls without an answer. */
  readonly asked: Map<number, { resolve: (answer: Crossing) => void; reject: (error: Error) => void }>;
  calls: number;
  /** The last one it was given. */
  turn: number;
  /** The one it has said to be over. */
  over: number;
  /** What goes on in this process though nothing was asked: a script in its thread. */
  busyHere: number;
}

/**
 * The worker's side: runs messages through flows, one at a time between two waits. The runtime alone decides whose turn it is, so it
 * knows at every moment which message uses the time and the memory of this process.
 */
export class RunInWorker {
  readonly #flows = new Map<string, Flow | string>();
  readonly #runs = new Map<number, Run>();

  constructor(
    private readonly stream: Duplex,
    private readonly scripts: Pick<QuickJsScripts, 'check' | 'run'>,
  ) {}

  start(): void {
    readFrames<ToWorker>(this.stream, (frame) => this.#take(frame));
    this.#tell({ type: 'ready' });
  }

  #tell(head: FromWorker, parts?: readonly Uint8Array[]): void {
    writeFrame(this.stream, head, parts);
  }

  #take({ head, parts }: Frame<ToWorker>): void {
    switch (head.type) {
      case 'flow':
        return this.#compile(head.flow, parts[0] ?? new Uint8Array());
      case 'forget':
        this.#flows.delete(head.flow);
        return;
      case 'run':
        return this.#begin(head.run, head.turn, head.what, parts);
      case 'answers': {
        const run = this.#runs.get(head.run);
        if (!run) return;
        run.turn = head.turn;
        let at = 0;
        for (const { call, value, error, parts: count } of head.answers) {
          const asked = run.asked.get(call);
          run.asked.delete(call);
          if (error) asked?.reject(unpackError(error));
          else asked?.resolve({ value, parts: parts.slice(at, at + count) });
          at += count;
        }
        this.#afterwards(head.run, run);
      }
    }
  }

  #compile(name: string, bytes: Uint8Array): void {
    try {
      const definition = JSON.parse(Buffer.from(bytes).toString()) as FlowDefinition;
      this.#flows.set(name, { definition, compiled: compileFlow(definition) });
    } catch (error) {
      this.#flows.set(name, error instanceof Error ? error.message : 'It could not be compiled.');
    }
  }

  #begin(id: number, turn: number, what: PackedRun, parts: readonly Uint8Array[]): void {
    const run: Run = { asked: new Map(), calls: 0, turn, over: 0, busyHere: 0 };
    this.#runs.set(id, run);
    void this.#execute(id, run, what, parts).then(
      ({ outcome, parts: given }) => this.#end(id, outcome, given),
      (error: unknown) => this.#end(id, { kind: 'failed', error: packError(error) }, []),
    );
    this.#afterwards(id, run);
  }

  #end(id: number, what: PackedOutcome, parts: readonly Uint8Array[]): void {
    this.#runs.delete(id);
    try {
      this.#tell({ type: 'done', run: id, what }, parts);
    } catch (error) {
      // Larger than a frame may be.
      const failure = new FlowProcessingError('limit-exceeded', (error as Error).message);
      this.#tell({ type: 'done', run: id, what: { kind: 'failed', error: packError(failure) } });
    }
  }

  /** Says that the run waits, once all that follows from what it was given is done. */
  #afterwards(id: number, run: Run): void {
    setImmediate(() => {
      const { asked, busyHere, over, turn } = run;
      if (busyHere > 0 || asked.size === 0 || over === turn || !this.#runs.has(id)) return;
      run.over = turn;
      this.#tell({ type: 'waits', run: id, turn });
    });
  }

  async #execute(
    id: number,
    run: Run,
    what: PackedRun,
    parts: readonly Uint8Array[],
  ): Promise<{ outcome: PackedOutcome; parts: readonly Uint8Array[] }> {
    if (what.input.kind === 'artifact') return this.#examine(run, id, what.input, parts[0] ?? new Uint8Array());
    const flow = this.#flows.get(what.flow);
    if (flow === undefined || typeof flow === 'string') {
      const error = packError(new FlowProcessingError('internal', flow ?? 'The flow is not here.'));
      return { outcome: { kind: 'not-compiled', error }, parts: [] };
    }
    if (what.input.kind === 'none') return { outcome: { kind: 'none' } as const, parts: [] };
    const channel = flow.definition.senders.find(({ id: sender }) => sender === what.channel) as HttpSender;
    const { input } = what;
    const request: SenderRequest | undefined =
      input.kind === 'request' ? { ...input.request, body: parts[0] ?? new Uint8Array() } : undefined;
    let message: Message;
    try {
      message = messageOf(input, channel, request, parts);
    } catch (error) {
      if (!(error instanceof FlowProcessingError)) throw error;
      return { outcome: { kind: 'unreadable', error: packError(error) } as const, parts: [] };
    }
    const outcome = await runFlow(flow.compiled, message, this.#portsOf(id, run), {
      sender: what.channel,
      messageId: what.messageId,
      callDepth: what.callDepth,
      deadline: what.deadline,
      owner: what.owner,
      ...(what.correlationId === undefined ? {} : { correlationId: what.correlationId }),
    });
    const detail = detailOf(outcome, what.payloads);
    const logged = loggedOf(outcome, detail?.payloadsDropped === true);
    const detailPart = Buffer.from(detail === undefined ? '' : writeDetail(detail));
    const given: Uint8Array[] = [];
    if (request === undefined)
      return {
        outcome: { kind: 'message', logged, message: packMessage(outcome.message, given) },
        parts: [detailPart, ...given],
      };
    const { status, headers, body } = writeSenderReply(channel, outcome, request, what.messageId);
    const bodyPart = typeof body === 'string' ? Buffer.from(body) : body;
    return { outcome: { kind: 'reply', logged, reply: { status, headers } }, parts: [detailPart, bodyPart] };
  }

  async #examine(
    run: Run,
    id: number,
    { name, mediaType, ports, capabilities }: Extract<PackedInput, { kind: 'artifact' }>,
    content: Uint8Array,
  ): Promise<{ outcome: PackedOutcome; parts: readonly Uint8Array[] }> {
    const artifact = { mediaType, content, ports };
    const { flows, others } = await examineArtifact(artifact, name, new Set(capabilities), (definition) =>
      this.#here(id, run, () => this.scripts.check(definition)),
    );
    const told = JSON.stringify({ checks: flows.map(({ check }) => check), others });
    if (told.length > maxTold)
      throw new FlowProcessingError('limit-exceeded', `What is to be said of it has ${told.length} characters.`);
    return {
      outcome: { kind: 'examined' },
      parts: [told, ...flows.map(({ definition }) => (definition === null ? '' : JSON.stringify(definition)))].map(
        (text) => Buffer.from(text),
      ),
    };
  }

  /** What goes on here without a call. */
  async #here<T>(id: number, run: Run, work: () => Promise<T>): Promise<T> {
    run.busyHere++;
    try {
      return await work();
    } finally {
      run.busyHere--;
      this.#afterwards(id, run);
    }
  }

  #portsOf(id: number, run: Run): FlowPorts {
    const ask: Ask = (effect, given, parts) =>
      new Promise((resolve, reject) => {
        const fingerprint = fingerprintOf(effect, given, parts);
        const call = run.calls++;
        run.asked.set(call, { resolve, reject });
        try {
          this.#tell({ type: 'call', run: id, call, effect, fingerprint, given }, parts);
        } catch (error) {
          run.asked.delete(call);
          reject(new FlowProcessingError('limit-exceeded', (error as Error).message));
        }
      });
    return {
      now: () => Date.now(),
      newId: () => randomUUID(),
      ...portsThatAsk(ask),
      script: { run: (request) => this.#here(id, run, () => this.scripts.run(request)) },
    };
  }
}

function messageOf(
  input: PackedInput,
  channel: HttpSender,
  request: SenderRequest | undefined,
  parts: readonly Uint8Array[],
): Message {
  if (input.kind === 'message') return unpackMessage(input.message, parts);
  const message = readSenderRequest(channel, request as SenderRequest);
  if (input.kind === 'request' && input.streamed) message.awaitBody(elsewhere);
  return message;
}

/** A body that comes to the runtime and goes on from there: nothing of it is ever here. */
const elsewhere: StreamedBody = {
  length: undefined,
  failure: undefined,
  chunks: () => {
    throw new Error('The body is not in this process.');
  },
  close: () => undefined,
};

/**
 * The same for the same call when a message is run again: of what is asked for and its octets, so that of two calls of one address none gets the other's
 * answer. How much time is left is another each time.
 */
function fingerprintOf(effect: Effect, given: unknown, parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256').update(
    JSON.stringify([effect, given], (name, value: unknown) => (name === 'timeoutMs' ? undefined : value)),
  );
  for (const part of parts) hash.update(`\n${part.length}\n`).update(part);
  return hash.digest('base64');
}

function loggedOf({ status, error, sender }: FlowOutcome, payloadsDropped: boolean): PackedLog {
  return { status, error, sender, payloadsDropped };
}
