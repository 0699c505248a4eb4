import { describe, expect, it } from '@jest/globals';
import { Message, readFlowDefinition, type FlowOutcome, type FlowPorts } from '@sluice/flow-engine';
import type { RunningMessage } from '../messages/record-message.js';
import { RunMessage, type StartedFlow } from '../messages/run-message.js';
import { programHere, testWorkers } from '../workers/testing/programs.js';
import { InProcessProcessDirect, type ProcessDirectTarget } from './process-direct-port.in-process.js';

const limitMs = 60_000;

/** Flows that call each other, as one runtime holds them. */
class World {
  readonly logged: (RunningMessage & { readonly outcome: FlowOutcome })[] = [];
  clock = 1_000;
  readonly #targets = new Map<string, ProcessDirectTarget>();
  #ids = 0;
  readonly #runMessage = new RunMessage(
    {
      accepts: () => true,
      began: () => undefined,
      payloadsFit: true,
      record: (message, _, outcome) => {
        this.logged.push({ ...message, outcome: outcome as FlowOutcome });
        return undefined;
      },
    },
    testWorkers(),
    limitMs,
  );

  deploy(flowId: string, yaml: string): StartedFlow {
    const { definition } = readFlowDefinition({ mediaType: 'application/yaml', content: Buffer.from(yaml) });
    const ports: FlowPorts = {
      now: () => this.clock,
      newId: () => `message-${++this.#ids}`,
      processDirect: new InProcessProcessDirect((address) => this.#targets.get(address), this.#runMessage, flowId),
    };
    const started = { flowId, definition, program: programHere(definition), ports };
    for (const sender of definition.senders)
      if (sender.adapter === 'ProcessDirect') this.#targets.set(sender.address, { started, channel: sender.id });
    return started;
  }

  run(started: StartedFlow, body: string) {
    return this.#runMessage.execute(started, new Message({ headers: [['In', 'sent']], body }), {
      channel: started.definition.senders[0]?.id ?? '',
      sender: 'test',
    });
  }
}

const flow = (address: string, steps: string) =>
  `name: flow ${address}\nsender: {adapter: ProcessDirect, address: ${address}}\nsteps:\n${steps.replace(/^/gm, '  ')}\n`;

describe('ProcessDirect', () => {
  it('runs the other flow with headers and body, not with properties, and takes its answer', async () => {
    const world = new World();
    world.deploy(
      'called',
      flow('/called', '- contentModifier: {headers: {Out: "${header.In}-${property.p}"}, body: "<${body}>"}'),
    );
    const caller = world.deploy(
      'caller',
      flow(
        '/caller',
        '- contentModifier: {properties: {p: secret}}\n- requestReply: {adapter: ProcessDirect, address: /called}',
      ),
    );
    const { message, status } = await world.run(caller, 'b');
    expect([status, message.text(), message.headers.get('Out'), message.properties.get('p')]).toEqual([
      'COMPLETED',
      '<b>',
      'sent-',
      'secret',
    ]);
  });

  it('logs every message under one correlation id, and names the flow that sent it', async () => {
    const world = new World();
    world.deploy('c', flow('/c', '- contentModifier: {body: done}'));
    world.deploy('b', flow('/b', '- requestReply: {adapter: ProcessDirect, address: /c}'));
    const a = world.deploy('a', flow('/a', '- requestReply: {adapter: ProcessDirect, address: /b}'));
    await world.run(a, '');
    const [c, b, first] = world.logged;
    expect(world.logged.map(({ flow: { flowId }, sender }) => [flowId, sender])).toEqual([
      ['c', 'b'],
      ['b', 'a'],
      ['a', 'test'],
    ]);
    expect([c?.correlationId, b?.correlationId, first?.correlationId]).toEqual([first?.id, first?.id, undefined]);
    expect(new Set(world.logged.map(({ id }) => id)).size).toBe(3);
  });

  it('passes a failure on to the caller, whose exception subprocess may handle it', async () => {
    const world = new World();
    world.deploy('called', flow('/called', '- filter: {xpath: "//a"}'));
    const caller = world.deploy(
      'caller',
      `${flow('/caller', '- requestReply: {adapter: ProcessDirect, address: /called}')}onException:
  - contentModifier: {body: "handled: \${exception.message}"}
`,
    );
    const outcome = await world.run(caller, 'no xml');
    expect(outcome.status).toBe('COMPLETED');
    expect(outcome.message.text()).toMatch(/^handled: .*XML/);
    expect(world.logged.map((entry) => entry.outcome.status)).toEqual(['FAILED', 'COMPLETED']);
  });

  it('says so when no flow listens there', async () => {
    const world = new World();
    const caller = world.deploy(
      'caller',
      flow('/caller', '- requestReply: {adapter: ProcessDirect, address: /nobody}'),
    );
    expect((await world.run(caller, '')).error).toMatchObject({
      code: 'process-direct-failed',
      message: expect.stringContaining('/nobody') as unknown as string,
    });
  });

  it('ends a loop of calls, past every exception subprocess on the way', async () => {
    const world = new World();
    const loop = world.deploy(
      'loop',
      `${flow('/loop', '- requestReply: {adapter: ProcessDirect, address: /loop}')}onException:
  - requestReply: {adapter: ProcessDirect, address: /loop}
`,
    );
    const outcome = await world.run(loop, '');
    expect(outcome.error?.code).toBe('limit-exceeded');
    expect(world.logged).toHaveLength(21);
  });

  it('gives the called flow no more time than the caller has', async () => {
    const world = new World();
    const spread = world.deploy(
      'spread',
      flow('/spread', '- requestReply: {adapter: ProcessDirect, address: /slow}\n- contentModifier: {body: late}'),
    );
    const slow = world.deploy('slow', flow('/slow', '- contentModifier: {body: x}\n- contentModifier: {body: y}'));
    const ports = slow.ports as { now: () => number };
    // Each look at the clock costs the called flow half of the caller's time.
    ports.now = () => (world.clock += limitMs / 2);
    expect((await world.run(spread, '')).error?.code).toBe('deadline-exceeded');
  });
});
