import { describe, expect, it } from '@jest/globals';
import { settings } from './config.js';

const environment = settings['certificate-verifier'];
const problemsOf = (given: Record<string, string>): string[] =>
  (environment.safeParse(given).error?.issues ?? []).map(({ path }) => path.join('.'));

describe('the settings of a verifier', () => {
  const needed = problemsOf({}).filter((name) => name !== 'RECORD_KEYS_FILE');

  it('have no default for the keys that sign state records', () => {
    expect(problemsOf({})).toContain('RECORD_KEYS_FILE');
    expect(problemsOf({ RECORD_KEYS_FILE: '' })).toContain('RECORD_KEYS_FILE');
  });

  it.each([
    ['RECORD_CACHE_SIZE', '99'],
    ['RECORD_CACHE_SIZE', '1000.5'],
    ['RECORD_CACHE_SIZE', 'many'],
    ['MAXIMUM_IN_FLIGHT', '0'],
    ['MAXIMUM_IN_FLIGHT', '-1'],
  ])('are refused with %s=%s', (name, value) => {
    expect(problemsOf({ RECORD_KEYS_FILE: 'keys.pem', [name]: value })).toEqual([...needed, name]);
  });
});
