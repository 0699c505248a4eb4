import { describe, expect, it } from '@jest/globals';
import { readFlowDefinition } from '../reader/read-flow-definition.js';
import { boundedBodyBytes } from './bounded-body.js';

const https = 'sender: {adapter: HTTPS, address: /o}\n';
const call = 'requestReply: {adapter: HTTP, address: "http://r/${header.a}", method: POST}';

function bytesOf(steps: readonly string[], head = https): number {
  const yaml = `name: f\n${head}steps:${steps.length === 0 ? ' []' : ''}\n${steps.map((step) => `  - ${step}\n`).join('')}`;
  return boundedBodyBytes(readFlowDefinition({ mediaType: 'application/yaml', content: Buffer.from(yaml) }).definition);
}

describe('the body up to which a flow is bounded', () => {
  it.each<[string, string[]]>([
    ['no step', []],
    ['headers and properties alone', ['contentModifier: {headers: {A: "${header.b}-x"}, properties: {P: c}}']],
    ['a call that passes the body on', [call]],
    ['steps around a call that do not look at the body', ['contentModifier: {headers: {A: b}}', call]],
    ['a route chosen by a header', ['router: {routes: [{when: "${header.a} = \'b\'", steps: []}], otherwise: []}']],
    ['a text of the log', ['log: {text: "id ${header.a}"}']],
    ['a constant of any size', [`contentModifier: {body: "${'x'.repeat(100_000)}"}`]],
  ])('is of any size for %s', (_, steps) => expect(bytesOf(steps)).toBe(Infinity));

  it.each<[string, string[]]>([
    ['an expression', ['contentModifier: {body: "<a>${body}</a>"}']],
    ['a data store', ['dataStoreWrite: {store: s, entryId: e}']],
    ['an attachment of the log', ['log: {text: t, attachBody: true}']],
    ['a condition', ['router: {routes: [{when: "${body} contains \'b\'", steps: []}], otherwise: []}']],
  ])('is 64 KiB where it is looked at by %s', (_, steps) => expect(bytesOf(steps)).toBe(65_536));

  it.each<[string, string[], string?]>([
    ['XPath', ['filter: {xpath: //a}']],
    ['a conversion', ['jsonToXml: {}']],
    ['an XPath of a header', ['contentModifier: {headers: {A: {xpath: //a}}}']],
    ['a loop', ['processCall: {process: p}'], `${https}processes: {p: {steps: []}}\n`],
    ['parts', ['splitter: {xpath: //a, steps: []}']],
    ['decompression', ['decode: {encoding: GZIP}']],
    ['a script', ['script: {script: s.js}'], `${https}scripts: {s.js: "function processData() {}"}\n`],
    ['an envelope', [], 'sender: {adapter: SOAP, address: /o}\n'],
    ['traced payloads', [], `${https}log: {level: TRACE}\n`],
    ['a reply that is looked at', [call, 'contentModifier: {body: "<a>${body}</a>"}']],
    ['a regular expression', ['router: {routes: [{when: "${header.a} regex \'a+\'", steps: []}], otherwise: []}']],
    [
      'a text of the sender sought in another of the sender',
      ['router: {routes: [{when: "${body} contains ${header.a}", steps: []}], otherwise: []}'],
    ],
    ['a method of a value', ["contentModifier: {headers: {A: \"${header.a.replaceAll('', 'xxxxxxxx')}\"}}"]],
    [
      'a value doubled too often',
      Array<string>(7).fill('contentModifier: {properties: {p: "${property.p}${property.p}"}}'),
    ],
    ['too many steps', Array<string>(101).fill('contentModifier: {headers: {A: b}}')],
    [
      'a large constant that is used twice',
      [
        `contentModifier: {properties: {p: "${'x'.repeat(70_000)}"}}`,
        'contentModifier: {body: "${property.p}${property.p}"}',
      ],
    ],
  ])('is none for a flow with %s', (...[, steps, head]) => expect(bytesOf(steps, head ?? https)).toBe(-1));
});
