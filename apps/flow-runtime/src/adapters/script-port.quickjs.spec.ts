import { afterAll, describe, expect, it } from '@jest/globals';
import { compileFlow, FlowProcessingError, Message, readFlowDefinition, runFlow } from '@sluice/flow-engine';
import { QuickJsScripts } from './script-port.quickjs.js';

const faults: unknown[] = [];
const make = (more: Partial<ConstructorParameters<typeof QuickJsScripts>[0]> = {}) =>
  new QuickJsScripts({
    threads: 2,
    timeLimitMs: 10_000,
    memoryLimitBytes: 64 * 1024 * 1024,
    onFault: (error) => void faults.push(error),
    ...more,
  });
const scripts = make();
/** Gives a script little time, so that a test of it does not take long. */
const hurried = make({ timeLimitMs: 300 });
afterAll(async () => {
  await Promise.all([scripts.stop(), hurried.stop()]);
  expect(faults).toEqual([]);
});

interface Logged {
  readonly attachments: string[][];
  readonly headers: string[][];
  readonly properties: string[][];
}

async function runScript(
  source: string,
  init: ConstructorParameters<typeof Message>[0] = {},
  options: { by?: QuickJsScripts; function?: string } = {},
): Promise<{ message: Message; log: Logged }> {
  const message = new Message(init);
  const log: Logged = { attachments: [], headers: [], properties: [] };
  await (options.by ?? scripts).run({
    name: 'script1.js',
    source,
    function: options.function ?? 'processData',
    message,
    log: {
      addAttachment: (...values) => void log.attachments.push(values),
      addCustomHeader: (...values) => void log.headers.push(values),
      setProperty: (...values) => void log.properties.push(values),
    },
  });
  return { message, log };
}

const bodyOf = async (expression: string, init: ConstructorParameters<typeof Message>[0] = {}) =>
  (
    await runScript(`function processData(message) { message.setBody(${expression}); return message; }`, init)
  ).message.text();

/** The template the reference product puts into every new script. */
const template = `
importClass(com.sap.gateway.ip.core.customdev.util.Message);
importClass(java.util.HashMap);
function processData(message) {
  //Body
  var body = message.getBody();
  message.setBody(body + " Body is modified");
  //Headers
  var map = message.getHeaders();
  var value = map.get("oldHeader");
  message.setHeader("oldHeader", value + " modified");
  message.setHeader("newHeader", "headerValue");
  //Properties
  map = message.getProperties();
  value = map.get("oldProperty");
  message.setProperty("oldProperty", value + " modified");
  message.setProperty("newProperty", "script");
  return message;
}`;

describe('a script', () => {
  it('runs the reference’s template as it is', async () => {
    const { message } = await runScript(template, {
      body: Buffer.from('Grüße'),
      headers: [['OLDHEADER', 'h']],
      properties: [['oldProperty', 'p']],
    });
    expect(message.text()).toBe('Grüße Body is modified');
    expect([...message.headers]).toEqual([
      ['OLDHEADER', 'h modified'],
      ['newHeader', 'headerValue'],
    ]);
    expect(Object.fromEntries(message.properties)).toEqual({ oldProperty: 'p modified', newProperty: 'script' });
  });

  it('leaves the message as it is when it changes nothing', async () => {
    const body = Uint8Array.of(0, 255, 128);
    const { message } = await runScript('const processData = (message) => message;', { body });
    expect(message.body).toBe(body);
  });

  it('fails when it looks at a body that is no text, and may set another', async () => {
    const body = Uint8Array.of(65, 255);
    await expect(runScript('const processData = (message) => void message.getBody();', { body })).rejects.toThrow(
      'not UTF-8: it cannot be read from byte 1 on',
    );
    const { message } = await runScript(
      "const processData = (message) => { message.setBody('a'); message.setHeader('s', message.getBody()); };",
      { body },
    );
    expect([message.body, message.headers.get('s')]).toEqual(['a', 'a']);
  });

  it('sees headers whatever their case, and removes what it removes from the map', async () => {
    const { message } = await runScript(
      `function processData(message) {
        const headers = message.getHeaders();
        headers.remove('a'); headers.put('N', 1); message.getProperties().clear();
        message.setBody([headers.get('x-b'), headers.containsKey('A'), headers.size(), headers.keySet().join()].join(' '));
      }`,
      {
        headers: [
          ['A', '1'],
          ['X-B', '2'],
        ],
        properties: [['p', 'q']],
      },
    );
    expect(message.text()).toBe('2 false 2 X-B,N');
    expect([[...message.headers], message.properties.size]).toEqual([
      [
        ['X-B', '2'],
        ['N', 1],
      ],
      0,
    ]);
  });

  it('writes to the message log', async () => {
    const { log } = await runScript(
      `function processData(message) {
      var log = messageLogFactory.getMessageLog(message);
      log.addAttachmentAsString('Payload', message.getBody(java.lang.String), 'text/plain');
      log.addCustomHeaderProperty('OrderId', '4711');
      log.setStringProperty('Step', 'mapping');
      messageLog.setStringProperty('Direct', 'too');
    }`,
      { body: '<o/>' },
    );
    expect(log).toEqual({
      attachments: [['Payload', '<o/>', 'text/plain']],
      headers: [['OrderId', '4711']],
      properties: [
        ['Step', 'mapping'],
        ['Direct', 'too'],
      ],
    });
  });

  it('works with dates, regular expressions, JSON, Unicode and Base64', async () => {
    expect(
      await bodyOf('JSON.stringify({d: new Date(0).toISOString(), r: "a-b".replace(/-/g, "+"), u: "ä😀".length})'),
    ).toBe('{"d":"1970-01-01T00:00:00.000Z","r":"a+b","u":3}');
    for (const text of ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar', '\xff\x00\x80'])
      expect(
        await bodyOf(
          `btoa(${JSON.stringify(text)}) + '|' + (atob(btoa(${JSON.stringify(text)})) === ${JSON.stringify(text)})`,
        ),
      ).toBe(`${Buffer.from(text, 'latin1').toString('base64')}|true`);
  });

  it('runs the function the step names, and waits for its promise', async () => {
    const { message } = await runScript(
      `async function other(message) { await null; message.setBody('later'); }`,
      {},
      { function: 'other' },
    );
    expect(message.text()).toBe('later');
    await expect(runScript('async function processData() { await null; throw new Error("late"); }')).rejects.toThrow(
      'Error: late',
    );
    await expect(runScript('function a() {}', {}, { function: 'b' })).rejects.toThrow('defines no function b');
    await expect(runScript('function a() {}', {}, { function: '(() => 1)' })).rejects.toThrow('defines no function');
  });

  it('keeps nothing from one message to the next', async () => {
    const count = `var n = (globalThis.n ?? 0) + 1; globalThis.n = n; String.prototype.mine = n;
      function processData(message) { message.setBody(n + '' + ''.mine); }`;
    for (let run = 0; run < 4; run++) expect((await runScript(count)).message.text()).toBe('11');
  });

  it('has nothing but the language and the message: no IO, no import, no host', async () => {
    expect(
      await bodyOf(
        `['process', 'require', 'fetch', 'XMLHttpRequest', 'std', 'os', 'setTimeout', 'WebAssembly', 'Worker', 'Deno', 'module'].filter((name) => name in globalThis).join()`,
      ),
    ).toBe('');
    await expect(runScript(`import('fs'); function processData() {}`)).resolves.toBeDefined();
    await expect(runScript(`async function processData() { await import('node:fs'); }`)).rejects.toThrow(
      'could not load module',
    );
    await expect(
      runScript(`function processData(m) { m.setBody(m.getBody.constructor('return typeof process')()); }`),
    ).resolves.toMatchObject({ message: { body: 'undefined' } });
  });

  it('says what failed with the line of the script, and which Java class it would have needed', async () => {
    const failure = runScript(`\n\nfunction processData(message) {\n  message.nothing();\n}`);
    await expect(failure).rejects.toBeInstanceOf(FlowProcessingError);
    await expect(failure).rejects.toMatchObject({
      code: 'script-failed',
      message: expect.stringMatching(/script1\.js" failed: TypeError: .*\(line 4\)/) as unknown as string,
    });
    await expect(runScript('function processData() { new java.text.SimpleDateFormat("yyyy"); }')).rejects.toThrow(
      'java.text.SimpleDateFormat is a Java class',
    );
    await expect(runScript('function processData() { throw "plain"; }')).rejects.toThrow('plain');
  });
});

describe('a script that does harm', () => {
  it.each([
    ['loops', 'for (;;);', 'longer than 300 ms'],
    ['loops in what runs afterwards', 'Promise.resolve().then(() => { for (;;); });', 'longer than 300 ms'],
    ['matches a regular expression without end', `/^(a+)+$/.test('a'.repeat(40) + 'b');`, 'longer than 300 ms'],
    ['catches its own end', 'for (;;) { try { for (;;); } catch (e) { } }', 'longer than 300 ms'],
  ])('is ended when it %s', async (_, statements, message) => {
    await expect(runScript(`function processData() { ${statements} }`, {}, { by: hurried })).rejects.toMatchObject({
      code: 'script-failed',
      message: expect.stringContaining(message) as unknown as string,
    });
  });

  it.each([
    ['eats memory', `for (;;) all.push(all.slice(), 'x'.repeat(1000) + all.length);`],
    ['works long inside one built-in function', `new Array(1e8).fill(1);`],
    ['doubles a text', `let t = 'aaaaaaaaaa'; for (;;) { t = t + t; all.push(t); }`],
    ['asks for one great buffer', `new ArrayBuffer(1e9);`],
    ['calls itself', `(function f() { f(); })();`],
    ['nests an answer without end', `let o = {}; for (let i = 0; i < 1e5; i++) o = {o}; m.setBody(o);`],
    ['repeats a text beyond all limits', `m.setBody('x'.repeat(2 ** 30 - 1));`],
  ])(
    'is ended when it %s, and the next one runs',
    async (_, statements) => {
      const failure = runScript(`const all = []; function processData(m) { ${statements} }`, {}, { by: hurried });
      await expect(failure).rejects.toMatchObject({ code: 'script-failed' });
      expect(await bodyOf('1 + 1')).toBe('2');
    },
    30_000,
  );

  it('does not stop the thread that serves requests', async () => {
    let turns = 0;
    const turning = setInterval(() => turns++, 5);
    await runScript('function processData() { for (;;); }', {}, { by: hurried }).catch(() => undefined);
    clearInterval(turning);
    expect(turns).toBeGreaterThan(1);
  });
});

describe('scripts of a flow', () => {
  const yaml = (source: string) => `name: scripted
sender: {adapter: HTTPS, address: /s}
scripts: {a.js: ${JSON.stringify(source)}}
steps: [{script: {script: a.js}}]
`;

  it('are refused at deployment with the line, before anything is run', async () => {
    const definitionOf = (source: string) =>
      readFlowDefinition({ mediaType: 'application/yaml', content: Buffer.from(yaml(source)) }).definition;
    expect(await scripts.check(definitionOf('for (;;); function processData() {}'))).toEqual([]);
    expect(await scripts.check(definitionOf('function processData() {\n  let a = ;\n}'))).toEqual([
      expect.objectContaining({ path: 'scripts.a.js', code: 'syntax', line: 2 }),
    ]);
    expect(await scripts.check(definitionOf('('.repeat(100_000)))).toHaveLength(1);
    expect(await scripts.check(definitionOf('def processData(Message m) { m }'))).toHaveLength(1);
  });

  it('run as a step', async () => {
    const { definition } = readFlowDefinition({
      mediaType: 'application/yaml',
      content: Buffer.from(yaml(`function processData(m) { m.setBody(m.getBody().toUpperCase()); }`)),
    });
    const outcome = await runFlow(compileFlow(definition), new Message({ body: 'x' }), {
      now: () => 0,
      newId: () => 'id',
      script: scripts,
    });
    expect([outcome.status, outcome.message.text()]).toEqual(['COMPLETED', 'X']);
  });
});
