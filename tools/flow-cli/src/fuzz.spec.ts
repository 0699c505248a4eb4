import { describe, expect, it } from '@jest/globals';
import { fuzz } from './fuzz.js';

function run(...words: string[]): { code: number; text: string } {
  let text = '';
  return { code: fuzz(words, (part) => (text += part)), text };
}

describe('flow fuzz', () => {
  it('reads so many inputs of every kind, the same ones for a seed', () => {
    const { code, text } = run('400', '--seed', '7');
    expect([code, text.split('\n')[0]]).toEqual([0, '400 inputs (100 XML, 100 JSON, 100 YAML, 100 BPMN), seed 7']);
  });

  it('refuses a file that is not there and a seed that is no number', () => {
    expect(run('no-such.iflw').code).toBe(2);
    expect(run('--seed', 'x').code).toBe(2);
  });
});
