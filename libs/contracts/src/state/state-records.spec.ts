import { describe, expect, it } from '@jest/globals';
import { aliasOfReceiverCredential, stateKey, statePrefixOf } from './state-records.js';

describe('keys of state records', () => {
  it('begin with the prefix that their schema is found by', () => {
    expect([stateKey.flow('f'), stateKey.receiverCredential('a')].map(statePrefixOf)).toEqual([
      'flow',
      'receiver-credential',
    ]);
  });

  it('of a prefix that is not known have no schema, nor one that every object has', () => {
    expect(['nothing.a', 'constructor.a', 'toString.a', 'flow'].map(statePrefixOf)).toEqual(
      Array.from({ length: 4 }, () => undefined),
    );
  });

  it.each(['partner', 'partner.eu.prod'])('of a receiver credential lead back to its alias %s', (alias) => {
    const key = stateKey.receiverCredential(alias);
    expect(key.split('.')).toHaveLength(2);
    expect(aliasOfReceiverCredential(key)).toBe(alias);
  });
});
