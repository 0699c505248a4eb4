import { describe, expect, it } from '@jest/globals';
import { FakeHttp, flowWith, fixedPorts, runNative, utf8 } from '../testing/flow-fixture.js';
import { compileFlow } from '../compile/compile-flow.js';
import type { HttpSender } from '../model/channel-definition.js';
import { readFlowDefinition } from '../reader/read-flow-definition.js';
import type { FlowOutcome } from '../run/flow-outcome.js';
import { runFlow } from '../run/run-flow.js';
import { readSenderRequest, type SenderRequest, writeSenderReply } from '../sender/sender-exchange.js';
import { decodeText, encodeText } from './charset.js';
import { Message } from './message.js';

const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const hex = (body: Uint8Array | string) => Buffer.from(body).toString('hex');
const asText = '- contentModifier: {body: {expression: "${body}"}}';

function answer(steps: string, body: Uint8Array, contentType?: string, sender = '{adapter: HTTPS, address: /t}') {
  const { definition } = readFlowDefinition({
    mediaType: 'application/yaml',
    content: utf8(`name: t\nsender: ${sender}\nsteps:\n${steps}\n`),
  });
  const channel = definition.senders[0] as HttpSender;
  const sent: SenderRequest = {
    method: 'POST',
    path: '',
    query: '',
    url: 'https://h/http/t',
    headers: contentType === undefined ? {} : { 'content-type': contentType },
    body,
  };
  const outcome = runFlow(compileFlow(definition), readSenderRequest(channel, sent), fixedPorts()) as FlowOutcome;
  const reply = writeSenderReply(channel, outcome, sent, 'id');
  const type = Object.entries(reply.headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  return { outcome, status: reply.status, type, body: hex(reply.body) };
}

describe('a text that goes out', () => {
  it.each(['ISO-8859-1', 'windows-1252', 'Cp1252', '"iso-8859-15"', 'UTF-8', 'UTF-16LE', 'utf-16be'])(
    'is in the charset %s that its content type names, as it came',
    (charset) => {
      const body = encodeText('Grüße', charset.replaceAll('"', ''));
      expect(answer(asText, body, `text/plain; charset=${charset}`)).toMatchObject({
        status: 200,
        type: `text/plain; charset=${charset}`,
        body: hex(body),
      });
    },
  );

  it.each([
    ['Shift_JIS', '日本'],
    ['EUC-JP', '日本'],
    ['GBK', '中文'],
    ['Big5', '中文'],
    ['EUC-KR', '한국'],
    ['KOI8-R', 'Привет'],
    ['windows-1251', 'Привет'],
    ['UTF-16', 'Grüße 😀'],
    ['GB18030', 'Grüße 😀'],
    ['US-ASCII', 'abc'],
  ])('is read and written in %s', (charset, text) => {
    expect(decodeText(encodeText(text, charset), `text/plain;charset=${charset}`)).toBe(text);
  });

  it('keeps the control characters that ISO-8859-1 has where windows-1252 has letters', () => {
    expect(decodeText(Uint8Array.of(0x80, 0x9f), 'text/plain; charset=iso-8859-1')).toBe('\u0080\u009f');
    expect(decodeText(Uint8Array.of(0x80, 0x9f), 'text/plain; charset=windows-1252')).toBe('€Ÿ');
  });

  it.each(['properties', 'headers'])(
    'is in the charset that the flow asks for by CamelCharsetName in its %s',
    (where) => {
      const steps = `- contentModifier: {${where}: {CamelCharsetName: ISO-8859-1}, body: {expression: "\${body}"}}`;
      expect(answer(steps, utf8('Grüße'), 'text/plain; charset=UTF-8')).toMatchObject({
        type: 'text/plain; charset=ISO-8859-1',
        body: hex(latin1('Grüße')),
      });
      expect(answer(steps, utf8('Grüße'), 'text/plain').type).toBe('text/plain; charset=ISO-8859-1');
    },
  );

  it('says its charset in its XML declaration', () => {
    const steps =
      '- contentModifier: {properties: {CamelCharsetName: UTF-16}}\n- contentModifier: {body: {expression: "${body}"}}';
    const { body } = answer(steps, utf8('<?xml version="1.0" encoding="UTF-8"?><a>ü</a>'), 'application/xml');
    expect(body).toBe(`feff${hex(Buffer.from('<?xml version="1.0" encoding="UTF-16"?><a>ü</a>', 'utf16le').swap16())}`);
    const converted = answer(
      '- jsonToXml: {rootElement: r}\n- contentModifier: {headers: {Content-Type: "application/xml; charset=ISO-8859-1"}}',
      utf8('{"a":"ü"}'),
    );
    expect(converted.body).toBe(hex(latin1('<?xml version="1.0" encoding="ISO-8859-1"?><r><a>ü</a></r>')));
  });

  it('is in the charset of its XML declaration where nothing else names one', () => {
    const body = latin1('<?xml version="1.0" encoding="ISO-8859-1"?><a>ü</a>');
    expect(answer(asText, body, 'application/xml').body).toBe(hex(body));
    expect(
      answer('- contentModifier: {body: "<?xml version=\\"1.0\\" encoding=\\"x-own\\"?><a>ü</a>"}', body).body,
    ).toBe(hex(utf8('<?xml version="1.0" encoding="UTF-8"?><a>ü</a>')));
  });

  it('goes to a receiver in the charset its request names', async () => {
    const http = new FakeHttp({ 'http://r/': () => ({}) });
    const message = new Message({ headers: [['Content-Type', 'text/plain; charset=windows-1252']], body: '5 €' });
    await runNative(flowWith('- requestReply: {adapter: HTTP, address: "http://r/", method: POST}'), message, { http });
    expect(hex(http.requests[0]?.body as Uint8Array)).toBe('352080');
    const asked = new Message({
      headers: [
        ['Content-Type', 'text/plain'],
        ['CamelCharsetName', 'UTF-16LE'],
      ],
      body: 'a',
    });
    await runNative(flowWith('- requestReply: {adapter: HTTP, address: "http://r/", method: POST}'), asked, { http });
    expect(hex(http.requests[1]?.body as Uint8Array)).toBe('6100');
    expect(http.requests[1]?.headers['Content-Type']).toBe('text/plain; charset=UTF-16LE');
  });

  it('is refused when its charset lacks a character, is not known, or half a surrogate pair is in it', () => {
    const set = (body: string, charset: string) =>
      answer(
        `- contentModifier: {properties: {CamelCharsetName: ${charset}}, body: ${JSON.stringify(body)}}`,
        utf8('x'),
      ).outcome.error?.message;
    expect(set('5 €', 'ISO-8859-1')).toMatch(/ISO-8859-1, which lacks the character U\+20AC at character 2/);
    expect(set('5 €', 'utf-7')).toMatch(/charset "utf-7" is not known/);
    expect(set('5 €', 'base64')).toMatch(/charset "base64" is not known/);
    const half = runFlow(
      compileFlow(readFlowDefinition({ mediaType: 'application/yaml', content: utf8(flowWith(asText)) }).definition),
      new Message({ body: 'ab\ud800' }),
      fixedPorts(),
    ) as FlowOutcome;
    expect([half.status, half.error?.message]).toEqual([
      'FAILED',
      'The body cannot be written: it holds half a surrogate pair at character 2.',
    ]);
  });
});

describe('bytes that come in', () => {
  it.each([
    ['- xmlToJson: {}', '<a>Gr\xfc</a>', 5],
    ['- jsonToXml: {}', '{"a":"Gr\xfc"}', 8],
    ['- csvToXml: {recordPath: /rows/row}', 'id,name\n1,Gr\xfc\n', 12],
    [asText, 'Gr\xfc', 2],
  ])('are refused by %s, with where, when they are not UTF-8 and nothing is declared', (step, body, offset) => {
    const { status, outcome } = answer(step, latin1(body));
    expect([status, outcome.error?.code]).toEqual([400, 'charset-failed']);
    expect(outcome.error?.message).toContain(`not UTF-8: it cannot be read from byte ${offset} on`);
  });

  it.each([
    ['Shift_JIS', '6182', 1],
    ['windows-1252', '616281', 2],
    ['us-ascii', '61fc', 1],
    ['UTF-16LE', '6100d8', 2],
    ['UTF-16LE', '610000d86100', 2],
  ])('are refused when they are not the %s they are said to be', (charset, bytes, offset) => {
    const { message } = answer(asText, Uint8Array.from(Buffer.from(bytes, 'hex')), `text/plain; charset=${charset}`)
      .outcome.error as { message: string };
    expect(message).toContain(`not ${charset}`);
    expect(Number(/byte (\d+)/.exec(message)?.[1])).toBeGreaterThanOrEqual(offset);
  });

  it('are passed on as they are where no step looks at the text, whatever they are said to be', () => {
    for (const type of ['text/plain', 'text/plain; charset=x-unknown', 'text/plain; charset=UTF-8'])
      expect(answer('- contentModifier: {headers: {a: b}}', latin1('Gr\xfc'), type)).toMatchObject({
        status: 200,
        type,
        body: '4772fc',
      });
  });

  it.each([
    ['a mark of UTF-16LE', 'fffe3c0061002f003e00', undefined],
    ['a mark of UTF-16BE', 'feff003c0061002f003e', undefined],
    ['a mark of UTF-8', 'efbbbf3c612f3e', undefined],
    ['a mark that the content type contradicts', 'efbbbf3c612f3e', 'text/xml; charset=iso-8859-1'],
    ['UTF-16 without a mark, which is big-endian', '003c0061002f003e', 'text/xml; charset=utf-16'],
    ['UTF-16 with a mark', 'fffe3c0061002f003e00', 'text/xml; charset=utf-16'],
  ])('are read by %s', (_, bytes, type) => {
    expect(decodeText(Uint8Array.from(Buffer.from(bytes, 'hex')), type)).toBe('<a/>');
  });

  it('are read as UTF-16 without a mark when an XML declaration begins so', () => {
    const text = '<?xml version="1.0" encoding="UTF-16"?><a>ü</a>';
    expect(decodeText(Buffer.from(text, 'utf16le'))).toBe(text);
    expect(decodeText(Buffer.from(text, 'utf16le').swap16())).toBe(text);
  });

  it('are kept for the trace of a step that could not read them', async () => {
    const message = new Message({ body: latin1('Gr\xfc') });
    const outcome = await runNative(
      flowWith('- contentModifier: {headers: {a: b}}'),
      message,
      {},
      { logLevel: 'TRACE' },
    );
    expect([outcome.status, outcome.steps[0]?.payload]).toEqual(['COMPLETED', 'Gr\ufffd']);
  });

  it('are no fault of the sender when they are not its own', () => {
    const steps = '- decode: {encoding: Base64}\n- contentModifier: {body: {expression: "${body}"}}';
    expect(answer(steps, utf8('/A=='))).toMatchObject({ status: 500, outcome: { error: { code: 'charset-failed' } } });
  });
});

describe('a request without a body', () => {
  it.each(['- jsonToXml: {rootElement: r}', '- xmlToJson: {}'])(
    'gets 400 with the reason where %s reads one',
    (step) => {
      const { status, body } = answer(step, new Uint8Array(), 'application/json');
      expect([status, Buffer.from(body, 'hex').toString()]).toEqual([400, expect.stringContaining('has no body')]);
    },
  );

  it('is answered where no step reads one', () => {
    expect(answer(asText, new Uint8Array(), 'application/json').status).toBe(204);
  });
});
