import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listProposals, type ProposalView } from '@sluice/contracts';
import type { Right, RevocationReason } from '@sluice/domain';
import { continueRequest, runInRequest } from '@sluice/messaging';
import { cursorOf } from '@sluice/service-shell';
import { TestAuthority, TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { PrepareIssuingCa } from '../issuing-cas/prepare-issuing-ca.js';
import { ActivateIssuingCa } from '../issuing-cas/activate-issuing-ca.js';
import { RetireIssuingCa } from '../issuing-cas/retire-issuing-ca.js';
import { RevokeIssuingCa } from '../issuing-cas/revoke-issuing-ca.js';
import { DeleteServiceInstance } from '../service-instances/delete-service-instance.js';
import { ServiceInstanceRow } from '../service-instances/service-instance.entity.js';
import { busConfiguration, startKeyManagement, type KeyManagementFixture } from '../testing/key-management-fixture.js';
import { AddTrustedRoot } from '../trusted-roots/add-trusted-root.js';
import { RemoveTrustedRoot } from '../trusted-roots/remove-trusted-root.js';
import { ProposalsController } from './proposals.controller.js';

interface Who {
  readonly actor: string;
  readonly rights?: Right[];
  /** Absent: not known. */
  readonly makers?: string[];
}
const hour = 3_600_000;
const anna: Who = { actor: 'anna', rights: ['Admin.all'], makers: ['initial', 'installation'] };
const ben: Who = { actor: 'ben', rights: ['Admin.all'], makers: ['initial', 'installation'] };

let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;
let passed = 0;
const start = Date.now();

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({
    databaseUrl: await postgres.createDatabase(),
    connection,
    now: () => start + passed,
    environment: { FOUR_EYES: 'on' },
  });
}, 90_000);
afterAll(async () => {
  await fixture?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

const as = <T>({ actor, rights = [], makers }: Who, work: () => Promise<T>): Promise<T> =>
  runInRequest({ ...continueRequest({ actor }), rights, ...(makers ? { makers } : {}) }, work);
const failure = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error('It was carried out.');
    },
    (error: unknown) => error as { code: string; message: string; details?: { proposal?: string } },
  );
/** @returns the id of the proposal it became */
async function proposed(who: Who, call: () => Promise<unknown>): Promise<string> {
  const error = await failure(as(who, call));
  expect(error).toMatchObject({ code: 'approval-required', details: { proposal: expect.any(String) as unknown } });
  return error.details?.proposal ?? '';
}
const controller = () => fixture.get(ProposalsController);
const approve = (who: Who, id: string) => as(who, () => controller().approve({ id, actor: { name: who.actor } }));
const withdraw = (who: Who, id: string) => as(who, () => controller().withdraw({ id, actor: { name: who.actor } }));
const list = async (who: Who) => (await as(who, () => controller().list({ limit: 1_000 }))).items;
const view = async (id: string): Promise<ProposalView | undefined> => (await list(anna)).find((each) => each.id === id);

async function instanceWithKey(): Promise<string> {
  const id = await as(anna, () => fixture.createInstance());
  await as(anna, () => fixture.createKey(id, { 'key-type': 'client_secret' }));
  return id;
}
const deleteInstance = (id: string, actor = 'anna') =>
  fixture.get(DeleteServiceInstance).execute({ id, force: true, actor });
const exists = (id: string) => fixture.dataSource.manager.existsBy(ServiceInstanceRow, { id });
/** Who made the changes of the audit trail that have this in them. */
const actorsOf = async (id: string) =>
  (
    await fixture.dataSource.query<{ content: string }[]>(
      'SELECT content FROM audit_entry WHERE content LIKE $1 ORDER BY sequence',
      [`%${id}%`],
    )
  ).map(({ content }) => (JSON.parse(content) as { actor: string }).actor);

describe('what cannot be undone', () => {
  it('is changed by nobody alone: it becomes a proposal, and another administrator has it carried out, once', async () => {
    const id = await instanceWithKey();
    const proposal = await proposed(anna, () => deleteInstance(id));
    expect(await exists(id)).toBe(true);
    expect(await view(proposal)).toMatchObject({
      operation: 'deleteServiceInstance',
      subject: id,
      status: 'open',
      proposedBy: 'anna',
    });
    // The same call is the same proposal, whoever makes it: nothing is approved by it.
    expect(await proposed(anna, () => deleteInstance(id))).toBe(proposal);
    expect(await proposed(ben, () => deleteInstance(id, 'ben'))).toBe(proposal);
    expect(await exists(id)).toBe(true);
    const { propagation } = await approve(ben, proposal);
    expect([propagation, await exists(id)]).toEqual(['published', false]);
    expect(await view(proposal)).toMatchObject({ status: 'approved', proposedBy: 'anna', decidedBy: 'ben' });
    expect(await failure(approve(ben, proposal))).toMatchObject({ code: 'proposal-state' });
    expect(fixture.events('proposal.created').at(-1)?.data).toMatchObject({
      actor: 'anna',
      proposal: { id: proposal },
    });
    expect(fixture.events('proposal.approved').at(-1)?.data).toMatchObject({
      actor: 'ben',
      proposal: { proposedBy: 'anna' },
    });
    expect(fixture.events('service-instance.deleted').at(-1)?.data).toMatchObject({ actor: 'ben' });
    expect(await actorsOf(proposal)).toEqual(['anna', 'ben']);
  });

  it('attack 56: is approved by nobody who may be who proposed it', async () => {
    const id = await instanceWithKey();
    const mallory: Who = { actor: 'mallory', rights: ['Admin.all'], makers: ['initial', 'installation'] };
    const proposal = await proposed(mallory, () => deleteInstance(id, 'mallory'));
    const by = (actor: string, makers?: string[]): Who => ({
      actor,
      rights: ['Admin.all'],
      ...(makers ? { makers } : {}),
    });
    for (const other of [
      mallory,
      by('second', ['mallory', 'initial', 'installation']),
      by('third', ['second', 'mallory', 'initial', 'installation']),
      by('initial', ['installation']),
      by('mallory', []),
      by('shop/robot'),
    ])
      expect([other.actor, await failure(approve(other, proposal))]).toEqual([
        other.actor,
        expect.objectContaining({ code: 'permission-denied' }),
      ]);
    expect(await failure(controller().approve({ id: proposal, actor: { name: 'ben' } }))).toMatchObject({
      code: 'permission-denied',
    });
    expect(await exists(id)).toBe(true);
    await approve(ben, proposal);
    expect(await exists(id)).toBe(false);
  });

  it('attack 56: is proposed by nobody of whom it is not known who made it: a robot proposes and its maker approves', async () => {
    const id = await instanceWithKey();
    const robot: Who = { actor: 'shop/robot', rights: ['Admin.all'] };
    expect(await failure(as(robot, () => deleteInstance(id, 'shop/robot')))).toMatchObject({
      code: 'permission-denied',
    });
    expect(await failure(deleteInstance(id))).toMatchObject({ code: 'permission-denied' });
    expect([await exists(id), (await list(anna)).filter(({ subject }) => subject === id)]).toEqual([true, []]);
  });

  it('needs of who approves what the call itself needs, and is seen by who may see the thing', async () => {
    const id = await instanceWithKey();
    const proposal = await proposed(anna, () => deleteInstance(id));
    const [trust, reader] = [
      { ...ben, rights: ['Trust.manage'] as Right[] },
      { ...ben, rights: ['Monitoring.read'] as Right[] },
    ];
    for (const who of [trust, reader, { ...ben, rights: [] }]) {
      expect(await failure(approve(who, proposal))).toMatchObject({ code: 'permission-denied' });
      expect(await failure(withdraw(who, proposal))).toMatchObject({ code: 'permission-denied' });
    }
    expect((await list(trust)).some((each) => each.id === proposal)).toBe(false);
    expect((await list(reader)).some((each) => each.id === proposal)).toBe(true);
    await approve({ ...ben, rights: ['Keys.manage'] }, proposal);
  });

  it('needs all rights of the instance, as without the rule', async () => {
    const id = await as(anna, () => fixture.createInstance({ roles: ['Trust.manage'] }));
    await as(anna, () => fixture.createKey(id, { 'key-type': 'client_secret' }));
    const proposal = await proposed(anna, () => deleteInstance(id));
    expect(await failure(approve({ ...ben, rights: ['Keys.manage'] }, proposal))).toMatchObject({
      code: 'permission-denied',
    });
    expect(await exists(id)).toBe(true);
  });

  it('is not carried out when something else would end by it now, and is proposed anew', async () => {
    const id = await instanceWithKey();
    const proposal = await proposed(anna, () => deleteInstance(id));
    await as(anna, () => fixture.createKey(id, { 'key-type': 'client_secret' }, 'another'));
    expect(await failure(approve(ben, proposal))).toMatchObject({ code: 'precondition-failed' });
    expect(await exists(id)).toBe(true);
    const anew = await proposed(anna, () => deleteInstance(id));
    expect(anew).not.toBe(proposal);
    expect(await view(proposal)).toMatchObject({ status: 'outdated' });
    await approve(ben, anew);
    expect(await exists(id)).toBe(false);
  });

  it('is not carried out after its time, nor once it was withdrawn', async () => {
    const id = await instanceWithKey();
    const expired = await proposed(anna, () => deleteInstance(id));
    passed += 24 * hour;
    expect(await view(expired)).toMatchObject({ status: 'expired' });
    expect(await failure(approve(ben, expired))).toMatchObject({ code: 'proposal-state' });
    const withdrawn = await proposed(anna, () => deleteInstance(id));
    expect(withdrawn).not.toBe(expired);
    await withdraw(anna, withdrawn);
    expect(await failure(approve(ben, withdrawn))).toMatchObject({ code: 'proposal-state' });
    expect(fixture.events('proposal.withdrawn').at(-1)?.data).toMatchObject({ actor: 'anna' });
    expect(await exists(id)).toBe(true);
  });

  it('is listed page by page, and from no place that is none', async () => {
    for (let count = 0; count < 2; count++) {
      const id = await instanceWithKey();
      await proposed(anna, () => deleteInstance(id));
    }
    const page = (after?: string) =>
      as(anna, () => controller().list({ limit: 1, ...(after === undefined ? {} : { after }) }));
    const first = await page();
    const second = await page(first.next);
    expect([first.items.length, second.items.length]).toEqual([1, 1]);
    expect(second.items[0]?.id).not.toBe(first.items[0]?.id);
    const list = { name: listProposals.subject.replace(/^sluice\.[a-z-]+\./, ''), isPosition: () => true };
    for (const position of [`1.${'-'.repeat(36)}`, `9999999999999999.${randomUUID()}`, '', '.', `x.${randomUUID()}`])
      expect([position, await failure(page(cursorOf(list, position)))]).toEqual([
        position,
        expect.objectContaining({ code: 'invalid-argument' }),
      ]);
  });

  it('is approved once, however many do it at the same time', async () => {
    const id = await instanceWithKey();
    const proposal = await proposed(anna, () => deleteInstance(id));
    const carol: Who = { ...ben, actor: 'carol' };
    const outcomes = await Promise.allSettled([approve(ben, proposal), approve(carol, proposal)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(fixture.events('proposal.approved').filter(({ subject }) => subject === proposal)).toHaveLength(1);
  });

  it('is one proposal when two propose it at the same time', async () => {
    const id = await instanceWithKey();
    const both = await Promise.all([
      proposed(anna, () => deleteInstance(id)),
      proposed(ben, () => deleteInstance(id, 'ben')),
    ]);
    expect(new Set(both).size).toBe(1);
  });

  it('is also the removal of a trusted root', async () => {
    const { pem, certificate } = await TestAuthority.root({ subject: 'CN=Partner Root' });
    await as(anna, () => fixture.get(AddTrustedRoot).execute({ pem, actor: 'anna' }));
    const { sha256 } = certificate;
    const proposal = await proposed(anna, () => fixture.get(RemoveTrustedRoot).execute({ sha256, actor: 'anna' }));
    expect(fixture.events('trusted-root.removed')).toEqual([]);
    await approve({ ...ben, rights: ['Trust.manage'] }, proposal);
    expect(fixture.events('trusted-root.removed').at(-1)?.data).toMatchObject({ actor: 'ben' });
  });

  it('is also the retirement by force and the revocation of an issuing CA', async () => {
    const active = () =>
      fixture.dataSource.manager.findOneByOrFail(CertificateAuthorityRow, { kind: 'issuing', status: 'active' });
    const first = await active();
    const id = await as(anna, () => fixture.createInstance());
    await as(anna, () => fixture.createKey(id, { 'key-type': 'certificate', 'key-algorithm': 'P-256' }));
    const { value: next } = await as(anna, () =>
      fixture.get(PrepareIssuingCa).execute({ root: 'present', actor: 'anna' }),
    );
    await as(anna, () => fixture.get(ActivateIssuingCa).execute({ id: next.id, actor: 'anna' }));
    const retirement = await proposed(anna, () =>
      fixture.get(RetireIssuingCa).execute({ id: first.id, force: true, actor: 'anna' }),
    );
    const statusOf = async (ca: string) =>
      (await fixture.dataSource.manager.findOneByOrFail(CertificateAuthorityRow, { id: ca })).status;
    expect(await statusOf(first.id)).toBe('retiring');
    await approve(ben, retirement);
    expect(await statusOf(first.id)).toBe('retired');
    const reason: RevocationReason = 'keyCompromise';
    const revocation = await proposed(anna, () =>
      fixture.get(RevokeIssuingCa).execute({ id: next.id, reason, actor: 'anna' }),
    );
    expect(await view(revocation)).toMatchObject({ reason: 'cACompromise' });
    await approve(ben, revocation);
    expect(await statusOf(next.id)).toBe('revoked');
    expect((await active()).id).not.toBe(next.id);
  });

  it('is not what ends nothing: an instance without keys is deleted at once', async () => {
    const id = await as(anna, () => fixture.createInstance());
    await as(anna, () => deleteInstance(id));
    expect(await exists(id)).toBe(false);
  });

  it('is refused for a proposal that is not there', async () => {
    expect(await failure(approve(ben, randomUUID()))).toMatchObject({ code: 'not-found' });
    expect(await failure(approve(ben, 'x'))).toMatchObject({ code: 'not-found' });
  });
});
