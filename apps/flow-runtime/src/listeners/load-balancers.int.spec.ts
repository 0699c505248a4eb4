import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sha256Hex, visit, type TestCertificate } from '@sluice/testing';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ReadCaller } from '../client-certificates/caller-certificate.js';
import { claimsIdentity } from '../front-door/identity-headers.js';
import { MalformedClientCert } from '../client-certificates/malformed-client-cert.js';
import { respondWithProblem } from './problem-response.js';
import { describeWith, Front, FrontPki, loadBalancers } from './testing/load-balancers.js';

interface Seen {
  readonly leaf?: string;
  readonly chain: string[];
  readonly path: string;
  /** Names of the headers that claim an identity. */
  readonly claims: string[];
}

/** Answers with what came through. */
const mirror = {
  handle(request: IncomingMessage, response: ServerResponse, readCaller: ReadCaller): void {
    try {
      const caller = readCaller(request);
      const seen: Seen = {
        ...(caller ? { leaf: caller.sha256 } : {}),
        chain: (caller?.chain() ?? []).map((der) => sha256Hex(der)),
        path: request.url ?? '',
        claims: Object.keys(request.headers).filter((name) => claimsIdentity(name) || name.includes('_')),
      };
      const body = JSON.stringify(seen);
      const head = { 'content-length': Buffer.byteLength(body) };
      request.resume().on('end', () => response.writeHead(caller ? 200 : 401, head).end(body));
    } catch (error) {
      if (!(error instanceof MalformedClientCert)) throw error;
      respondWithProblem(response, 400, { detail: error.message });
    }
  },
};

for (const balancer of Object.values(loadBalancers)) {
  describeWith(balancer, 'with the configuration in deploy', (program) => {
    let pki: FrontPki;
    let sender: TestCertificate;
    let front: Front;

    beforeAll(async () => {
      pki = await FrontPki.create();
      sender = await pki.issuing.leaf({ subject: 'CN=sender' });
      front = await Front.start({ balancer, program, pki, handler: mirror });
    }, 60_000);

    afterAll(() => front.stop());

    const call = (as: TestCertificate | undefined, headers: readonly string[] = [], path = '/http/orders') =>
      visit({
        url: front.url,
        trusts: pki.serverRoot.pem,
        certificate: as?.chainPem,
        key: as?.key.pem,
        headers,
        path,
        body: 'x',
      });

    it('hands the sender’s certificate to the flow runtime', async () => {
      const { status, text } = await call(sender);
      const seen = JSON.parse(text) as Seen;
      expect([status, seen.leaf, seen.path]).toEqual([200, sender.sha256, '/http/orders']);
      if (balancer.passesChain) expect(seen.chain).toContain(pki.issuing.certificate.sha256);
    });

    it('hands over a certificate that came alone, without a chain', async () => {
      const alone = await pki.partner.leaf({ subject: 'CN=alone' });
      const { status, text } = await visit({
        url: front.url,
        trusts: pki.serverRoot.pem,
        certificate: alone.pem,
        key: alone.key.pem,
      });
      expect([status, (JSON.parse(text) as Seen).leaf]).toEqual([200, alone.sha256]);
    });

    it('says nothing of a sender without a certificate', async () => {
      const { status, text } = await call(undefined);
      expect([status, JSON.parse(text)]).toEqual([401, { chain: [], path: '/http/orders', claims: [] }]);
    });

    it('attack 08: lets no header through in which a sender claims a certificate, in whatever spelling', async () => {
      const base64 = Buffer.from(sender.der).toString('base64');
      const escaped = encodeURIComponent(sender.pem);
      const claims = [
        `Client-Cert: :${base64}:`,
        `client-cert: :${base64}:`,
        `Client_Cert: :${base64}:`,
        `Client.Cert: :${base64}:`,
        `Client-Cert-Chain: :${base64}:`,
        `X-Forwarded-Client-Cert: Cert="${escaped}"`,
        `X-Forwarded-Client-Cert: ${base64}`,
        `X_Forwarded_Client_Cert: ${base64}`,
        `X-SSL-Client-Cert: ${escaped}`,
        `X-SSL-Client-Cert: ${base64}`,
        `X_SSL_Client_Cert: ${escaped}`,
        `SSL_CLIENT_CERT: ${base64}`,
        `SSL-Client-Cert: ${base64}`,
        `X-Forwarded-Tls-Client-Cert: ${base64}`,
        `X-Client-Cert: ${base64}`,
        `X-SSL-Cert: ${escaped}`,
        `X-ARR-ClientCert: ${base64}`,
      ];
      for (const claim of claims) {
        const anonymous = await call(undefined, [claim]);
        expect([claim.slice(0, 40), anonymous.status]).toEqual([claim.slice(0, 40), 401]);
        expect([claim.slice(0, 40), (JSON.parse(anonymous.text) as Seen).claims]).toEqual([claim.slice(0, 40), []]);
      }
      const other = await pki.issuing.leaf({ subject: 'CN=other' });
      for (const headers of [
        claims.slice(0, 1),
        claims.slice(8, 9),
        [claims[0] ?? '', claims[8] ?? '', claims[11] ?? ''],
      ]) {
        const seen = JSON.parse((await call(other, headers)).text) as Seen;
        expect(seen.leaf).toBe(other.sha256);
        expect(balancer.writes).toEqual(expect.arrayContaining(seen.claims));
      }
    });

    it('attack 11: hands it over though the sender has it dropped by Connection', async () => {
      const names = ['Client-Cert', 'X-SSL-Client-Cert', 'Client-Cert-Chain'];
      const { status, text } = await call(
        sender,
        names.map((name) => `Connection: ${name}`),
      );
      expect([status, (JSON.parse(text) as Seen).leaf]).toEqual([200, sender.sha256]);
    });

    it('attack 27: does not change the path on the way', async () => {
      for (const path of ['/http//orders', '/http/%2e%2e/orders', '/http/a;b=1'])
        expect((JSON.parse((await call(sender, [], path)).text) as Seen).path).toBe(path);
    });

    it('resumes no session (attacks 01 to 03)', async () => {
      const first = await call(sender);
      const again = await visit({
        url: front.url,
        trusts: pki.serverRoot.pem,
        certificate: sender.chainPem,
        key: sender.key.pem,
        session: first.session,
      });
      expect(again.resumed).toBe(false);
    });
  });
}
