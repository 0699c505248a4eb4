import { describe, expect, it } from '@jest/globals';
import { compileFlow } from '../compile/compile-flow.js';
import { Message } from '../message/message.js';
import { readFlowDefinition } from '../reader/read-flow-definition.js';
import { NOW, fixedPorts, flowWith, runNative, utf8 } from '../testing/flow-fixture.js';
import { runFlow } from './run-flow.js';

describe('a run', () => {
  it('answers at once, without a promise, with the body that came when there are no steps', () => {
    const { definition } = readFlowDefinition({
      mediaType: 'application/yaml',
      content: utf8('name: e\nsender: {adapter: HTTPS, address: /e}\nsteps: []\n'),
    });
    const body = utf8('bytes');
    const outcome = runFlow(compileFlow(definition), new Message({ body }), fixedPorts());
    expect(outcome).not.toBeInstanceOf(Promise);
    expect((outcome as { message: Message }).message.body).toBe(body);
  });

  it('runs the exception subprocess with the failure in sight', async () => {
    const outcome = await runNative(
      flowWith(
        '- filter: {xpath: //a}\n- contentModifier: {body: never}',
        'onException: [{contentModifier: {body: "caught ${exception.message}", headers: {H: "${property.CamelExceptionCaught}"}}}]\n',
      ),
      'no xml',
    );
    expect(outcome.status).toBe('COMPLETED');
    expect(outcome.message.text()).toContain('caught The body is not well-formed XML');
  });

  it('fails with the first failure when an error end follows it', async () => {
    const outcome = await runNative(flowWith('- filter: {xpath: //a}', 'onException: [{errorEnd: {}}]\n'), 'no xml');
    expect([outcome.status, outcome.error?.code]).toEqual(['FAILED', 'xml-malformed']);
  });

  it('escalates', async () => {
    const outcome = await runNative(
      flowWith('- filter: {xpath: //a}', 'onException: [{escalationEnd: {errorCode: ReceiverNotFound}}]\n'),
      'no xml',
    );
    expect([outcome.status, outcome.error?.code]).toEqual(['ESCALATED', 'escalation-end']);
    expect(outcome.error?.message).toContain('ReceiverNotFound');
  });

  it('calls local processes, whose own handler comes first', async () => {
    const head =
      'processes:\n  inner:\n    steps: [{filter: {xpath: //a}}]\n    onException: [{contentModifier: {body: inner}}]\n  bare: {steps: [{errorEnd: {}}]}\nonException: [{contentModifier: {body: outer}}]\n';
    expect(
      (
        await runNative(flowWith('- processCall: {process: inner}\n- contentModifier: {body: "${body}!"}', head), 'x')
      ).message.text(),
    ).toBe('inner!');
    expect((await runNative(flowWith('- processCall: {process: bare}', head), 'x')).message.text()).toBe('outer');
  });

  it('repeats a local process while a condition holds, at most so often', async () => {
    const head = 'processes: {more: {steps: [{contentModifier: {body: "${body}x"}}]}}\n';
    expect(
      (
        await runNative(
          flowWith('- processCall: {process: more, loop: {while: "${body} not contains \'xxx\'"}}', head),
          '',
        )
      ).message.text(),
    ).toBe('xxx');
    expect(
      (
        await runNative(
          flowWith('- processCall: {process: more, loop: {while: "true = true", maximumIterations: 5}}', head),
          '',
        )
      ).message.text(),
    ).toBe('xxxxx');
  });

  it('ends processes that call each other for ever, and messages that take too many steps or too long', async () => {
    const head = 'processes: {a: {steps: [{processCall: {process: a}}]}, b: {steps: [{contentModifier: {body: x}}]}}\n';
    expect((await runNative(flowWith('- processCall: {process: a}', head), '')).error?.code).toBe('limit-exceeded');
    const loop = flowWith('- processCall: {process: b, loop: {while: "true = true", maximumIterations: 99999}}', head);
    expect((await runNative(loop, '', {}, { maximumSteps: 1000 })).error?.code).toBe('limit-exceeded');
    let time = NOW;
    expect((await runNative(loop, '', { now: () => ++time }, { deadline: NOW + 50 })).error?.code).toBe(
      'deadline-exceeded',
    );
  });

  it('keeps records of steps at DEBUG, payloads at TRACE, and no secrets', async () => {
    const yaml = flowWith(
      '- contentModifier: {name: first, body: "0123456789", headers: {Authorization: Bearer abc}}\n- filter: {name: second, xpath: //a}',
    );
    expect((await runNative(yaml, '')).steps).toEqual([]);
    const debug = await runNative(yaml, '', {}, { logLevel: 'DEBUG' });
    expect(debug.steps.map(({ stepName, error }) => [stepName, error !== undefined])).toEqual([
      ['first', false],
      ['second', true],
    ]);
    expect(debug.steps[0]?.payload).toBeUndefined();
    const trace = await runNative(yaml, '', {}, { logLevel: 'TRACE', maximumPayload: 4, maximumRecords: 1 });
    expect(trace.steps[0]).toMatchObject({
      payload: '0123',
      payloadTruncated: true,
      headers: { Authorization: '***' },
      start: NOW,
    });
    expect(trace.stepsDropped).toBe(1);
  });

  it('tells what headers say of sender and receiver', async () => {
    const outcome = await runNative(
      flowWith(
        '- contentModifier: {headers: {SAP_Sender: A, SAP_Receiver: B, SAP_MessageType: T, SAP_ApplicationID: "7"}}',
      ),
      '',
    );
    expect(outcome).toMatchObject({ sender: 'A', receiver: 'B', messageType: 'T', applicationId: '7' });
  });

  it('lets many messages run on one compiled flow without mixing them', async () => {
    const { definition } = readFlowDefinition({
      mediaType: 'application/yaml',
      content: utf8(
        flowWith(
          '- requestReply: {adapter: ProcessDirect, address: /x}\n- contentModifier: {body: "${body}-${header.n}"}',
        ),
      ),
    });
    const flow = compileFlow(definition);
    const processDirect = {
      call: async (_: string, message: Message) => {
        await Promise.resolve();
        return message;
      },
    };
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        runFlow(flow, new Message({ headers: [['n', n]], body: `b${n}` }), fixedPorts({ processDirect })),
      ),
    );
    expect(outcomes.map(({ message }) => message.text())).toEqual(Array.from({ length: 50 }, (_, n) => `b${n}-${n}`));
  });
});
