import { Metrics } from '@sluice/service-shell';
import { exchangeBytes, TestAuthority, until, type TestCertificate } from '@sluice/testing';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { NoteUnreadable, type UnreadableReason } from './note-unreadable.js';
import { ServedFlow } from '../front-door/testing/served-flow.js';
import { onUnreadable } from './unreadable-request.js';

describe('a request that is refused before a decision', () => {
  let root: TestAuthority;
  let server: TestCertificate;
  let sender: TestCertificate;
  const endings: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    root = await TestAuthority.root({ subject: 'CN=Root' });
    server = await root.leaf({
      subject: 'CN=localhost',
      extendedKeyUsage: ['serverAuth'],
      subjectAltNames: ['localhost'],
    });
    sender = await root.leaf({ subject: 'CN=shop' });
  });

  afterEach(async () => {
    for (const end of endings.splice(0)) await end();
  });

  it.each<[string, UnreadableReason, string]>([
    ['no HTTP', 'malformed', 'secret-of-a-sender\r\n\r\n'],
    [
      'two Content-Length',
      'malformed',
      'POST /http/o HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    ],
    [
      'a head of 40 kB',
      'head-too-large',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX-Secret: ${'s'.repeat(40_000)}\r\n\r\n`,
    ],
    [
      'more header lines than allowed',
      'head-too-large',
      `GET / HTTP/1.1\r\nHost: localhost\r\n${'X: 1\r\n'.repeat(500)}\r\n`,
    ],
    ['a body that does not come', 'timeout', 'POST /http/o HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n'],
    ['CONNECT', 'connect', 'CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['HTTP/2.0', 'version', 'GET / HTTP/2.0\r\nHost: localhost\r\n\r\n'],
    [
      'a transfer coding',
      'transfer-coding',
      'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    ],
    ['two hosts', 'host', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: secret.example\r\n\r\n'],
    ['another host', 'misdirected', 'GET / HTTP/1.1\r\nHost: secret.example\r\n\r\n'],
    ['a path in another form', 'path', 'GET /http/%6f/../secret HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('is counted as what it was: %s', async (_what, reason, bytes) => {
    const served = await ServedFlow.start({
      flow: 'name: f\nsender: {adapter: HTTPS, address: /o}\nsteps: []\n',
      root,
      server,
      sender,
      ...(reason === 'timeout' ? { requestTimeoutMs: 100 } : {}),
    });
    endings.push(() => served[Symbol.asyncDispose]());
    const metrics = new Metrics();
    const lines: string[] = [];
    const note = new NoteUnreadable(
      metrics.counter('sluice_requests_unreadable_total', 'x', ['reason']),
      (fields) => void lines.push(JSON.stringify(fields)),
      () => 0,
    );
    onUnreadable(served.server, (request) => note.note(request));
    served.onUnreadable = (request) => note.note(request);
    await exchangeBytes(bytes, {
      url: `https://localhost:${served.port}`,
      trusts: root.pem,
      certificate: sender.chainPem,
      key: sender.key.pem,
    });
    await until(() => lines.length > 0, { what: 'the line' });
    expect(await metrics.render()).toContain(`sluice_requests_unreadable_total{reason="${reason}"} 1\n`);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('127.0.0.1');
    expect(lines[0]).not.toContain('secret');
  });
});

describe('what is logged of requests that cannot be read', () => {
  it('is a line for each reason every ten seconds, however many there are, and all are counted', async () => {
    const metrics = new Metrics();
    const lines: object[] = [];
    let now = 0;
    const note = new NoteUnreadable(
      metrics.counter('unreadable', 'x', ['reason']),
      (fields) => void lines.push(fields),
      () => now,
    );
    const malformed = { reason: 'malformed', address: '10.0.0.1' } as const;
    for (let count = 0; count < 1_000; count++) note.note(malformed);
    note.note({ reason: 'client-cert', address: '10.0.0.2', detail: 'x'.repeat(10_000) });
    now = 9_999;
    note.note(malformed);
    now = 10_000;
    note.note(malformed);
    expect(lines).toEqual([
      { ...malformed, count: 1 },
      { reason: 'client-cert', address: '10.0.0.2', count: 1, detail: 'x'.repeat(200) },
      { ...malformed, count: 1_001 },
    ]);
    expect(await metrics.render()).toContain('unreadable{reason="malformed"} 1002\n');
  });
});
