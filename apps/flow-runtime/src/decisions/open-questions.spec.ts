import { describe, expect, it } from '@jest/globals';
import { OpenQuestions } from './open-questions.js';

const on = (key: string, sequence: number) => [{ key, sequence }];

describe('a question that is out', () => {
  it('is overtaken by a later change of a record that the answer rests on, and by no other', () => {
    const questions = new OpenQuestions();
    const question = questions.ask();
    questions.changed('role.A', 5);
    expect(question.overtakes(on('role.A', 5))).toBe(false);
    expect(question.overtakes(on('role.B', 0))).toBe(false);
    expect(question.overtakes(on('role.A', 4))).toBe(true);
    expect(question.overtakes([...on('role.B', 0), ...on('role.A', 4)])).toBe(true);
  });

  it('remembers the newest change of a record, in whatever order they are heard of', () => {
    const questions = new OpenQuestions();
    const question = questions.ask();
    questions.changed('role.A', 5);
    questions.changed('role.A', 3);
    expect(question.overtakes(on('role.A', 4))).toBe(true);
  });

  it('is overtaken by the first change of a record that was absent', () => {
    const questions = new OpenQuestions();
    const question = questions.ask();
    expect(question.overtakes(on('unpinned.n', 0))).toBe(false);
    questions.changed('unpinned.n', 1);
    expect(question.overtakes(on('unpinned.n', 0))).toBe(true);
  });

  it('for a refusal is overtaken by a later change of the trust list too, which a permit is not', () => {
    const questions = new OpenQuestions();
    const question = questions.ask();
    questions.changed('root.r', 5);
    questions.changed('ca.c', 3);
    expect(question.overtakesRefusal({ dependencies: [], trustAsOf: 5 })).toBe(false);
    expect(question.overtakesRefusal({ dependencies: [], trustAsOf: 4 })).toBe(true);
    expect(question.overtakesRefusal({ dependencies: on('root.r', 4), trustAsOf: 5 })).toBe(true);
    expect(question.overtakes([])).toBe(false);
  });

  it('for a refusal is not overtaken by a change of what is no part of the trust list', () => {
    const questions = new OpenQuestions();
    const question = questions.ask();
    questions.changed('role.A', 5);
    expect(question.overtakesRefusal({ dependencies: [], trustAsOf: 0 })).toBe(false);
  });

  it('is overtaken whatever it rests on when everything was dropped', () => {
    const questions = new OpenQuestions();
    const question = questions.ask();
    questions.everythingChanged();
    expect(question.overtakes([])).toBe(true);
    expect(question.overtakesRefusal({ dependencies: [], trustAsOf: 9 })).toBe(true);
  });

  it('knows nothing of what changed before it was asked, or after it was closed', () => {
    const questions = new OpenQuestions();
    questions.changed('role.A', 5);
    const question = questions.ask();
    expect([question.overtakes(on('role.A', 4)), questions.size]).toEqual([false, 1]);
    question.close();
    questions.changed('role.A', 6);
    expect([question.overtakes(on('role.A', 4)), questions.size]).toEqual([false, 0]);
  });
});
