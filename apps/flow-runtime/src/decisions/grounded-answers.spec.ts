import { describe, expect, it } from '@jest/globals';
import { GroundedAnswers } from './grounded-answers.js';

const on = (key: string, sequence = 1) => [{ key, sequence }];

describe('answers that rest on records', () => {
  it('are found by the name of their question while what they rest on stands', () => {
    const answers = new GroundedAnswers<string>(2);
    answers.store('q', 'yes', on('role.A'));
    expect([answers.get('q'), answers.get('other')]).toEqual(['yes', undefined]);
    answers.changed('role.A', 2);
    expect([answers.get('q'), answers.size]).toEqual([undefined, 0]);
  });

  it('are replaced by a newer answer to the same question', () => {
    const answers = new GroundedAnswers<string>(2);
    answers.store('q', 'old', on('role.A'));
    answers.store('q', 'new', on('role.A', 2));
    expect([answers.get('q'), answers.size]).toEqual(['new', 1]);
  });

  it('are not kept when they rest on an older record than one that is known, and the newer answer stays', () => {
    const answers = new GroundedAnswers<string>(2);
    answers.store('q', 'new', on('role.A', 2));
    answers.store('q', 'late', on('role.A', 1));
    expect(answers.get('q')).toBe('new');
  });

  it('make room for the newest: the one stored first goes, once there is one too many', () => {
    const answers = new GroundedAnswers<string>(2);
    for (const name of ['a', 'b']) answers.store(name, name, []);
    expect(['a', 'b'].map((name) => answers.get(name))).toEqual(['a', 'b']);
    answers.store('c', 'c', []);
    expect(['a', 'b', 'c'].map((name) => answers.get(name))).toEqual([undefined, 'b', 'c']);
  });

  it('are stored anew at the end of the order', () => {
    const answers = new GroundedAnswers<string>(2);
    for (const name of ['a', 'b', 'a', 'c']) answers.store(name, name, []);
    expect(['a', 'b', 'c'].map((name) => answers.get(name))).toEqual(['a', undefined, 'c']);
  });

  it('let go of what they rest on when they are dropped: an older answer can be kept afterwards', () => {
    const answers = new GroundedAnswers<string>(2);
    answers.store('q', 'yes', on('role.A', 5));
    answers.drop('q');
    answers.drop('q');
    expect([answers.get('q'), answers.size]).toEqual([undefined, 0]);
    answers.store('q', 'again', on('role.A', 4));
    expect(answers.get('q')).toBe('again');
  });

  it('are all forgotten when everything is, with what they rested on', () => {
    const answers = new GroundedAnswers<string>(2);
    answers.store('q', 'yes', on('role.A', 5));
    answers.clear();
    expect([answers.get('q'), answers.size]).toEqual([undefined, 0]);
    // Another epoch counts anew.
    answers.store('q', 'again', on('role.A', 1));
    expect(answers.get('q')).toBe('again');
  });
});
