import type { DecisionRecord, RequestContract, RequestOf, ResponseOf, TokenKeyRecord } from '@sluice/contracts';
import { readFlowDefinition } from '@sluice/flow-engine';
import { Metrics, SentChains } from '@sluice/service-shell';
import { randomUUID } from 'node:crypto';
import { request as httpsRequest, Agent, type Server } from 'node:https';
import type { ClientRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DecideCall, type Refusal } from '../../decisions/decide-call.js';
import { PermitCache } from '../../decisions/permit-cache.js';
import { RefusalCache } from '../../decisions/refusal-cache.js';
import { BodyBudget } from '../../fair-shares/body-budget.js';
import { BodyMemory } from '../../fair-shares/body-memory.js';
import type { SenderLimits } from '../../fair-shares/sender-limits.js';
import { DeployedFlows } from '../../flows/deployed-flows.js';
import { ConnectionPools } from '../../adapters/connection-pools.js';
import { ProcessDirectAddresses } from '../../adapters/process-direct-addresses.js';
import { loopbackDestinations } from '../../adapters/testing/loopback-destinations.js';
import { UndiciHttpPort } from '../../adapters/http-port.undici.js';
import { RecordDecision } from '../../decisions/record-decision.js';
import { LogRoom } from '../../messages/log-room.js';
import { RecordMessage } from '../../messages/record-message.js';
import { ReportUsage } from '../../decisions/report-usage.js';
import { testWorkers } from '../../workers/testing/programs.js';
import type { Requester } from '../../decisions/ask-again.js';
import { KeySet } from '../../oauth/key-set.js';
import { OAuthEndPoints } from '../../oauth/oauth-end-points.js';
import { ServeClients } from '../../oauth/serve-clients.js';
import { RunRequest } from '../run-request.js';
import { RuntimeMetrics } from '../runtime-metrics.js';
import { CsrfTokens } from '../csrf-tokens.js';
import { HandleRequest } from '../handle-request.js';
import type { UnreadableRequest } from '../../listeners/note-unreadable.js';
import { PublicListener, type RequestHandler } from '../../listeners/public-listener.js';

/** A certificate with its chain and key, PEM. */
interface Certificate {
  readonly sha256: string;
  readonly chainPem: string;
  readonly key: { readonly pem: string };
}

export interface ServedFlowOptions {
  /** YAML, whose sender listens on `/o`. */
  readonly flow: string;
  /** Whom the sender trusts. */
  readonly root: { readonly pem: string };
  readonly server: Certificate;
  /** Has a permit for the flow, as `CN=shop`. */
  readonly sender: Certificate;
  /** Another that has one, as `CN=other`. */
  readonly other?: Certificate;
  readonly messageTimeLimitMs?: number;
  /** Of the listener: from the head of a request to the end of its body. */
  readonly requestTimeoutMs?: number;
  /** For all bodies together, in bytes. */
  readonly bodyBytes?: number;
  /** How long a body waits for room. */
  readonly bodyWaitMs?: number;
  readonly limits?: SenderLimits;
  /** Answers what verifier, authorization and key-management are asked; without it nobody is. */
  readonly answer?: (contract: RequestContract, request: unknown) => unknown;
  readonly tokenKeys?: readonly TokenKeyRecord[];
}

/** One pool for all of them: starting processes takes longer than most tests. */
const sharedMemory = new BodyMemory();
const sharedWorkers = testWorkers({ memory: sharedMemory });

/** A flow behind the public listener, with its HTTP receivers: everything between two sockets but the bus and the verifier. */
export class ServedFlow implements AsyncDisposable {
  /** Lines of the message processing log that say what came of a message, parsed. */
  readonly log: (readonly unknown[])[] = [];
  readonly faults: unknown[] = [];
  /** Decision records. */
  readonly recorded: DecisionRecord[] = [];
  /** Requests at the end points of OAuth, each with what came of it. */
  readonly counted: string[] = [];
  readonly decideCall: DecideCall;
  /** Told of requests that were refused before a decision. */
  onUnreadable: (request: UnreadableRequest) => void = () => undefined;
  /** With this the log refuses every entry. */
  logRefusal: Error | undefined;
  readonly flows: DeployedFlows;
  /** Open unless a test says otherwise. */
  readonly room = new LogRoom();
  readonly handler: RequestHandler;
  readonly bodies: BodyBudget;
  readonly state = {
    usable: true,
    position: { epoch: '1', sequence: 0 },
    currentAsOf: Number.MAX_SAFE_INTEGER,
    confirmedAsOf: Number.MAX_SAFE_INTEGER,
  };
  readonly #pools = new ConnectionPools({ destinations: loopbackDestinations });
  readonly #workers = sharedWorkers;
  readonly #listener: PublicListener;
  readonly #agent: Agent;
  readonly #otherAgent: Agent | undefined;
  #port = 0;

  private constructor(options: ServedFlowOptions) {
    const { root, server, sender } = options;
    const now = () => Date.now();
    const onFault = (error: unknown) => void this.faults.push(error);
    const { answer } = options;
    const requests: Requester = {
      call: <C extends RequestContract>(contract: C, request: RequestOf<C>) => {
        if (!answer) return Promise.reject(new Error('Nobody is asked.'));
        try {
          return Promise.resolve(answer(contract, request) as ResponseOf<C>);
        } catch (error) {
          return Promise.reject(error as Error);
        }
      },
    };
    const http = new UndiciHttpPort({
      pools: this.#pools,
      credentials: { get: () => Promise.resolve(undefined) } as never,
      mayCall: () => true,
      maximumResponseBytes: 1_048_576,
      now,
    });
    const ports = { now, newId: () => randomUUID(), http };
    const flows = new DeployedFlows(() => ports, new ProcessDirectAddresses(), this.#workers, onFault);
    this.flows = flows;
    const { definition } = readFlowDefinition({ mediaType: 'application/yaml', content: Buffer.from(options.flow) });
    const record = { v: 1, id: 'f', name: 'f', version: 1, endpoints: [], definition };
    flows.apply('f', record as unknown as Parameters<DeployedFlows['apply']>[1]);
    const endpoint = flows.find('/o');
    if (!endpoint) throw new Error('The flow does not listen on /o.');
    const permits = new PermitCache(10);
    for (const [certificate, subjectdn] of [
      [sender, 'CN=shop'],
      [options.other, 'CN=other'],
    ] as const) {
      if (!certificate) continue;
      permits.store({
        shown: certificate.sha256,
        endpoint,
        caller: { subjectdn, certificateSha256: certificate.sha256 },
        validUntilMs: Number.MAX_SAFE_INTEGER,
        dependencies: [],
      });
    }
    const refusals = new RefusalCache<Refusal>(10, 1_000, now);
    const decideCall = new DecideCall({
      state: this.state,
      permits,
      refusals,
      requests,
      leaseMs: 1_000,
      writersAbsentMs: 60_000,
      maximumQuestions: 10,
      now,
      monotonicNow: () => performance.now(),
    });
    this.decideCall = decideCall;
    const decisions = new RecordDecision(
      {
        publish: (_subject, payload) => void this.recorded.push(JSON.parse(payload) as DecisionRecord),
        flush: () => Promise.resolve(),
      },
      { note: () => undefined },
      0,
      now,
      onFault,
    );
    const publish = (lines: string) => {
      if (this.logRefusal) return Promise.reject(this.logRefusal);
      const parsed = lines.split('\n').map((line) => JSON.parse(line) as unknown[]);
      // On a busy machine a message may take so long that the log says so.
      this.log.push(...parsed.filter((line) => line[3] !== 'PROCESSING'));
      return Promise.resolve();
    };
    const messages = new RecordMessage(publish, 'runtime', now, onFault, this.room);
    this.room.kept(0);
    this.bodies = new BodyBudget(options.bodyBytes ?? 256 * 1_048_576, options.bodyWaitMs ?? 10_000, sharedMemory);
    const metrics = new RuntimeMetrics(new Metrics(), {
      permits,
      refusals,
      decideCall,
      decisions,
      tallies: { dropped: 0 },
      messages,
      room: this.room,
      bodies: this.bodies,
    });
    this.handler = new HandleRequest({
      flows,
      oauth: new OAuthEndPoints({
        clients: new ServeClients(requests, decideCall, () => this.state.position),
        keys: new KeySet(() => (options.tokenKeys ?? []).map((record) => ({ record })), now, onFault),
        decisions,
        knows: (certificateSha256) => decideCall.knows(certificateSha256),
        count: (endPoint, outcome) => void this.counted.push(`${endPoint} ${outcome}`),
        onFault,
        maximumUnderWay: 8,
        formTimeoutMs: 2_000,
      }),
      decideCall,
      decisions,
      run: new RunRequest({
        messages,
        workers: this.#workers,
        eventLoop: { lastFlow: undefined },
        decisions,
        usage: new ReportUsage(requests, now, 60_000, onFault),
        metrics,
        ports,
        messageTimeLimitMs: options.messageTimeLimitMs ?? 60_000,
        onFault,
      }),
      bodies: this.bodies,
      limits: options.limits,
      csrf: new CsrfTokens(Buffer.alloc(32), now),
      unreadable: { note: (request) => this.onUnreadable(request) },
      metrics,
      ports,
      onFault,
    });
    this.#listener = new PublicListener(
      [{ certificateChain: server.chainPem, privateKey: server.key.pem }],
      this.handler,
      {
        handshakeTimeout: 10_000,
        headersTimeout: options.requestTimeoutMs ?? 10_000,
        requestTimeout: options.requestTimeoutMs ?? 60_000,
        keepAliveTimeout: 10_000,
        maxConnections: 100,
        maxConnectionsPerAddress: 100,
      },
      new SentChains(() => 0),
    );
    const agentOf = ({ chainPem, key }: Certificate) =>
      new Agent({ keepAlive: true, ca: root.pem, cert: chainPem, key: key.pem, maxCachedSessions: 0 });
    this.#agent = agentOf(sender);
    this.#otherAgent = options.other && agentOf(options.other);
  }

  get server(): Server {
    return this.#listener.server;
  }

  get port(): number {
    return this.#port;
  }

  static async start(options: ServedFlowOptions): Promise<ServedFlow> {
    const served = new ServedFlow(options);
    const { server } = served.#listener;
    if (!served.flows.find('/o')?.program.here) await served.#workers.start();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    served.#port = (server.address() as AddressInfo).port;
    return served;
  }

  /** What the log says of each message: its status. */
  get statuses(): unknown[] {
    return this.log.map((line) => line[3]);
  }

  /** Begins a request to the flow; whoever asked writes its body. @param who sends it */
  begin(headers: Readonly<Record<string, string | number>> = {}, who: 'sender' | 'other' = 'sender'): ClientRequest {
    const request = httpsRequest({
      agent: who === 'other' ? this.#otherAgent : this.#agent,
      host: 'localhost',
      port: this.#port,
      servername: 'localhost',
      method: 'POST',
      path: '/http/o',
      headers,
    });
    request.flushHeaders();
    return request;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
    this.#otherAgent?.destroy();
    const { server } = this.#listener;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await this.#pools.close();
  }
}
