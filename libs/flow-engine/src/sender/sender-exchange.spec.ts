import { describe, expect, it } from '@jest/globals';
import type { HttpSender } from '../model/channel-definition.js';
import { readFlowDefinition } from '../reader/read-flow-definition.js';
import { compileFlow } from '../compile/compile-flow.js';
import { runFlow } from '../run/run-flow.js';
import type { FlowOutcome } from '../run/flow-outcome.js';
import { fixedPorts, utf8 } from '../testing/flow-fixture.js';
import { readSenderRequest, type SenderRequest, writeSenderReply } from './sender-exchange.js';

const request = (more: Partial<SenderRequest> = {}): SenderRequest => ({
  method: 'POST',
  path: '',
  query: 'a=1',
  url: 'https://h/http/t',
  headers: {},
  body: 'b',
  ...more,
});

function exchange(sender: string, steps: string, sent: SenderRequest) {
  const { definition } = readFlowDefinition({
    mediaType: 'application/yaml',
    content: utf8(`name: t\nsender: ${sender}\nsteps: ${steps}\n`),
  });
  const channel = definition.senders[0] as HttpSender;
  const outcome = runFlow(compileFlow(definition), readSenderRequest(channel, sent), fixedPorts()) as FlowOutcome;
  return { outcome, reply: writeSenderReply(channel, outcome, sent, 'mpl-1') };
}

describe('an HTTPS exchange', () => {
  const sender = '{adapter: HTTPS, address: /t/*, allowedHeaders: [X-*]}';

  it('admits the headers the channel names, and none of one hop or with a secret', () => {
    const headers = {
      'X-A': '1',
      Other: '2',
      'Content-Type': 'text/plain',
      Authorization: 'Basic x',
      'Proxy.Authorization': 'Basic y',
      Cookie: 'a=b',
      TE: 'trailers',
      CamelHttpUri: 'http://evil/',
    };
    const channel = exchange(sender, '[]', request()).outcome.message;
    expect(channel.text()).toBe('b');
    const { definition } = readFlowDefinition({
      mediaType: 'application/yaml',
      content: utf8(`name: t\nsender: ${sender}\nsteps: []\n`),
    });
    const message = readSenderRequest(definition.senders[0] as HttpSender, request({ headers, path: '/sub' }));
    expect(Object.fromEntries(message.headers)).toEqual({
      'X-A': '1',
      'Content-Type': 'text/plain',
      CamelHttpMethod: 'POST',
      CamelHttpPath: '/sub',
      CamelHttpQuery: 'a=1',
      CamelHttpUrl: 'https://h/http/t',
      CamelServletContextPath: '/t',
    });
  });

  it.each(['Authorization', 'proxy.authorization', 'Cookie', 'TE', 'Transfer_Encoding', 'x-csrf-token', 'Host'])(
    'does not admit %s, though the channel admits every header',
    (name) => {
      const { definition } = readFlowDefinition({
        mediaType: 'application/yaml',
        content: utf8('name: t\nsender: {adapter: HTTPS, address: /t/*, allowedHeaders: ["*"]}\nsteps: []\n'),
      });
      const message = readSenderRequest(
        definition.senders[0] as HttpSender,
        request({ headers: { [name]: 'x', Other: 'y' } }),
      );
      expect([message.headers.get(name), message.headers.get('Other')]).toEqual([undefined, 'y']);
    },
  );

  it('answers 200 with what the flow set, and echoes nothing', () => {
    const { reply } = exchange(
      sender,
      '[{contentModifier: {headers: {X-New: n, Authorization: s, Api-Key: k, Content-Type: text/x}, body: out}}]',
      request({ headers: { 'X-A': '1' } }),
    );
    expect(reply).toEqual({ status: 200, headers: { 'X-New': 'n', 'Content-Type': 'text/x' }, body: 'out' });
  });

  it('answers 204 without a body, and the status a flow sets', () => {
    expect(exchange(sender, '[{contentModifier: {body: {constant: ""}}}]', request()).reply.status).toBe(204);
    expect(
      exchange(sender, '[{contentModifier: {headers: {CamelHttpResponseCode: "201"}}}]', request()).reply.status,
    ).toBe(201);
  });

  it('answers 500 with the id of the log, and the failure only if the channel says so', () => {
    const steps = '[{filter: {xpath: //a}}]';
    const hidden = exchange(sender, steps, request()).reply;
    expect([hidden.status, String(hidden.body).includes('mpl-1'), String(hidden.body).includes('well-formed')]).toEqual(
      [500, true, false],
    );
    const shown = exchange('{adapter: HTTPS, address: /t, returnExceptionToSender: true}', steps, request()).reply;
    expect(String(shown.body)).toContain('well-formed');
  });

  it('answers 503 with Retry-After when a store is not to be had; SOAP has 500 for every failure', () => {
    const { outcome } = exchange(sender, '[{filter: {xpath: //a}}]', request());
    const error = { code: 'store-unavailable', message: 'The data store cannot be reached now.' } as const;
    const replyOf = (adapter: string) =>
      writeSenderReply({ adapter } as HttpSender, { ...outcome, error } as FlowOutcome, request(), 'mpl-1');
    expect(replyOf('HTTPS')).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
    expect(replyOf('SOAP').status).toBe(500);
  });
});

describe('a SOAP exchange', () => {
  const envelope = (body: string, namespace = 'http://schemas.xmlsoap.org/soap/envelope/'): string =>
    `<s:Envelope xmlns:s="${namespace}"><s:Header/><s:Body>${body}</s:Body></s:Envelope>`;

  it('takes the body out and wraps the answer in the same version', () => {
    const { outcome, reply } = exchange(
      '{adapter: SOAP, address: /t}',
      '[]',
      request({ body: envelope('<q xmlns="urn:q"/>', 'http://www.w3.org/2003/05/soap-envelope') }),
    );
    expect(outcome.message.text()).toBe('<q xmlns="urn:q"/>');
    expect(reply.headers['Content-Type']).toContain('soap+xml');
    expect(reply.body).toContain('<soap:Body><q xmlns="urn:q"/></soap:Body>');
  });

  it('answers a one-way call with 202, and a failure with a fault', () => {
    expect(
      exchange(
        '{adapter: SOAP, address: /t, messageExchangePattern: OneWay}',
        '[]',
        request({ body: envelope('<q/>') }),
      ).reply,
    ).toEqual({ status: 202, headers: {}, body: '' });
    const failed = exchange(
      '{adapter: IDOC, address: /t}',
      '[{errorEnd: {}}]',
      request({ body: envelope('<q/>') }),
    ).reply;
    expect([failed.status, String(failed.body).includes('soap:Fault')]).toEqual([500, true]);
  });

  it('refuses what is no envelope', () => {
    expect(() => exchange('{adapter: SOAP, address: /t}', '[]', request({ body: '<q/>' }))).toThrow(
      'not a SOAP envelope',
    );
  });
});
