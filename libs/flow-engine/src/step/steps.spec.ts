import { zipSync } from 'fflate';
import { describe, expect, it } from '@jest/globals';
import { Message } from '../message/message.js';
import {
  FakeHttp,
  MemoryDataStore,
  MemoryVariables,
  bodyAfter,
  failureOf,
  flowWith,
  problemsOf,
  runNative,
} from '../testing/flow-fixture.js';

const STUDENTS =
  '<Students><Student><Id>1</Id><Name>Amit</Name></Student><Student><Id>10</Id><Name>Rahul</Name></Student></Students>';

describe('the content modifier', () => {
  it('sets headers, properties and body from every source', async () => {
    const steps = `- contentModifier:
    headers:
      Constant: {constant: "\${not read}"}
      Copy: {header: In}
      Path: {xpath: "/Students/Student[2]/Id", type: java.lang.String}
      Missing: {header: Gone, default: standard}
      Number: {xpath: count(//Student), type: Integer}
      Old: {delete: true}
    properties: {P: "\${header.In}!", V: {globalVariable: last}, N: {numberRange: orders}}
    body: "<o>\${property.P}\${header.Path}</o>"`;
    const variables = new MemoryVariables();
    variables.set('last', 'global', 'before', 400);
    const message = new Message({
      headers: [
        ['in', 'x'],
        ['old', 'y'],
      ],
      body: STUDENTS,
    });
    const outcome = await runNative(flowWith(steps), message, { variables });
    expect(outcome.error).toBeUndefined();
    expect(Object.fromEntries(message.headers)).toEqual({
      in: 'x',
      Constant: '${not read}',
      Copy: 'x',
      Path: '10',
      Missing: 'standard',
      Number: 2,
    });
    expect(Object.fromEntries(message.properties)).toEqual({ P: 'x!', V: 'before', N: '0001' });
    expect(message.text()).toBe('<o>x!10</o>');
  });

  it('fails typed when a value does not have the type', async () => {
    expect(await failureOf('- contentModifier: {headers: {A: {constant: x, type: Integer}}}', '')).toBe(
      'conversion-failed',
    );
  });

  it('fails typed when the body is no XML', async () => {
    expect(await failureOf('- contentModifier: {headers: {A: {xpath: //a}}}', 'no xml')).toBe('xml-malformed');
  });
});

describe('the router', () => {
  const steps = `- router:
    routes:
      - {when: "\${header.n} > 5", steps: [{contentModifier: {body: large}}]}
      - {when: {xpath: "//Student"}, steps: [{contentModifier: {body: students}}]}
    otherwise: [{contentModifier: {body: other}}]
- contentModifier: {headers: {After: "yes"}}`;

  it.each([
    ['7', STUDENTS, 'large'],
    ['5', STUDENTS, 'students'],
    ['5', '<a/>', 'other'],
  ])('takes the first route that fits (n=%s)', async (n, body, expected) => {
    const message = new Message({ headers: [['n', n]], body });
    await runNative(flowWith(steps), message);
    expect([message.text(), message.headers.get('After')]).toEqual([expected, 'yes']);
  });

  it('fails without a route when it shall', async () => {
    expect(
      await failureOf('- router: {throwOnNoRoute: true, routes: [{when: "${header.x} = 1", steps: []}]}', ''),
    ).toBe('no-route');
  });
});

describe('the filter', () => {
  it.each([
    ['Nodelist', '/Students/Student/Id', '<Id>1</Id><Id>10</Id>'],
    ['Node', '/Students/Student/Id', '<Id>1</Id>'],
    ['String', '/Students/Student/Id', '1'],
    ['Integer', 'count(//Student)', '2'],
    ['Boolean', '//Student[Id=3]', 'false'],
  ])('gives a %s', async (type, xpath, expected) => {
    expect(await bodyAfter(`- filter: {xpath: "${xpath}", resultType: ${type}}`, STUDENTS)).toBe(expected);
  });

  it('keeps the namespaces a node needs', async () => {
    expect(await bodyAfter('- filter: {xpath: "//*:b"}', '<p:a xmlns:p="urn:p" xmlns="urn:d"><b p:x="1"/></p:a>')).toBe(
      '<b xmlns:p="urn:p" xmlns="urn:d" p:x="1"/>',
    );
  });
});

describe('the splitter and gather', () => {
  it('keeps the elements around with the general splitter', async () => {
    const http = new FakeHttp({ 'http://r/': () => ({ body: '' }) });
    await runNative(
      flowWith('- splitter: {xpath: /Students/Student, steps: [{send: {adapter: HTTP, address: "http://r/"}}]}'),
      STUDENTS,
      { http },
    );
    expect(http.requests.map(({ body }) => new TextDecoder().decode(body ?? undefined))).toEqual([
      '<?xml version="1.0" encoding="UTF-8"?><Students><Student><Id>1</Id><Name>Amit</Name></Student></Students>',
      '<?xml version="1.0" encoding="UTF-8"?><Students><Student><Id>10</Id><Name>Rahul</Name></Student></Students>',
    ]);
  });

  it('gives the nodes alone with the iterating splitter, in groups', async () => {
    const steps = `- splitter: {type: iterating, xpath: //Id, groupSize: 2, steps: [], gather: {}}`;
    expect(await bodyAfter(steps, '<r><Id>1</Id><Id>2</Id><Id>3</Id></r>')).toContain(
      '<multimap:Message1><Id>1</Id><Id>2</Id><Id>3</Id></multimap:Message1>',
    );
  });

  it('puts parts of one format together', async () => {
    const steps = '- splitter: {type: iterating, xpath: //Student, steps: [{filter: {xpath: //Name}}], gather: {}}';
    expect(await bodyAfter(steps, STUDENTS)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><multimap:Messages xmlns:multimap="http://sap.com/xi/XI/SplitAndMerge"><multimap:Message1><Name>Amit</Name><Name>Rahul</Name></multimap:Message1></multimap:Messages>',
    );
  });

  it('puts parts together below a path', async () => {
    const steps =
      '- splitter: {type: iterating, xpath: //Student, steps: [], gather: {strategy: combineAtXPath, source: //Name, target: /r/names}}';
    expect(await bodyAfter(steps, STUDENTS)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><r><names><Name>Amit</Name><Name>Rahul</Name></names></r>',
    );
  });

  it('splits lines and joins texts', async () => {
    const steps =
      '- splitter: {lineBreak: true, steps: [{contentModifier: {body: "[${body}:${property.CamelSplitIndex}]"}}], gather: {messageFormat: plainText}}';
    expect(await bodyAfter(steps, 'A B\r\n\r\n1 2\n3 4\n')).toBe('[A B:0][1 2:1][3 4:2]');
  });

  it('gives the message that came when there is no gather', async () => {
    expect(await bodyAfter('- splitter: {token: ",", steps: [{contentModifier: {body: x}}]}', 'a,b')).toBe('a,b');
  });

  it('runs parts at once and keeps their order', async () => {
    let running = 0;
    let most = 0;
    const processDirect = {
      async call(_: string, message: Message) {
        most = Math.max(most, ++running);
        for (let turn = 0; turn < 5; turn++) await Promise.resolve();
        running--;
        return new Message({ body: `<${message.text()}/>` });
      },
    };
    const steps =
      '- splitter: {token: ",", parallel: true, concurrency: 3, steps: [{requestReply: {adapter: ProcessDirect, address: /x}}], gather: {messageFormat: plainText}}';
    expect(await bodyAfter(steps, 'a,b,c,d,e', { processDirect })).toBe('<a/><b/><c/><d/><e/>');
    expect(most).toBe(3);
  });

  it('leaves out failed parts when it shall not stop', async () => {
    const steps =
      '- splitter: {token: ",", stopOnException: false, steps: [{filter: {xpath: //b}}], gather: {messageFormat: plainText}}';
    expect(await bodyAfter(steps, '<a><b/></a>,broken,<b/>')).toBe('<b/><b/>');
    expect(await failureOf(steps.replace('false', 'true'), '<a><b/></a>,broken')).toBe('xml-malformed');
  });
});

describe('the multicast', () => {
  it.each(['parallel', 'sequential'])('sends a copy to each branch (%s) and gathers', async (mode) => {
    const steps = `- multicast:
    mode: ${mode}
    branches:
      - {steps: [{contentModifier: {body: "<a>\${body}</a>", headers: {H: one}}}]}
      - {steps: [{contentModifier: {body: "<b>\${body}\${header.H}</b>"}}]}
    gather: {messageFormat: differentXml}`;
    expect(await bodyAfter(steps, 'x')).toContain(
      '<multimap:Message1><a>x</a></multimap:Message1><multimap:Message2><b>x</b></multimap:Message2>',
    );
  });

  it('goes on with the last branch after a join alone', async () => {
    expect(
      await bodyAfter(
        '- multicast: {branches: [{steps: [{contentModifier: {body: a}}]}, {steps: [{contentModifier: {body: b}}]}]}\n- contentModifier: {body: "${body}!"}',
        'x',
      ),
    ).toBe('b!');
  });
});

describe('calls to receivers', () => {
  it('sends method, query, headers and body, and takes the answer', async () => {
    const http = new FakeHttp({
      'https://r/orders': () => ({
        status: 201,
        headers: { 'content-type': 'application/json', 'X-Id': '9', 'Set-Cookie': 's' },
        body: '{"id":9}',
      }),
    });
    const message = new Message({
      headers: [
        ['Content-Type', 'text/plain'],
        ['X-Mine', 'm'],
        ['Other', 'o'],
        ['CamelHttpPath', 'p'],
      ],
      body: 'B',
    });
    const steps =
      '- requestReply: {adapter: HTTP, address: "https://r/${header.where}", query: "a=${body}", method: PUT, requestHeaders: [x-*], authentication: {type: ClientCertificate, keyAlias: k}, timeoutMs: 5, retries: 2}';
    message.headers.set('where', 'orders');
    const outcome = await runNative(flowWith(steps), message, { http });
    expect(outcome.error).toBeUndefined();
    expect(http.requests[0]).toMatchObject({
      method: 'PUT',
      url: 'https://r/orders?a=B',
      headers: { 'Content-Type': 'text/plain', 'X-Mine': 'm' },
      timeoutMs: 5,
      retries: 2,
      authentication: { type: 'ClientCertificate', keyAlias: 'k' },
    });
    expect(Object.keys(http.requests[0]?.headers ?? {})).not.toContain('Other');
    expect([message.text(), message.headers.get('x-id'), message.headers.get('CamelHttpResponseCode')]).toEqual([
      '{"id":9}',
      '9',
      201,
    ]);
  });

  describe('a value in the address of a receiver', () => {
    const called = async (address: string, value: string): Promise<string | undefined> => {
      const http = new FakeHttp({});
      const message = new Message({ headers: [['v', value]] });
      const steps = `- requestReply: {adapter: HTTP, address: '${address}', throwOnFailure: false}`;
      await runNative(flowWith(steps), message, { http });
      return http.requests[0]?.url;
    };

    it.each([
      ['http://r/base/${header.v}', 'a/b', 'http://r/base/a%2Fb'],
      ['http://r/base/${header.v}', '../admin', 'http://r/base/..%2Fadmin'],
      ['http://r/base/${header.v}/x', 'a?b=c#d', 'http://r/base/a%3Fb%3Dc%23d/x'],
      ['http://r/base/${header.v}', '..\\admin', 'http://r/base/..%5Cadmin'],
      ['http://r/base/${header.v}', '%2e%2e%2fadmin', 'http://r/base/%252e%252e%252fadmin'],
      ['http://r/base/${header.v}', '\t.\n.', 'http://r/base/%09.%0A.'],
      ['http://r/base?a=${header.v}', 'x#y', 'http://r/base?a=x%23y'],
      ['http://r${header.v}', '/orders/1?x', 'http://r/orders/1%3Fx'],
      ['http://r:${header.v}/x', '8080', 'http://r:8080/x'],
      ['http://${header.v}.example/x', 'tenant-1', 'http://tenant-1.example/x'],
      ['http://${header.v}/x', 'other.example:81', 'http://other.example:81/x'],
      ['${header.v}', 'http://r/any/../path?q', 'http://r/path?q'],
      ['${header.v}/orders', 'http://r/base', 'http://r/base/orders'],
    ])('fills %s with "%s"', async (address, value, url) => {
      expect(await called(address, value)).toBe(url);
    });

    it.each([
      ['http://r/base/${header.v}', '..'],
      ['http://r/base/${header.v}/x', '.'],
      ['http://r/base/.${header.v}/x', '.'],
      ['http://r/base/%2e${header.v}/x', '.'],
      ['http://r${header.v}', '.evil.example/'],
      ['http://r${header.v}', '@evil.example/'],
      ['http://r${header.v}', '/a/../b'],
      ['http://r:${header.v}/x', '1@evil.example'],
      ['http://api-${header.v}.example/x', 'x/../y@evil'],
    ])('does not fill %s with "%s", which would lead elsewhere', async (address, value) => {
      expect(await called(address, value)).toBeUndefined();
    });
  });

  it('sends no body with GET unless asked to', async () => {
    const http = new FakeHttp({ 'http://r/': () => ({}) });
    await runNative(
      flowWith(
        '- requestReply: {adapter: HTTP, address: "http://r/", method: GET}\n- requestReply: {adapter: HTTP, address: "http://r/", method: GET, sendBody: true}',
      ),
      'B',
      { http },
    );
    expect(http.requests.map(({ body }) => body?.length ?? null)).toEqual([null, 0]);
  });

  it('fails on an error status with what the receiver said, unless told not to', async () => {
    const http = new FakeHttp({ 'http://r/': () => ({ status: 404, body: 'gone' }) });
    const outcome = await runNative(
      flowWith(
        '- requestReply: {adapter: HTTP, address: "http://r/"}',
        'onException: [{contentModifier: {body: "${exception.statusCode} ${exception.responseBody}"}}]\n',
      ),
      '',
      { http },
    );
    expect([outcome.status, outcome.message.text()]).toEqual(['COMPLETED', '404 gone']);
    expect(
      await bodyAfter('- requestReply: {adapter: HTTP, address: "http://r/", throwOnFailure: false}', '', { http }),
    ).toBe('gone');
  });

  it.each(['file:///etc/passwd', 'ftp://r/', 'http://user:secret@r/', 'no address'])(
    'refuses to call %s',
    async (address) => {
      expect(
        await failureOf(`- requestReply: {adapter: HTTP, address: "${address}"}`, '', { http: new FakeHttp({}) }),
      ).toBe('receiver-failed');
    },
  );

  it('does not let a header break the request', async () => {
    const http = new FakeHttp({ 'http://r/': () => ({}) });
    const message = new Message({ headers: [['X-A', 'a\r\nX-B: b']] });
    const outcome = await runNative(
      flowWith('- requestReply: {adapter: HTTP, address: "http://r/", requestHeaders: ["*"]}'),
      message,
      { http },
    );
    expect([outcome.error?.code, http.requests.length]).toEqual(['receiver-failed', 0]);
  });

  it('keeps the message when it only sends', async () => {
    const http = new FakeHttp({ 'http://r/': () => ({ body: 'answer', headers: { X: '1' } }) });
    const message = new Message({ body: 'mine' });
    await runNative(flowWith('- send: {adapter: HTTP, address: "http://r/"}'), message, { http });
    expect([message.text(), message.headers.has('X')]).toEqual(['mine', false]);
  });

  it('wraps and unwraps SOAP, and turns a fault into a failure', async () => {
    const reply =
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><r>1</r></s:Body></s:Envelope>';
    const fault =
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>no stock</faultstring></s:Fault></s:Body></s:Envelope>';
    const http = new FakeHttp({
      'http://ok/': () => ({ body: reply }),
      'http://bad/': () => ({ status: 500, body: fault }),
    });
    expect(
      await bodyAfter('- requestReply: {adapter: SOAP, address: "http://ok/", soapAction: urn:a}', '<q/>', { http }),
    ).toBe('<r>1</r>');
    expect(http.requests[0]?.headers).toMatchObject({ SOAPAction: '"urn:a"' });
    expect(new TextDecoder().decode(http.requests[0]?.body ?? undefined)).toContain('<soap:Body><q/></soap:Body>');
    const outcome = await runNative(flowWith('- requestReply: {adapter: SOAP, address: "http://bad/"}'), '<q/>', {
      http,
    });
    expect(outcome.error).toMatchObject({ code: 'receiver-failed', message: expect.stringContaining('no stock') });
  });

  it('sends headers and body by ProcessDirect, but no properties', async () => {
    const message = new Message({ headers: [['H', '1']], properties: [['P', '2']], body: 'b' });
    const processDirect = {
      call: (address: string, called: Message) =>
        new Message({
          headers: [['Back', 'x']],
          body: `${address} ${String(called.headers.get('H'))} ${called.properties.size} ${called.text()}`,
        }),
    };
    await runNative(flowWith('- requestReply: {adapter: ProcessDirect, address: /other}'), message, { processDirect });
    expect([message.text(), message.headers.get('Back'), message.properties.get('P')]).toEqual([
      '/other 1 0 b',
      'x',
      '2',
    ]);
  });

  it('sends mail with addresses on one line', async () => {
    const sent: unknown[] = [];
    const mail = { send: (request: unknown) => void sent.push(request) };
    const steps = '- send: {adapter: Mail, server: "mail:25", from: a@b, to: "${header.to}", subject: "S ${body}"}';
    await runNative(flowWith(steps), new Message({ headers: [['to', 'x@y\r\nBcc: z@y']], body: 'text' }), { mail });
    expect(sent).toEqual([
      expect.objectContaining({ to: 'x@y Bcc: z@y', subject: 'S text', body: 'text', from: 'a@b' }),
    ]);
  });

  it.each([
    ['requestReply: {adapter: HTTP, address: "http://r/"}'],
    ['requestReply: {adapter: ProcessDirect, address: /x}'],
    ['send: {adapter: Mail, server: s, from: a, to: b}'],
    ['dataStoreWrite: {store: s}'],
    ['writeVariables: {variables: {a: b}}'],
    ['persist: {}'],
  ])('fails typed without its port: %s', async (step) => {
    expect(await failureOf(`- ${step}`, '')).toBe('port-missing');
  });
});

describe('JSON and XML', () => {
  it('turns JSON into XML', async () => {
    const json =
      '{"order": {"@id": "7", "items": [{"n": 1.0}, {"n": 12345678901234567890}], "note": null, "ok": true, "$": "text"}}';
    expect(await bodyAfter('- jsonToXml: {}', json)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><order id="7"><items><n>1.0</n></items><items><n>12345678901234567890</n></items><note/><ok>true</ok>text</order>',
    );
    expect(await bodyAfter('- jsonToXml: {rootElement: root}', '{"a": [1, 2]}')).toContain(
      '<root><a>1</a><a>2</a></root>',
    );
    expect(await bodyAfter('- jsonToXml: {namespaces: {p: "urn:p"}}', '{"p:a": {"b": 1}}')).toContain(
      '<p:a xmlns:p="urn:p"><b>1</b></p:a>',
    );
  });

  it.each(['{"a": 1, "b": 2}', '[1]', '5', '{"1a": 1}', '{"a b": 1}', '{"a": "\\u0000"}'])(
    'refuses %s typed',
    async (json) => {
      expect(await failureOf('- jsonToXml: {}', json)).toBe('conversion-failed');
    },
  );

  it.each(['', '{', '{"a": 1,}'])('refuses %j as malformed', async (json) => {
    expect(await failureOf('- jsonToXml: {}', json)).toBe('json-malformed');
  });

  it('refuses JSON nested without end', async () => {
    expect(await failureOf('- jsonToXml: {rootElement: r}', `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)).toBe(
      'limit-exceeded',
    );
  });

  it('turns XML into JSON', async () => {
    const xml = '<r a="1"><b>x</b><b>y</b><c k="v">t</c><d/><e><f>1</f></e></r>';
    expect(JSON.parse(await bodyAfter('- xmlToJson: {}', xml))).toEqual({
      r: { '@a': '1', b: ['x', 'y'], c: { '@k': 'v', $: 't' }, d: '', e: { f: '1' } },
    });
    expect(
      JSON.parse(await bodyAfter('- xmlToJson: {suppressRootElement: true, arrays: [/r/e, f]}', xml)),
    ).toMatchObject({ e: [{ f: ['1'] }] });
    expect(JSON.parse(await bodyAfter('- xmlToJson: {allArrays: true}', '<r><b/></r>'))).toEqual({ r: { b: [''] } });
    expect(JSON.parse(await bodyAfter('- xmlToJson: {namespaces: {q: "urn:p"}}', '<p:r xmlns:p="urn:p"/>'))).toEqual({
      'q:r': '',
    });
  });

  it('comes back to the same JSON', async () => {
    const json = '{"root":{"a":"1","b":["2","3"]}}';
    expect(await bodyAfter('- jsonToXml: {}\n- xmlToJson: {}', json)).toBe(json);
  });

  it('keeps names such as __proto__ as data', async () => {
    expect(await bodyAfter('- jsonToXml: {rootElement: r}', '{"__proto__": {"x": 1}}')).toContain(
      '<__proto__><x>1</x></__proto__>',
    );
  });
});

describe('CSV', () => {
  it('reads CSV with a header line', async () => {
    expect(await bodyAfter('- csvToXml: {recordPath: /rows/row}', 'id,name\r\n1,"A, ""B"""\r\n2,\r\n')).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><rows><row><id>1</id><name>A, "B"</name></row><row><id>2</id><name/></row></rows>',
    );
  });

  it('reads CSV with given names', async () => {
    expect(
      await bodyAfter('- csvToXml: {recordPath: /r/x, fieldSeparator: ";", fieldNames: [a, b]}', '1;2\n3;4'),
    ).toContain('<x><a>1</a><b>2</b></x><x><a>3</a><b>4</b></x>');
  });

  it.each(['a,b\n1,2,3', 'a\n"open', 'a\n"x"y'])('refuses %j', async (csv) => {
    expect(await failureOf('- csvToXml: {recordPath: /r/x}', csv)).toBe('csv-malformed');
  });

  it('writes CSV', async () => {
    const xml = '<r><x><a>1</a><b>p,q</b></x><x><a>2</a><c>"</c></x></r>';
    expect(await bodyAfter('- xmlToCsv: {recordPath: /r/x}', xml)).toBe('a,b,c\n1,"p,q",\n2,,""""\n');
    expect(await bodyAfter('- xmlToCsv: {recordPath: /r/x, includeHeader: false, fieldSeparator: ";"}', xml)).toBe(
      '1;p,q;\n2;;""""\n',
    );
  });
});

describe('encodings', () => {
  it.each(['Base64', 'GZIP', 'ZIP'])('comes back from %s', async (encoding) => {
    expect(await bodyAfter(`- encode: {encoding: ${encoding}}\n- decode: {encoding: ${encoding}}`, 'Grüße')).toBe(
      'Grüße',
    );
  });

  it('encodes to Base64', async () => {
    expect(await bodyAfter('- encode: {encoding: Base64}', 'Hello')).toBe('SGVsbG8=');
  });

  it.each([
    ['Base64', '***'],
    ['GZIP', 'no gzip'],
    ['ZIP', 'no zip'],
  ])('refuses what is no %s', async (encoding, body) => {
    expect(await failureOf(`- decode: {encoding: ${encoding}}`, body)).toBe('encoding-failed');
  });

  it('stops a bomb while it is small', async () => {
    const bomb = zipSync({ a: new Uint8Array(80 * 1024 * 1024) }, { level: 1 });
    const outcome = await runNative(flowWith('- decode: {encoding: ZIP}'), new Message({ body: bomb }));
    expect(outcome.error?.code).toBe('limit-exceeded');
  });
});

describe('validation', () => {
  const xsd =
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="types.xsd"/><xs:element name="o"><xs:complexType><xs:sequence><xs:element name="n" type="small"/></xs:sequence></xs:complexType></xs:element></xs:schema>';
  const types =
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:simpleType name="small"><xs:restriction base="xs:integer"><xs:maxInclusive value="9"/></xs:restriction></xs:simpleType></xs:schema>';
  const head = `resources:\n  o.xsd: '${xsd}'\n  types.xsd: '${types}'\n  o.json: '{"type": "object", "required": ["a"], "properties": {"a": {"pattern": "^(a+)+$"}}}'\n`;

  it('passes a body that fits and fails one that does not', async () => {
    expect(await bodyAfter('- xmlValidation: {schema: o.xsd}', '<o><n>5</n></o>', {}, head)).toBe('<o><n>5</n></o>');
    expect(await failureOf('- xmlValidation: {schema: o.xsd}', '<o><n>50</n></o>', {}, head)).toBe('validation-failed');
    expect(await failureOf('- xmlValidation: {schema: o.xsd}', '<o/>', {}, head)).toBe('validation-failed');
  });

  it('writes a header instead of failing when it shall', async () => {
    const message = new Message({ body: '<o/>' });
    await runNative(flowWith('- xmlValidation: {schema: o.xsd, preventException: true}', head), message);
    expect(message.headers.get('SAP_XmlValidationResult')).toContain('line 1');
  });

  it('refuses a schema that is none, or that is missing, when it is read', () => {
    expect(problemsOf(flowWith('- xmlValidation: {schema: gone.xsd}'))[0]?.code).toBe('missing-resource');
    expect(problemsOf(flowWith('- xmlValidation: {schema: a}', 'resources: {a: "<b/>"}\n'))[0]?.code).toBe(
      'invalid-expression',
    );
    expect(problemsOf(flowWith('- jsonValidation: {schema: a}', 'resources: {a: "{"}\n'))[0]?.code).toBe(
      'invalid-expression',
    );
  });

  it('checks JSON, patterns in linear time', async () => {
    expect(await bodyAfter('- jsonValidation: {schema: o.json}', '{"a": "aa"}', {}, head)).toBe('{"a": "aa"}');
    expect(await failureOf('- jsonValidation: {schema: o.json}', '{}', {}, head)).toBe('validation-failed');
    const start = process.threadCpuUsage();
    expect(await failureOf('- jsonValidation: {schema: o.json}', `{"a": "${'a'.repeat(20_000)}b"}`, {}, head)).toBe(
      'validation-failed',
    );
    expect(process.threadCpuUsage(start).user).toBeLessThan(5_000_000);
  });
});

describe('data stores and variables', () => {
  it('writes, gets, selects and deletes', async () => {
    const dataStore = new MemoryDataStore();
    await runNative(
      flowWith('- dataStoreWrite: {store: s, visibility: global, entryId: "${header.id}", includeHeaders: true}'),
      new Message({ headers: [['id', '1']], body: '<?xml version="1.0"?><a/>' }),
      { dataStore },
    );
    await runNative(flowWith('- dataStoreWrite: {store: s, visibility: global}'), '<b/>', { dataStore });
    expect([...dataStore.entries.keys()]).toEqual(['global/s/1', 'global/s/id-1']);
    expect(
      await bodyAfter('- dataStoreSelect: {store: s, visibility: global, maximumEntries: 5}', '', { dataStore }),
    ).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><messages><message id="1"><a/></message><message id="id-1"><b/></message></messages>',
    );
    expect(
      await bodyAfter('- dataStoreGet: {store: s, visibility: global, entryId: "1", deleteOnCompletion: true}', '', {
        dataStore,
      }),
    ).toContain('<a/>');
    expect([...dataStore.entries.keys()]).toEqual(['global/s/id-1']);
    await bodyAfter('- dataStoreDelete: {store: s, visibility: global, entryId: id-1}', '', { dataStore });
    expect(dataStore.entries.size).toBe(0);
  });

  it('refuses an id that is there, and one that is not', async () => {
    const dataStore = new MemoryDataStore();
    await bodyAfter('- dataStoreWrite: {store: s, entryId: a}', '', { dataStore });
    expect(await failureOf('- dataStoreWrite: {store: s, entryId: a}', '', { dataStore })).toBe('data-store-duplicate');
    expect(await failureOf('- dataStoreWrite: {store: s, entryId: a, overwrite: true}', '', { dataStore })).toBe(
      'COMPLETED',
    );
    expect(await failureOf('- dataStoreGet: {store: s, entryId: b}', '', { dataStore })).toBe('data-store-missing');
    expect(await failureOf('- dataStoreGet: {store: s, entryId: b, throwOnMissing: false}', '', { dataStore })).toBe(
      'COMPLETED',
    );
  });

  it('does not delete what it read when the message fails later', async () => {
    const dataStore = new MemoryDataStore();
    await bodyAfter('- dataStoreWrite: {store: s, entryId: a}', 'x', { dataStore });
    expect(
      await failureOf('- dataStoreGet: {store: s, entryId: a, deleteOnCompletion: true}\n- errorEnd: {}', '', {
        dataStore,
      }),
    ).toBe('error-end');
    expect(dataStore.entries.size).toBe(1);
  });

  it('writes variables', async () => {
    const variables = new MemoryVariables();
    await bodyAfter(
      '- writeVariables: {global: true, variables: {last: {xpath: "//Student[1]/Id"}, run: "${date:now:yyyy}"}}',
      STUDENTS,
      { variables },
    );
    expect(Object.fromEntries(variables.values)).toEqual({ 'global/last': '1', 'global/run': '2026' });
  });
});

describe('the mapping', () => {
  it('maps JSON with JSONata', async () => {
    const steps = '- mapping: {jsonata: \'{"total": $sum(items.(price * n)), "who": $headers.who}\'}';
    const message = new Message({
      headers: [['who', 'me']],
      body: '{"items": [{"price": 2, "n": 3}, {"price": 1, "n": 1}]}',
    });
    await runNative(flowWith(steps), message);
    expect(JSON.parse(message.text())).toEqual({ total: 7, who: 'me' });
  });

  it('refuses an expression that cannot be read, and fails typed at run time', async () => {
    expect(problemsOf(flowWith('- mapping: {jsonata: "{"}'))[0]?.code).toBe('invalid-expression');
    expect(await failureOf('- mapping: {jsonata: \'$number("x")\'}', '{}')).toBe('mapping-failed');
  });

  it('ends a mapping that does not end', async () => {
    expect(await failureOf("- mapping: {jsonata: '($f := function($n) { $f($n + 1) + 1 }; $f(1))'}", '{}')).toBe(
      'limit-exceeded',
    );
  });

  it('matches in linear time', async () => {
    const start = process.threadCpuUsage();
    expect(await bodyAfter("- mapping: {jsonata: '$contains(a, /^(a+)+$/)'}", `{"a": "${'a'.repeat(5_000)}b"}`)).toBe(
      'false',
    );
    expect(process.threadCpuUsage(start).user).toBeLessThan(5_000_000);
  });
});

describe('scripts, persist, log and the XML modifier', () => {
  it('hands the message and log to the script port', async () => {
    const head = 'scripts: {a.js: "function processData(m) { return m }"}\n';
    const script = {
      run: (request: {
        name: string;
        source: string;
        function: string;
        message: Message;
        log: {
          addCustomHeader(name: string, value: string): void;
          addAttachment(name: string, content: string, type: string): void;
        };
      }) => {
        request.message.body = `${request.name} ${request.function} ${request.source.length}`;
        request.log.addCustomHeader('Order', '7');
        request.log.addAttachment('payload', 'p', 'text/plain');
      },
    };
    const outcome = await runNative(flowWith('- script: {script: a.js}', head), '', { script });
    expect(outcome.message.text()).toBe('a.js processData 36');
    expect(outcome.customHeaders).toEqual([{ name: 'Order', value: '7' }]);
    expect(outcome.attachments).toEqual([{ name: 'payload', content: 'p', mediaType: 'text/plain' }]);
    expect(problemsOf(flowWith('- script: {script: b.js}'))[0]?.code).toBe('missing-resource');
  });

  it('persists a copy', async () => {
    const kept: [string, string, boolean][] = [];
    const persist = {
      persist: (id: string, message: Message, encrypt: boolean) => void kept.push([id, message.text(), encrypt]),
    };
    await bodyAfter('- persist: {storeId: "step-${header.x}"}\n- contentModifier: {body: later}', 'now', { persist });
    expect(kept).toEqual([['step-', 'now', true]]);
  });

  it('logs at its level', async () => {
    const yaml = flowWith('- log: {text: "got ${body}"}\n- log: {level: DEBUG, text: more, attachBody: true}');
    expect((await runNative(yaml, 'x')).log.map(({ text }) => text)).toEqual(['got x']);
    const debug = await runNative(yaml, 'x', {}, { logLevel: 'DEBUG' });
    expect([debug.log.length, debug.attachments.length]).toEqual([2, 1]);
    expect((await runNative(yaml, 'x', {}, { logLevel: 'NONE' })).log).toEqual([]);
  });

  it('logs no more than the log of one message may hold', async () => {
    const loop = (step: string) =>
      flowWith(
        '- processCall: {process: p, loop: {while: "true = true", maximumIterations: 99999}}',
        `processes: {p: {steps: [${step}]}}\n`,
      );
    const many = await runNative(loop('{log: {text: t}}'), 'x');
    expect([many.error?.code, many.log.length]).toEqual(['limit-exceeded', 10_000]);
    const large = await runNative(loop('{log: {text: t, attachBody: true}}'), 'x'.repeat(1_000_000));
    expect([large.error?.code, large.attachments.length]).toEqual(['limit-exceeded', 16]);
  });

  it('removes declaration and external document type', async () => {
    const xml = '<?xml version="1.0"?>\n<!DOCTYPE cXML SYSTEM "http://x/y.dtd">\n<cXML/>';
    expect(await bodyAfter('- xmlModifier: {removeXmlDeclaration: true, removeExternalDtd: true}', xml)).toBe(
      '<cXML/>',
    );
    expect(await bodyAfter('- xmlModifier: {removeXmlDeclaration: true}', xml)).toBe(
      '<!DOCTYPE cXML SYSTEM "http://x/y.dtd">\n<cXML/>',
    );
  });

  it('transforms with a stylesheet that gets headers as parameters', async () => {
    const xsl =
      '<xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:param name="who"/><xsl:template match="/"><o by="{$who}"><xsl:value-of select="count(//Student)"/></o></xsl:template></xsl:stylesheet>';
    const message = new Message({ headers: [['who', 'me']], body: STUDENTS });
    await runNative(flowWith('- xslt: {stylesheet: a.xsl}', `resources:\n  a.xsl: '${xsl}'\n`), message);
    expect(message.text()).toBe('<?xml version="1.0" encoding="UTF-8"?><o by="me">2</o>');
  });
});
