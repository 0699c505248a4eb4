import { describe, expect, it } from '@jest/globals';
import { Message } from '../message/message.js';
import type { StreamedBody } from '../message/streamed-body.js';
import type { FlowDefinition } from '../model/flow-definition.js';
import { readFlowDefinition } from '../reader/read-flow-definition.js';
import { runFlow } from '../run/run-flow.js';
import { compileFlow } from './compile-flow.js';
import { type GatherReason, streamingSendersOf, whyBodyIsGathered } from './why-body-is-gathered.js';

const call = 'requestReply: {adapter: HTTP, address: "http://r/"}';
const https = 'sender: {adapter: HTTPS, address: /o}';

function flow(steps: readonly string[], head = https): FlowDefinition {
  const yaml = `name: f\n${head}\nsteps:${steps.length === 0 ? ' []' : ''}\n${steps.map((step) => `  - ${step}\n`).join('')}`;
  return readFlowDefinition({ mediaType: 'application/yaml', content: Buffer.from(yaml) }).definition;
}

function reasonOf(definition: FlowDefinition): GatherReason | null {
  const [sender] = definition.senders;
  if (sender === undefined) throw new Error('The flow has no sender.');
  const reason = whyBodyIsGathered(definition, sender);
  expect(streamingSendersOf(definition).has(sender.id)).toBe(reason === null);
  return reason;
}

const modifier = (source: string, value: string) =>
  `contentModifier: {headers: {h: {${source}: "${value}"}}, properties: {p: {${source}: "${value}"}}}`;

describe('whether the body of a sender channel is gathered', () => {
  it.each<[string, readonly string[]]>([
    ['the first step calls an HTTP receiver', [call]],
    ['a content modifier sets constants', [modifier('constant', 'the ${body}'), call]],
    ['a content modifier copies a header', [modifier('header', 'body'), call]],
    ['a content modifier copies a property', [modifier('property', 'x'), call]],
    [
      'an expression does not mention the body',
      [modifier('expression', 'a body ${header.${property.x}} ${date:now:yyyy}'), call],
    ],
    ['headers are deleted', ['contentModifier: {headers: {a: {delete: true}}}', call]],
    [
      'any steps follow the call',
      [call, 'contentModifier: {body: "${body}"}', 'log: {text: x, attachBody: true}', call],
    ],
    [
      'the address holds the word outside an expression',
      ['requestReply: {adapter: HTTP, address: "http://r/body/${header.a}"}'],
    ],
    ['the method is PUT', ['requestReply: {adapter: HTTP, address: "http://r/", method: PUT}']],
    [
      'the call is authenticated by what is sent at once',
      ['requestReply: {adapter: HTTP, address: "https://r/", authentication: {type: Basic, credential: c}}'],
    ],
    [
      'the call is authenticated by the connection',
      ['requestReply: {adapter: HTTP, address: "https://r/", authentication: {type: ClientCertificate, keyAlias: c}}'],
    ],
  ])('it is passed on when %s', (_case, steps) => {
    expect(reasonOf(flow(steps))).toBeNull();
  });

  it.each<[GatherReason, string, readonly string[]]>([
    ['no-receiver-call', 'the flow has no steps', []],
    ['no-receiver-call', 'nothing is called', [modifier('constant', 'x')]],
    ['step-before-call', 'a content modifier sets the body', ['contentModifier: {body: x}', call]],
    ['expression-reads-body', 'a header is made from the body', ['contentModifier: {headers: {h: "${body}"}}', call]],
    [
      'expression-reads-body',
      'a property is made from the body',
      ['contentModifier: {properties: {h: "a${in.body.size()}"}}', call],
    ],
    [
      'expression-reads-body',
      'a later function reads the body',
      [modifier('expression', '${header.a} ${bodyAs(String)}'), call],
    ],
    ['expression-reads-body', 'an XPath reads the body', [modifier('xpath', '/a'), call]],
    ['step-before-call', 'a variable is read', [modifier('localVariable', 'v'), call]],
    ['step-before-call', 'a number range is read', [modifier('numberRange', 'v'), call]],
    ['step-before-call', 'a log step comes before', ['log: {text: x}', call]],
    ['step-before-call', 'the body goes into the log', ['log: {text: x, attachBody: true}', call]],
    ['step-before-call', 'a message is persisted', ['persist: {storeId: s}', call]],
    ['step-before-call', 'it is sent before', ['send: {adapter: HTTP, address: "http://r/"}', call]],
    ['step-before-call', 'a branch comes before', [`multicast: {branches: [{steps: [{${call}}]}]}`]],
    ['receiver-not-http', 'the receiver takes SOAP', ['requestReply: {adapter: SOAP, address: "http://r/"}']],
    ['receiver-not-http', 'the receiver is a flow', ['requestReply: {adapter: ProcessDirect, address: /x}']],
    [
      'method-may-lack-body',
      'the method is GET',
      ['requestReply: {adapter: HTTP, address: "http://r/", method: GET, sendBody: true}'],
    ],
    [
      'method-may-lack-body',
      'the method is made for each message',
      ['requestReply: {adapter: HTTP, address: "http://r/", method: "${header.m}"}'],
    ],
    ['receiver-retries', 'the call is repeated', ['requestReply: {adapter: HTTP, address: "http://r/", retries: 1}']],
    [
      'body-may-be-sent-twice',
      'a refused token is replaced',
      [
        'requestReply: {adapter: HTTP, address: "http://r/", authentication: {type: OAuth2ClientCredentials, credential: c}}',
      ],
    ],
    [
      'expression-reads-body',
      'the address is made from the body',
      ['requestReply: {adapter: HTTP, address: "http://r/${body}"}'],
    ],
    [
      'expression-reads-body',
      'the query is made from the body',
      ['requestReply: {adapter: HTTP, address: "http://r/", query: "a=${body}"}'],
    ],
    [
      'expression-reads-body',
      'the credential is made from the body',
      ['requestReply: {adapter: HTTP, address: "http://r/", authentication: {type: Basic, credential: "${body}"}}'],
    ],
    [
      'expression-reads-body',
      'the key is made from the body',
      [
        'requestReply: {adapter: HTTP, address: "https://r/", authentication: {type: ClientCertificate, keyAlias: "${body}"}}',
      ],
    ],
  ])('it is gathered (%s) when %s', (reason, _case, steps) => {
    expect(reasonOf(flow(steps))).toBe(reason);
  });

  it.each<[GatherReason | null, string, string]>([
    ['not-https', 'SOAP', 'sender: {adapter: SOAP, address: /o}'],
    ['not-https', 'IDOC', 'sender: {adapter: IDOC, address: /o}'],
    ['not-https', 'ProcessDirect', 'sender: {adapter: ProcessDirect, address: /o}'],
    ['log-level-trace', 'HTTPS at TRACE', `${https}\nlog: {level: TRACE}`],
    [null, 'HTTPS at DEBUG', `${https}\nlog: {level: DEBUG}`],
    ['exception-subprocess', 'HTTPS with an exception subprocess', `${https}\nonException: []`],
  ])('it is %s for a sender of %s', (reason, _case, head) => {
    expect(reasonOf(flow([call], head))).toBe(reason);
  });

  it('ends for a path that leads back to itself, which is refused elsewhere', () => {
    const definition = flow([modifier('constant', 'x'), call]);
    const looping = JSON.parse(JSON.stringify(definition)) as {
      processes: { steps: { id: string; next?: string }[] }[];
    };
    const [first] = looping.processes[0]?.steps ?? [];
    if (first === undefined) throw new Error('The flow has no step.');
    first.next = first.id;
    const [sender] = definition.senders;
    expect(sender && whyBodyIsGathered(looping as unknown as FlowDefinition, sender)).toBe('no-receiver-call');
  });
});

describe('a message whose body is still to come', () => {
  const streamed: StreamedBody = {
    length: 3,
    failure: undefined,
    chunks: () => {
      throw new Error('Nobody reads it here.');
    },
    close: () => undefined,
  };
  const waiting = () => {
    const message = new Message({ body: Buffer.alloc(0) });
    message.awaitBody(streamed);
    return message;
  };

  it.each<[string, (message: Message) => unknown]>([
    ['its body', (message) => message.body],
    ['its text', (message) => message.text()],
    ['its bytes', (message) => message.bytes()],
    ['whether it is empty', (message) => message.isEmpty],
    ['a copy', (message) => message.clone()],
  ])('gives %s to nobody, rather than as that of an empty one', (_what, read) => {
    expect(() => read(waiting())).toThrow('cannot be read here');
    expect(() => read(new Message())).not.toThrow();
  });

  it('is given to the receiver as it is, once, and the answer is the body then', async () => {
    const bodies: unknown[] = [];
    const http = {
      send: (request: { body: unknown }) => {
        bodies.push(request.body);
        return { status: 200, headers: {}, body: Buffer.from('answer') };
      },
    };
    const compiled = compileFlow(flow([modifier('constant', 'x'), call, 'contentModifier: {body: "${body}!"}', call]));
    const outcome = await runFlow(compiled, waiting(), { now: () => 0, newId: () => 'id', http });
    expect([outcome.status, bodies[0], Buffer.from(bodies[1] as Uint8Array).toString()]).toEqual([
      'COMPLETED',
      streamed,
      'answer!',
    ]);
  });
});
