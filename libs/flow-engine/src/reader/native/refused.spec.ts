import { describe, expect, it } from '@jest/globals';
import { flowWith, problemsOf } from '../../testing/flow-fixture.js';

const top = (rest: string): string => `name: a\nsender: {adapter: HTTPS, address: /a}\n${rest}`;
const found = (yaml: string): string =>
  problemsOf(yaml)
    .map(({ path, code, message }) => `${path} ${code}: ${message}`)
    .join('\n');

describe('a definition that is refused, in a sentence with its path', () => {
  it.each<[string, string, RegExp]>([
    ['a list for a mapping', '[]', /wrong-type: A mapping is expected, not a list/],
    ['nothing for a mapping', '', /mapping/],
    ['a mapping for a list', top('steps: {}'), /steps wrong-type: A list is expected, not a mapping/],
    ['a text for a list', top('steps: x'), /steps wrong-type: A list is expected, not "x"/],
    ['nothing for a list', top('steps:'), /steps wrong-type: A list is expected, not nothing/],
    ['a list for a text', 'name: []\nsender: {adapter: HTTPS, address: /a}\nsteps: []', /name .*not a list/],
    ['an empty name', "name: ''\nsender: {adapter: HTTPS, address: /a}\nsteps: []", /name /],
    [
      'a name that is too long',
      `name: ${'x'.repeat(2_000)}\nsender: {adapter: HTTPS, address: /a}\nsteps: []`,
      /name /,
    ],
    ['no name', 'sender: {adapter: HTTPS, address: /a}\nsteps: []', /name missing-key/],
    [
      'a text for a number',
      'name: a\nsender: {adapter: HTTPS, address: /a, maximumBodySizeMb: big}\nsteps: []',
      /maximumBodySizeMb .*"big"/,
    ],
    [
      'half a number',
      'name: a\nsender: {adapter: HTTPS, address: /a, maximumBodySizeMb: 1.5}\nsteps: []',
      /maximumBodySizeMb/,
    ],
    [
      'a number below what is allowed',
      'name: a\nsender: {adapter: HTTPS, address: /a, maximumBodySizeMb: 0}\nsteps: []',
      /maximumBodySizeMb/,
    ],
    [
      'a number above what is allowed',
      'name: a\nsender: {adapter: HTTPS, address: /a, maximumBodySizeMb: 1000000000}\nsteps: []',
      /maximumBodySizeMb/,
    ],
    [
      'a text for yes or no',
      'name: a\nsender: {adapter: HTTPS, address: /a, csrfProtection: maybe}\nsteps: []',
      /csrfProtection .*"maybe"/,
    ],
    ['an adapter that there is not', 'name: a\nsender: {adapter: FTP, address: /a}\nsteps: []', /adapter/],
    ['no adapter', 'name: a\nsender: {address: /a}\nsteps: []', /adapter missing-key/],
    ['a sender that is a list', 'name: a\nsender: [1]\nsteps: []', /sender/],
    ['a log level that there is not', top('log: {level: LOUD}\nsteps: []'), /log\.level/],
    ['a step that is a text', flowWith('- filter'), /steps\[0\]/],
    ['a step of two kinds', flowWith('- {filter: {xpath: //a}, splitter: {xpath: //a}}'), /steps\[0\]/],
    ['a step of no kind that there is', flowWith('- constructor: {}'), /steps\[0\]\.constructor unknown-key/],
    [
      'a process that has the name of the main one',
      top('steps: []\nprocesses: {main: {steps: []}}'),
      /"main" is taken/,
    ],
    [
      'a splitter by two things',
      flowWith('- splitter: {xpath: //a, token: ",", steps: []}'),
      /exactly one of xpath, token and lineBreak/,
    ],
    ['a splitter by nothing', flowWith('- splitter: {steps: []}'), /exactly one of xpath, token and lineBreak/],
    [
      'a splitter by token that ignores namespaces',
      flowWith('- splitter: {token: ",", ignoreDefaultNamespaces: true, steps: []}'),
      /Only a splitter by xpath/,
    ],
    [
      'a condition of two languages',
      flowWith('- router: {routes: [{when: {simple: "true", xpath: "true()"}, steps: []}]}'),
      /exactly one of simple and xpath/,
    ],
  ])('%s', (_what, yaml, problem) => {
    expect(found(yaml)).toMatch(problem);
  });

  it('names no more problems than anybody reads', () => {
    const many = Array.from({ length: 500 }, () => '- filter: {}').join('\n');
    expect(problemsOf(flowWith(many)).length).toBe(200);
  });
});
