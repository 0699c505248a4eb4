import { stateKey, type FlowRecord } from '@sluice/contracts';
import { admittedBy, FlowRoutes, type SenderAuthentication } from '@sluice/domain';
import {
  streamingSendersOf,
  type FlowDefinition,
  type FlowPorts,
  type HttpSender,
  type TimerSender,
} from '@sluice/flow-engine';
import type { PortsOfFlow } from '../adapters/ports-of-flow.js';
import type { ProcessDirectAddresses } from '../adapters/process-direct-addresses.js';
import type { ProcessDirectTarget } from '../adapters/process-direct-port.in-process.js';
import type { StartedFlow } from '../messages/run-message.js';
import { programOf, type FlowProgram } from '../workers/flow-program.js';
import type { FlowWorkers } from '../workers/flow-workers.js';
import { FlowGate } from './flow-gate.js';
import { httpSendersOf } from './flow.record.js';

/** A sender channel of a started flow: what a request is routed to. */
export interface Endpoint {
  readonly flowId: string;
  readonly endpointId: string;
  readonly program: FlowProgram;
  readonly definition: FlowDefinition;
  readonly ports: FlowPorts;
  readonly sender: HttpSender;
  /** By what callers may show who they are. */
  readonly admits: ReadonlySet<SenderAuthentication>;
  readonly maximumBodyBytes: number;
  /** Whether large bodies are passed on as they come. */
  readonly streamsBody: boolean;
  /** Shared by the channels of this version of the flow. */
  readonly gate: FlowGate;
  /** Whether a sender may say which messages its own belongs to: only when the channel names the header, not by a pattern. */
  readonly acceptsCorrelationId: boolean;
}

export interface FlowState {
  readonly version: number;
  readonly error?: string;
}

/** `SAP_MplCorrelationId`, as Node spells the headers of a request. */
export const correlationIdHeader = 'sap_mplcorrelationid';

interface Deployed extends FlowState {
  readonly endpoints: readonly Endpoint[];
  /** Absent when it could not be started. */
  readonly started?: StartedFlow;
}

/** A timer of a started flow. */
export interface DeployedTimer {
  readonly started: StartedFlow;
  readonly version: number;
  readonly sender: TimerSender;
}

/** The flows this runtime has started, from the records of the state stream. A new version replaces the old in one step. */
export class DeployedFlows {
  #routes = new FlowRoutes<Endpoint>();
  readonly #flows = new Map<string, Deployed>();
  /** Called when a flow turned out later not to start. */
  onStateChanged: () => void = () => undefined;

  constructor(
    private readonly portsOf: PortsOfFlow,
    private readonly processDirect: ProcessDirectAddresses,
    private readonly workers: Pick<FlowWorkers, 'forget' | 'prepare'>,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** Another object whenever what {@link find} answers may be another. */
  get routes(): object {
    return this.#routes;
  }

  /** @param path canonical, below `/http` */
  find(path: string): Endpoint | undefined {
    return this.#routes.find(path);
  }

  *timers(): Iterable<DeployedTimer> {
    for (const { started, version } of this.#flows.values())
      for (const sender of started?.definition.senders ?? [])
        if (started && sender.adapter === 'Timer') yield { started, version, sender };
  }

  versionOf(id: string): number | undefined {
    return this.#flows.get(id)?.version;
  }

  /** The version that is here, and why it is not started when it is not. */
  stateOf(id: string): FlowState | undefined {
    return this.#flows.get(id);
  }

  states(): Iterable<[string, FlowState]> {
    return this.#flows;
  }

  /** Takes a record as the follower has it: absent means undeployed. */
  apply(id: string, record: FlowRecord | undefined): void {
    const present = this.#flows.get(id);
    if (record && present && present.version >= record.version) return;
    this.#forget(present);
    if (record) this.#flows.set(id, this.#start(record));
    else this.#flows.delete(id);
    this.#reroute();
  }

  /** Begins anew with exactly these records. */
  replaceAll(records: Iterable<FlowRecord>): void {
    const kept = new Set<string>();
    for (const record of records) {
      kept.add(record.id);
      const present = this.#flows.get(record.id);
      if (present?.version === record.version) continue;
      this.#forget(present);
      this.#flows.set(record.id, this.#start(record));
    }
    for (const [id, flow] of this.#flows)
      if (!kept.has(id)) {
        this.#forget(flow);
        this.#flows.delete(id);
      }
    this.#reroute();
  }

  /** A flow that is compiled in workers is started at once, and is not any more when it shows that it cannot be. */
  async #prepare({ id, version }: FlowRecord, { elsewhere }: FlowProgram): Promise<void> {
    if (this.#flows.get(id)?.version !== version) return;
    const error = await this.workers.prepare(elsewhere);
    if (error === undefined || this.#flows.get(id)?.version !== version) return;
    this.onFault(new Error(error), `starting the flow ${stateKey.flow(id)}`);
    this.#flows.set(id, { version, endpoints: [], error });
    this.#reroute();
    this.onStateChanged();
  }

  #forget(flow: Deployed | undefined): void {
    if (flow?.started) this.workers.forget(flow.started.program.elsewhere.name);
  }

  #start(record: FlowRecord): Deployed {
    try {
      const definition = record.definition as unknown as FlowDefinition;
      const program = programOf(definition, `${record.id}@${record.version}`);
      const streaming = streamingSendersOf(definition);
      const gate = gateOf(definition);
      // In another turn of the event loop than the one that parsed the record.
      if (!program.here) setImmediate(() => void this.#prepare(record, program));
      const ports = this.portsOf(record.id);
      return {
        version: record.version,
        started: { flowId: record.id, program, definition, ports },
        endpoints: httpSendersOf(definition).map((sender) => ({
          flowId: record.id,
          endpointId: sender.id,
          program,
          definition,
          ports,
          sender,
          gate,
          admits: new Set(admittedBy(sender)),
          maximumBodyBytes: sender.maximumBodySizeMb * 1_048_576,
          streamsBody: streaming.has(sender.id),
          acceptsCorrelationId: sender.allowedHeaders.some((name) => name.toLowerCase() === correlationIdHeader),
        })),
      };
    } catch (error) {
      this.onFault(error, `starting the flow ${stateKey.flow(record.id)}`);
      return {
        version: record.version,
        endpoints: [],
        error: error instanceof Error ? error.message : 'It could not be compiled.',
      };
    }
  }

  #reroute(): void {
    const routes = new FlowRoutes<Endpoint>();
    for (const { endpoints } of this.#flows.values()) {
      for (const endpoint of endpoints) routes.add(endpoint.sender.address, endpoint);
    }
    this.#routes = routes;
    const processDirect = new Map<string, ProcessDirectTarget>();
    for (const { started } of this.#flows.values())
      for (const { adapter, id, ...sender } of started?.definition.senders ?? [])
        if (started && adapter === 'ProcessDirect' && 'address' in sender)
          processDirect.set(sender.address, { started, channel: id });
    this.processDirect.replaceAll(processDirect);
  }
}

const defaultConcurrency = 256;
const defaultQueued = 1_024;

/** The strictest of what the channels say: they share the flow. */
function gateOf(definition: FlowDefinition): FlowGate {
  const senders = httpSendersOf(definition);
  const least = (values: readonly (number | undefined)[], otherwise: number) =>
    values.reduce<number | undefined>(
      (least, value) => (value === undefined ? least : Math.min(value, least ?? value)),
      undefined,
    ) ?? otherwise;
  return new FlowGate(
    least(
      senders.map(({ maximumConcurrency }) => maximumConcurrency),
      defaultConcurrency,
    ),
    least(
      senders.map(({ maximumQueued }) => maximumQueued),
      defaultQueued,
    ),
  );
}
