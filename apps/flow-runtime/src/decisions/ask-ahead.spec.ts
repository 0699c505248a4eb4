import { describe, expect, it } from '@jest/globals';
import type { DecideResponse } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { setImmediate } from 'node:timers/promises';
import type { Endpoint } from '../flows/deployed-flows.js';
import { AskAhead } from './ask-ahead.js';
import type { Requester } from './ask-again.js';

const minimum = { epoch: 'e', sequence: 1 };
const endpointWith = (authorization: Endpoint['sender']['authorization']) =>
  ({ flowId: 'f', endpointId: 'sender', sender: { authorization } }) as unknown as Endpoint;
const endpoint = endpointWith({ type: 'UserRole', role: 'A' });
const answerAbout = (serviceInstanceId: string): DecideResponse => ({
  outcome: 'permit',
  reasons: [],
  asOf: minimum,
  dependencies: [],
  serviceInstanceId,
});

function askAhead(answer: () => Promise<DecideResponse>) {
  const asked: unknown[] = [];
  const requests = {
    call: (_contract: unknown, request: unknown) => {
      asked.push(request);
      return answer();
    },
  } as unknown as Requester;
  return { asked, ahead: new AskAhead(requests, 1_000, () => 0) };
}

/** How many of so many first requests are asked ahead. */
async function askedOf(count: number, answer: () => Promise<DecideResponse>, instance: string): Promise<number> {
  const { asked, ahead } = askAhead(answer);
  for (let index = 0; index < count; index++) await ahead.begin(`c${index}`, endpoint, minimum)?.about(instance);
  return asked.length;
}

describe('asking authorization ahead', () => {
  it('gives the answer to a verdict that names the instance it is about, and to no other', async () => {
    const { ahead } = askAhead(() => Promise.resolve(answerAbout('i')));
    expect(await ahead.begin('c', endpoint, minimum)?.about('i')).toEqual(answerAbout('i'));
    expect(await ahead.begin('c', endpoint, minimum)?.about('j')).toBeUndefined();
  });

  it('goes on as long as the answers are of use', async () => {
    expect(await askedOf(50, () => Promise.resolve(answerAbout('i')), 'i')).toBe(50);
  });

  it.each([
    ['are about other instances', () => Promise.resolve(answerAbout('j'))],
    ['are that no pinned key holds the certificate', () => Promise.reject(new SluiceError('not-found', 'none'))],
  ])('ends for the moment when the answers %s', async (_what, answer) => {
    expect(await askedOf(50, answer, 'i')).toBeLessThan(10);
  });

  it('fails whoever waits for the answer with an error that is none of ours, and nobody else', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const { ahead } = askAhead(() => Promise.reject(new TypeError('a fault')));
      await expect(ahead.begin('c', endpoint, minimum)?.about('i')).rejects.toThrow('a fault');
      ahead.begin('c', endpoint, minimum);
      await setImmediate();
      await setImmediate();
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('does not ask where no role is asked for', () => {
    const { asked, ahead } = askAhead(() => Promise.resolve(answerAbout('i')));
    const byNames = endpointWith({ type: 'ClientCertificate', certificates: [] });
    expect([ahead.begin('c', byNames, minimum), ahead.begin('c', undefined, minimum)]).toEqual([undefined, undefined]);
    expect(asked).toEqual([]);
  });
});
