import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { personIdOf, personName } from './person-name.js';

const id = '0f1e2d3c4b5a6978';
const idOf = fc.stringMatching(/^[0-9a-f]{16}$/);
/** What the bus hands on as the name of who did something (`continueRequest`). */
const actor = /^[\w.@/-]{1,65}$/;

describe('the name of a person', () => {
  it.each([
    ['anna@example.com', 'person/anna@example.com/0f1e2d3c4b5a6978'],
    ['Café Zürich', 'person/Cafe_Zurich/0f1e2d3c4b5a6978'],
    ['root/x\n\u202eevil', 'person/root_x__evil/0f1e2d3c4b5a6978'],
    // Letters of another alphabet that look like ours.
    ['\u0441\u0430rl', 'person/__rl/0f1e2d3c4b5a6978'],
    ['', 'person/_/0f1e2d3c4b5a6978'],
  ])('is plain, and says by its id who it is: %p', (shown, name) => expect(personName({ id, shown })).toBe(name));

  it('is one that the bus hands on, whatever the provider says, and the id is found in it again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), idOf, (shown, id) => {
        const name = personName({ id, shown });
        expect(name).toMatch(actor);
        expect(personIdOf(name)).toBe(id);
      }),
    );
  });

  it('is no name that an admin token, a service key or a part of the installation can have', () => {
    const taken = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/),
      fc.tuple(fc.stringMatching(/^[A-Za-z0-9._-]{1,32}$/), idOf).map((parts) => parts.join('/')),
      idOf.map((key) => `person/${key}`),
      fc.stringMatching(/^@[a-z0-9-]{1,60}$/),
      fc.constantFrom('key_management', 'postgres', 'installation', 'initial', 'person'),
    );
    fc.assert(fc.property(taken, (name) => expect(personIdOf(name)).toBeUndefined()));
  });
});
