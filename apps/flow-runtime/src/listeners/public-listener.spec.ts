import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Sender, sha256Hex, TestAuthority, visit, type TestCertificate, type VisitOptions } from '@sluice/testing';
import { type ListenerLimits, SentChains, tlsSettings } from '@sluice/service-shell';
import { execFile, spawnSync } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { ReadCaller } from '../client-certificates/caller-certificate.js';
import { PublicListener } from './public-listener.js';

interface Seen {
  readonly leaf?: string;
  readonly chain?: string[];
  readonly note?: string;
}

const limits: ListenerLimits = {
  handshakeTimeout: 10_000,
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 1_000,
};

/** Answers with who the caller is. */
const mirror = {
  handle(request: IncomingMessage, response: ServerResponse, readCaller: ReadCaller): void {
    const caller = readCaller(request);
    const seen: Seen = caller
      ? {
          leaf: caller.sha256,
          chain: caller.chain().map((der) => sha256Hex(der)),
          ...(caller.note ? { note: caller.note.check } : {}),
        }
      : {};
    request.resume().on('end', () => response.end(JSON.stringify(seen)));
  },
};

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('the public listener', () => {
  let serverRoot: TestAuthority;
  let root: TestAuthority;
  let issuing: TestAuthority;
  let sender: TestCertificate;
  let identity: TestCertificate;
  beforeAll(async () => {
    serverRoot = await TestAuthority.root({ subject: 'CN=Server Root' });
    identity = await serverRoot.leaf({
      subject: 'CN=localhost',
      extendedKeyUsage: ['serverAuth'],
      subjectAltNames: ['localhost', '127.0.0.1'],
    });
    root = await TestAuthority.root({ subject: 'CN=Partner Root' });
    issuing = await root.intermediate({ subject: 'CN=Partner Issuing' });
    sender = await issuing.leaf({ subject: 'CN=sender' });
  });

  const opened: Server[] = [];
  async function open(server: Server): Promise<string> {
    opened.push(server);
    return `https://localhost:${await portOf(server)}`;
  }
  async function listening(chains = new SentChains(() => 0), identities = [identity], rememberedSessions?: number) {
    const listener = new PublicListener(
      identities.map(({ chainPem, key }) => ({ certificateChain: chainPem, privateKey: key.pem })),
      mirror,
      limits,
      chains,
      rememberedSessions,
    );
    listener.nameRoots([root.pem]);
    return { listener, url: await open(listener.server) };
  }
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });

  const call = async (url: string, options: Partial<VisitOptions> = {}) => {
    const made = await visit({
      url,
      trusts: serverRoot.pem,
      certificate: sender.chainPem,
      key: sender.key.pem,
      ...options,
    });
    return { ...made, seen: made.status === 200 ? (JSON.parse(made.text) as Seen) : {} };
  };
  const chain = () => [issuing.certificate.sha256, root.certificate.sha256];

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('with %s', (version) => {
    it('resumes a session, and knows the leaf and the chain of the full handshake', async () => {
      const { url } = await listening();
      const first = await call(url, { version });
      expect([first.resumed, first.seen]).toEqual([false, { leaf: sender.sha256, chain: chain() }]);
      const second = await call(url, { version, session: first.session });
      expect([second.resumed, second.seen]).toEqual([true, first.seen]);
    });

    it('attack 02: makes a full handshake once the trust list is another', async () => {
      const { listener, url } = await listening();
      const { session } = await call(url, { version });
      const other = await TestAuthority.root({ subject: 'CN=Other Root' });
      listener.nameRoots([root.pem, other.pem]);
      const added = await call(url, { version, session });
      expect([added.resumed, added.seen.leaf]).toEqual([false, sender.sha256]);
      listener.nameRoots([other.pem]);
      expect((await call(url, { version, session: added.session })).resumed).toBe(false);
      // Back to the first list: what was given out under it stays worthless.
      listener.nameRoots([root.pem]);
      expect((await call(url, { version, session })).resumed).toBe(false);
    });

    it('resumes on when the same list comes again, in whatever order', async () => {
      const { listener, url } = await listening();
      const other = await TestAuthority.root({ subject: 'CN=Other Root' });
      listener.nameRoots([root.pem, other.pem]);
      const { session } = await call(url, { version });
      listener.nameRoots([other.pem, root.pem, root.pem]);
      expect((await call(url, { version, session })).resumed).toBe(true);
    });

    it('makes a full handshake when the ticket keys were renewed', async () => {
      const { listener, url } = await listening();
      const { session } = await call(url, { version });
      listener.renewTicketKeys();
      expect((await call(url, { version, session })).resumed).toBe(false);
    });

    it('attack 01: resumes no session of another trust configuration, though the ticket keys were the same', async () => {
      const [here, there] = [await listening(), await listening()];
      const other = await TestAuthority.root({ subject: 'CN=Other Root' });
      there.listener.nameRoots([other.pem]);
      there.listener.server.setTicketKeys(here.listener.server.getTicketKeys());
      const { session } = await call(there.url, { version });
      expect((await call(there.url, { version, session })).resumed).toBe(true);
      const made = await call(here.url, { version, session });
      expect([made.resumed, made.seen.leaf]).toEqual([false, sender.sha256]);
    });

    it('attack 03: makes a full handshake for a ticket from before certificates were demanded', async () => {
      const { listener, url } = await listening();
      const before = createServer(
        {
          ...tlsSettings,
          cert: identity.chainPem,
          key: identity.key.pem,
          requestCert: false,
          ticketKeys: listener.server.getTicketKeys(),
        },
        (_request, response) => response.end('{}'),
      );
      const beforeUrl = await open(before);
      const { session } = await call(beforeUrl, { version });
      expect((await call(beforeUrl, { version, session })).resumed).toBe(true);
      const made = await call(url, { version, session });
      expect([made.resumed, made.seen.leaf]).toEqual([false, sender.sha256]);
    });

    it('attack 03: gives a session without a certificate none when it is resumed by somebody who has one', async () => {
      const { url } = await listening();
      const anonymous = await call(url, { version, certificate: undefined, key: undefined });
      expect(anonymous.seen).toEqual({});
      const resumed = await call(url, { version, session: anonymous.session });
      expect([resumed.resumed, resumed.seen]).toEqual([true, {}]);
    });

    it('attack 07: treats a ClientHello in fragments as one in one piece', async () => {
      const { url } = await listening();
      const whole = await call(url, { version });
      for (const fragmentBytes of [7, 64, 200]) {
        const inFragments = await call(url, { version, fragmentBytes });
        expect([fragmentBytes, inFragments.seen]).toEqual([fragmentBytes, whole.seen]);
        const anonymous = await call(url, { version, fragmentBytes, certificate: undefined, key: undefined });
        expect([anonymous.status, anonymous.seen]).toEqual([200, {}]);
        const resumed = await call(url, { version, fragmentBytes, session: inFragments.session });
        expect([resumed.resumed, resumed.seen]).toEqual([true, whole.seen]);
      }
    });
  });

  it('takes the chain in any order, with and without the root', async () => {
    const { url } = await listening();
    const [middle, top] = [issuing.pem, root.pem];
    for (const sent of [middle + top, top + middle, middle]) {
      const made = await call(url, { certificate: sender.pem + sent });
      expect(made.seen.leaf).toBe(sender.sha256);
      expect(made.seen.chain).toContain(issuing.certificate.sha256);
    }
    expect((await call(url, { certificate: sender.pem })).seen).toEqual({ leaf: sender.sha256, chain: [] });
  });

  it('says so when a resumed session is all there is, and the chain is no longer remembered', async () => {
    const chains = new SentChains(() => 0, 0);
    const { url } = await listening(chains);
    const first = await call(url);
    expect(first.seen.note).toBeUndefined();
    const resumed = await call(url, { session: first.session });
    expect([resumed.resumed, resumed.seen]).toEqual([true, { leaf: sender.sha256, chain: [], note: 'session' }]);
  });

  const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
  // In CI nothing is skipped: without it the test fails.
  const withOpenssl = hasOpenssl || process.env['CI'] === 'true' ? it : it.skip;
  const namesOf = (port: string) =>
    new Promise<string>((resolve, reject) => {
      execFile(
        'openssl',
        ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-tls1_2'],
        { timeout: 10_000 },
        (error, stdout) => (error && !stdout ? reject(error) : resolve(stdout)),
      ).stdin?.end();
    });

  withOpenssl('attack 26: names nobody with an empty list, least of all the roots of the system', async () => {
    const { listener, url } = await listening();
    const { port } = new URL(url);
    expect(await namesOf(port)).toMatch(/Acceptable client certificate CA names\nCN ?= ?Partner Root\n/);
    listener.nameRoots([]);
    expect(await namesOf(port)).toContain('No client certificate CA names sent');
  });

  withOpenssl(
    'names none when their names are longer than every client takes, and all again once they fit',
    async () => {
      const { listener, url } = await listening();
      const { port } = new URL(url);
      const many = await Promise.all(
        Array.from({ length: 70 }, (_, index) =>
          TestAuthority.root({
            subject: `CN=Partner Primary Root ${index},OU=${'Certification Authority '.repeat(6)},C=DE`,
          }),
        ),
      );
      const fitting = many.slice(0, 55);
      listener.nameRoots(fitting.map(({ pem }) => pem));
      expect(listener.namesRoots).toBe(true);
      const { session } = await call(url, { version: 'TLSv1.3' });
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        listener.nameRoots([root.pem, ...many.map(({ pem }) => pem)]);
        expect(listener.namesRoots).toBe(false);
        expect(await namesOf(port)).toContain('No client certificate CA names sent');
        const made = await call(url, { version });
        expect(made.seen).toEqual({ leaf: sender.sha256, chain: chain() });
      }
      // What was given out under another list is worth nothing, though neither names anybody now.
      expect((await call(url, { version: 'TLSv1.3', session })).resumed).toBe(false);
      listener.nameRoots([root.pem]);
      expect(await namesOf(port)).toContain('Acceptable client certificate CA names');
    },
  );

  it('keeps the roots it named when one of the new ones cannot be read', async () => {
    const { listener, url } = await listening();
    const { session } = await call(url);
    expect(() => listener.nameRoots(['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])).toThrow();
    expect((await call(url, { session })).resumed).toBe(true);
  });

  describe('with several host names', () => {
    let orders: TestCertificate;
    let invoices: TestCertificate;

    beforeAll(async () => {
      const server = (name: string, ...others: string[]) =>
        serverRoot.leaf({
          subject: `CN=${name}`,
          extendedKeyUsage: ['serverAuth'],
          subjectAltNames: [name, ...others],
        });
      orders = await server('orders.example', '*.orders.example');
      invoices = await server('invoices.example');
    });

    it('shows each its certificate by SNI, and the first where no name or an unknown one is sent', async () => {
      const { url } = await listening(undefined, [orders, invoices]);
      const shown = async (serverName: string | null) =>
        (await call(url, { serverName, host: serverName ?? 'orders.example' })).serverCertificate;
      expect(await shown('orders.example')).toBe(orders.sha256);
      expect(await shown('eu.orders.example')).toBe(orders.sha256);
      expect(await shown('invoices.example')).toBe(invoices.sha256);
      expect(await shown('unknown.example')).toBe(orders.sha256);
      expect(await shown(null)).toBe(orders.sha256);
    });

    it.each(['INVOICES.example', 'iNvOiCeS.ExAmPlE'])(
      'attack 04: takes the SNI %s for what it is in lower case: same certificate, same policy',
      async (serverName) => {
        const { url } = await listening(undefined, [orders, invoices]);
        const plain = await call(url, { serverName: 'invoices.example' });
        const folded = await call(url, { serverName });
        expect([folded.serverCertificate, folded.status, folded.seen]).toEqual([
          invoices.sha256,
          200,
          { leaf: sender.sha256, chain: chain() },
        ]);
        expect(folded.seen).toEqual(plain.seen);
        const anonymous = await call(url, { serverName, certificate: undefined, key: undefined });
        expect([anonymous.status, anonymous.seen]).toEqual([200, {}]);
        expect((await call(url, { serverName, host: 'orders.example' })).status).toBe(421);
      },
    );

    it.each([
      ['invoices.example.', 'invoices.example.'],
      ['invoices.example', 'invoices.example.'],
      ['invoices.example.', 'invoices.example'],
      ['invoices.example', 'INVOICES.example.:8443'],
    ])('attack 05: takes the server name %s and the host %s for the same', async (serverName, host) => {
      const { url } = await listening(undefined, [orders, invoices]);
      const made = await call(url, { serverName, host });
      expect([made.serverCertificate, made.status, made.seen.leaf]).toEqual([invoices.sha256, 200, sender.sha256]);
      expect((await call(url, { serverName, host: 'orders.example.' })).status).toBe(421);
    });

    it.each([
      ['orders.example', 'invoices.example'],
      ['invoices.example', 'orders.example'],
      ['invoices.example', 'eu.orders.example:443'],
      ['invoices.example', 'unknown.example'],
      ['invoices.example', 'invoices.example.attacker.example'],
      ['invoices.example', 'invoices.example@orders.example'],
      ['unknown.example', 'orders.example'],
      ['invoices.example', ''],
      [null, 'invoices.example'],
    ])('attack 06: answers 421 when the server name is %s and the host %s', async (serverName, host) => {
      const { url } = await listening(undefined, [orders, invoices]);
      const made = await call(url, { serverName, host });
      expect([made.status, made.text]).toEqual([
        421,
        '{"type":"about:blank","title":"Misdirected Request","status":421,"detail":"The request is for another host than the connection was made to."}',
      ]);
    });

    it('attack 06: takes every name of one certificate for one host', async () => {
      const { url } = await listening();
      for (const host of ['localhost', 'LOCALHOST:8443', '127.0.0.1', '127.0.0.1:1'])
        expect([host, (await call(url, { serverName: 'localhost', host })).status]).toEqual([host, 200]);
      expect((await call(url, { serverName: null, host: '127.0.0.1' })).status).toBe(200);
      expect((await call(url, { serverName: null, host: '10.0.0.7' })).status).toBe(200);
      expect((await call(url, { serverName: 'localhost', host: 'other.example' })).status).toBe(421);
    });

    it.each(['TLSv1.2', 'TLSv1.3'] as const)(
      'attacks 01 and 45: a session of one host gives nothing at another that a full handshake would not (%s)',
      async (version) => {
        const { url } = await listening(undefined, [orders, invoices]);
        for (const made of ['orders.example', 'invoices.example', null]) {
          const { session } = await call(url, { version, serverName: made, host: made ?? 'orders.example' });
          for (const host of ['orders.example', 'invoices.example', 'unknown.example']) {
            const full = await call(url, { version, serverName: made, host });
            const resumed = await call(url, { version, session, serverName: made, host });
            expect([made, host, resumed.resumed, resumed.status]).toEqual([made, host, true, full.status]);
          }
        }
      },
    );

    it('attack 45: a session whose name is forgotten is not resumed', async () => {
      const { listener, url } = await listening(undefined, [orders, invoices], 2);
      const version = 'TLSv1.2';
      const visitInvoices = (session?: Buffer) =>
        call(url, { version, session, serverName: 'invoices.example', host: 'invoices.example' });
      const { session } = await visitInvoices();
      await visitInvoices();
      expect((await visitInvoices(session)).resumed).toBe(true);
      await visitInvoices();
      expect((await visitInvoices(session)).resumed).toBe(false);
      expect(listener.server.listening).toBe(true);
    });
  });

  it('shows a renewed certificate from the next handshake on, and serves the connections that are open', async () => {
    const { listener, url } = await listening();
    using open = new Sender({ url, trusts: serverRoot.pem, certificate: sender.chainPem, key: sender.key.pem });
    const before = await open.send('/');
    const renewed = await serverRoot.leaf({
      subject: 'CN=localhost',
      extendedKeyUsage: ['serverAuth'],
      subjectAltNames: ['localhost'],
    });
    const { session } = await call(url);
    listener.showIdentities([{ certificateChain: renewed.chainPem, privateKey: renewed.key.pem }]);
    const after = await open.send('/');
    expect([after.status, after.connection, after.sameConnection]).toEqual([200, before.connection, true]);
    expect((await call(url)).serverCertificate).toBe(renewed.sha256);
    expect((await call(url, { session })).resumed).toBe(false);
  });

  it('goes on with the certificate it has when it is given one that does not fit its key', async () => {
    const { listener, url } = await listening();
    const other = await serverRoot.leaf({ subject: 'CN=other', extendedKeyUsage: ['serverAuth'] });
    expect(() =>
      listener.showIdentities([{ certificateChain: other.chainPem, privateKey: identity.key.pem }]),
    ).toThrow();
    expect((await call(url)).serverCertificate).toBe(identity.sha256);
  });
});
