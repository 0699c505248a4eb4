import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SluiceError } from '@sluice/domain';
import type { RequestClient } from '@sluice/messaging';
import type { StreamableFile } from '@nestjs/common';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { IncomingRequest } from '../http/given.js';
import type { Reply } from '../http/problem-filter.js';
import { HttpAppUnderTest } from '../testing/http-app-under-test.js';
import { AuditController } from './audit.controller.js';

const http = new HttpAppUnderTest();
beforeAll(() => http.start());
afterAll(() => http.stop());

/** The trails of three services, the newest first, with the second in which each entry was made. */
const trails: Readonly<Record<string, readonly number[]>> = {
  authorization: [9, 5, 5, 1],
  'flow-runtime': [8, 5],
  'key-management': [7, 5, 3, 2],
};
const at = (second: number) => `2026-03-01T00:00:0${second}.000Z`;
interface Find {
  readonly limit: number;
  readonly before?: { readonly at: string; readonly sequence: number };
}

function find(service: string, { limit, before }: Find) {
  const trail = trails[service] ?? [];
  const all = trail.map((second, index) => ({
    ...{ sequence: trail.length - index, at: at(second), previousHash: '', hash: service },
    content: JSON.stringify({ at: at(second), actor: 'anna', changes: [] }),
  }));
  const rest = all.filter(
    (entry) =>
      before === undefined || entry.at < before.at || (entry.at === before.at && entry.sequence < before.sequence),
  );
  return { entries: rest.slice(0, limit), more: rest.length > limit };
}
const serviceOf = (subject: string) => subject.split('.')[1] ?? '';
let failing: string | undefined;
let answered = 0;

beforeEach(() => {
  http.asked.length = 0;
  failing = undefined;
  answered = 0;
  http.answer = (request: Find) => {
    const { subject } = http.asked.at(-1) as { subject: string };
    if (failing !== undefined && subject.includes(failing) && answered++ > 0)
      return new SluiceError('unavailable', 'x');
    return find(serviceOf(subject), request);
  };
});

interface Item {
  readonly service: string;
  readonly sequence: number;
  readonly at: string;
}
const names = (items: unknown) => (items as Item[]).map(({ service, sequence }) => `${service} ${sequence}`);
const inOrder = [
  'authorization 4',
  'flow-runtime 2',
  'key-management 4',
  'authorization 3',
  'authorization 2',
  'flow-runtime 1',
  'key-management 3',
  'key-management 2',
  'key-management 1',
  'authorization 1',
];

describe('the audit trail', () => {
  it('is of all services together, newest first', async () => {
    const { body } = await http.call('GET', '/v1/audit');
    expect(names(body['items'])).toEqual(inOrder);
    expect(body).not.toHaveProperty('next');
  });

  it.each([1, 2, 3, 4, 9, 10])('has every entry once when it is read %p a page', async (limit) => {
    const read: string[] = [];
    for (let after = ''; ;) {
      const { body } = await http.call('GET', `/v1/audit?limit=${limit}${after}`);
      read.push(...names(body['items']));
      if (body['next'] === undefined) break;
      after = `&after=${String(body['next'])}`;
    }
    expect(read).toEqual(inOrder);
  });

  it('passes on what is looked for, times in UTC, and asks only the service that is named', async () => {
    const given =
      'service=authorization&since=2026-01-01&until=2026-01-02T00:00:00%2B01:00&actor=a&operation=o&entity=e&table=t';
    await http.call('GET', `/v1/audit?${given}&limit=5`);
    expect(http.asked).toEqual([
      {
        subject: 'sluice.authorization.find-audit.v1',
        request: {
          ...{ since: '2026-01-01T00:00:00.000Z', until: '2026-01-01T23:00:00.000Z' },
          ...{ actor: 'a', operation: 'sluice.authorization.o.v1', entity: 'e', table: 't', limit: 6 },
        },
      },
    ]);
  });

  it('refuses what it cannot look for, and a cursor of the trail of something else', async () => {
    const { body } = await http.call('GET', '/v1/audit?limit=1');
    const fields = async (query: string, accept?: Record<string, string>) => {
      const refused = await http.call('GET', `/v1/audit?${query}`, undefined, undefined, accept);
      return [refused.status, refused.body.violations?.map(({ field }) => field)];
    };
    expect(await fields(`service=authorization&after=${String(body['next'])}`)).toEqual([400, ['after']]);
    expect(await fields('entity=a%00')).toEqual([400, ['entity']]);
    expect(await fields('who=anna')).toEqual([400, ['who']]);
    expect(await fields('since=soon')).toEqual([400, ['since']]);
    expect(await fields('limit=5', { accept: 'application/x-ndjson' })).toEqual([400, ['limit']]);
  });
});

describe('the export of the audit trail', () => {
  const lines = (payload: string) => payload.split('\n').slice(0, -1);
  const get = (query = '') =>
    http.app.inject({
      method: 'GET',
      url: `/v1/audit${query}`,
      headers: { authorization: 'Bearer slu_x', accept: 'application/x-ndjson' },
    });

  it('has each entry in a line of its own, in the order of the list', async () => {
    const { statusCode, headers, payload } = await get();
    expect([statusCode, headers['content-type'], headers['vary']]).toEqual([200, 'application/x-ndjson', 'Accept']);
    expect(names(lines(payload).map((line) => JSON.parse(line) as Item))).toEqual(inOrder);
    expect(payload.endsWith('\n')).toBe(true);
  });

  it('goes on after a page of the list', async () => {
    const { body } = await http.call('GET', '/v1/audit?limit=6');
    const { payload } = await get(`?after=${String(body['next'])}`);
    expect(names(lines(payload).map((line) => JSON.parse(line) as Item))).toEqual(inOrder.slice(6));
  });

  it('is a problem document when a service is away from the beginning, and breaks off when it is later', async () => {
    http.answer = new SluiceError('unavailable', 'away');
    expect((await get()).statusCode).toBe(503);
    http.answer = (request: Find) => {
      if (request.before !== undefined) return new SluiceError('unavailable', 'away');
      const { subject } = http.asked.at(-1) as { subject: string };
      return { ...find(serviceOf(subject), { limit: 1 }), more: true };
    };
    await expect(get()).rejects.toThrow();
  });

  it('holds no more than it asks a service for at once, however long nobody reads', async () => {
    let asked = 0;
    const call = (_contract: unknown, { limit }: Find) => {
      asked++;
      const entry = { at: at(1), previousHash: '', hash: '', content: JSON.stringify({ pad: 'x'.repeat(1_000) }) };
      return Promise.resolve({ entries: Array.from({ length: limit }, () => ({ ...entry, sequence: 1 })), more: true });
    };
    const request = { headers: { accept: 'application/x-ndjson' }, query: {} } as unknown as IncomingRequest;
    const reply = { header: () => reply } as unknown as Reply;
    const file = await new AuditController({ call } as unknown as RequestClient).search(
      { service: 'authorization', limit: 100 },
      request,
      reply,
    );
    const lines = (file as StreamableFile).getStream();
    await once(lines, 'readable');
    for (let turn = 0; turn < 1_000; turn++) await setImmediate();
    expect(asked).toBe(1);
    let read = 0;
    while (asked === 1) {
      if (lines.read() !== null) read++;
      else await setImmediate();
    }
    expect(read).toBeGreaterThan(150);
    lines.destroy();
  });
});
