import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { issueFlowToken } from '@sluice/contracts';
import { visit, type TestCertificate } from '@sluice/testing';
import { ServedFlow } from '../front-door/testing/served-flow.js';
import { SimulatedAccess } from '../front-door/testing/simulated-access.js';
import { describeWith, Front, FrontPki, loadBalancers } from '../listeners/testing/load-balancers.js';

for (const balancer of Object.values(loadBalancers)) {
  describeWith(balancer, 'in front of tokens', (program) => {
    let pki: FrontPki;
    let sender: TestCertificate;
    let other: TestCertificate;
    let access: SimulatedAccess;
    let flow: ServedFlow;
    let front: Front;

    beforeAll(async () => {
      pki = await FrontPki.create();
      sender = await pki.issuing.leaf({ subject: 'CN=sender' });
      other = await pki.issuing.leaf({ subject: 'CN=other' });
      access = new SimulatedAccess();
      flow = await ServedFlow.start({
        flow: 'name: f\nsender: {adapter: HTTPS, address: /o}\nsteps: [{contentModifier: {body: {constant: ok}}}]\n',
        root: pki.serverRoot.certificate,
        server: pki.runtime,
        sender: { chainPem: sender.chainPem, key: sender.key, sha256: 'of nobody' },
        answer: access.answer,
      });
      front = await Front.start({ balancer, program, pki, handler: flow.handler });
    }, 60_000);
    afterAll(async () => {
      await front.stop();
      await flow[Symbol.asyncDispose]();
    });
    beforeEach(() => {
      access.certificates.add(sender.sha256);
      access.tokens.set('bound-token', { boundTo: sender.sha256 });
    });

    const call = (as: TestCertificate | undefined, path: string, headers: readonly string[], body = '') =>
      visit({
        url: front.url,
        trusts: pki.serverRoot.pem,
        certificate: as?.chainPem,
        key: as?.key.pem,
        headers,
        path,
        body,
      });

    it('attack 29: a token bound to one sender’s certificate is nobody else’s, though all come over the same proxy', async () => {
      const bearer = ['Authorization: Bearer bound-token'];
      const statuses = [];
      for (const as of [sender, other, undefined, sender]) statuses.push((await call(as, '/http/o', bearer)).status);
      expect(statuses).toEqual([200, 401, 401, 200]);
      expect((await call(sender, '/http/o', [])).status).toBe(200);
      expect((await call(other, '/http/o', [])).status).toBe(401);
    });

    it('a token is got by the certificate that it passes on, and the address is where the sender is', async () => {
      const form = 'Content-Type: application/x-www-form-urlencoded';
      const headers = [form, 'X-Forwarded-For: 203.0.113.9'];
      expect((await call(sender, '/oauth/token', headers, 'grant_type=client_credentials')).status).toBe(200);
      expect((await call(other, '/oauth/token', headers, 'grant_type=client_credentials')).status).toBe(401);
      const issued = access.asked.filter(({ contract }) => contract === issueFlowToken).map(({ request }) => request);
      expect(issued).toMatchObject([
        { client: { by: 'certificate', serviceKeyId: 'k' }, boundTo: sender.sha256, address: '127.0.0.1' },
      ]);
    });
  });
}
