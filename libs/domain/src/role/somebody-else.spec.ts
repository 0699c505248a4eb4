import { describe, expect, it } from '@jest/globals';
import { personName } from './person-name.js';
import { countedAs, whyMaybeOnePerson, type KnownAdministrator } from './somebody-else.js';

const first: KnownAdministrator = { name: 'initial', makers: ['installation'] };
const made = (name: string, by: KnownAdministrator): KnownAdministrator => ({
  name,
  makers: by.makers && [by.name, ...by.makers],
});
const anna = made('anna', first);
const ben = made('ben', first);
const person = (shown: string, id = shown): KnownAdministrator => ({
  name: personName({ id: Buffer.from(id.padEnd(8, '.')).toString('hex'), shown }),
  makers: [],
});

describe('two administrators', () => {
  it.each([
    ['tokens that the first of the installation made', anna, ben],
    ['persons that a provider knows', person('p:anna'), person('p:ben')],
    ['a person and the token of another', person('p:anna'), made('robot', person('p:ben'))],
    ['tokens that two persons made', made('a2', person('p:anna')), made('b2', person('p:ben'))],
    ['tokens of two that the first made', made('a2', anna), made('b2', ben)],
  ])('may decide together: %s', (_what, one, other) => {
    expect([whyMaybeOnePerson(one, other), whyMaybeOnePerson(other, one)]).toEqual([undefined, undefined]);
  });

  it.each([
    ['the same', anna, anna],
    ['a person who is shown by another name since', person('p:anna'), person('p:annette', 'p:anna')],
    ['a person and a token made under an earlier name', person('p:annette', 'p:anna'), made('robot', person('p:anna'))],
    ['the same name, made by others', anna, { name: 'anna', makers: ['ben', 'initial', 'installation'] }],
    ['one and what it made', anna, made('second', anna)],
    ['one and what that made', anna, made('third', made('second', anna))],
    ['the first of the installation and what it made', first, anna],
    ['two that one made', made('one', anna), made('two', anna)],
    ['two that one made, at another depth', made('one', anna), made('three', made('two', anna))],
    ['two that a person made', made('one', person('p:anna')), made('two', person('p:anna'))],
    ['a person and a token that the first made', person('p:anna'), anna],
    ['the token of a person and a token that the first made', made('robot', person('p:anna')), ben],
    ['one whose maker is not known', anna, { name: 'shop/robot', makers: undefined }],
    ['two whose makers are not known', { name: 'old', makers: undefined }, { name: 'older', makers: undefined }],
  ])('attack 56: may be one person: %s', (_what, one, other) => {
    expect(whyMaybeOnePerson(one, other)).toEqual(expect.any(String));
    expect(whyMaybeOnePerson(other, one)).toEqual(expect.any(String));
  });
});

describe('an administrator', () => {
  it.each([
    ['the first of the installation', first, 'initial'],
    ['a token that it made', anna, 'anna'],
    ['a token of that', made('third', made('second', anna)), 'anna'],
    ['a token of unknown making', { name: 'old', makers: undefined }, 'old'],
  ])('counts with all of its making as one: %s', (_what, administrator, name) =>
    expect(countedAs(administrator)).toBe(name),
  );

  it('counts as one person under any name, with the tokens of that person’s making', () => {
    const counted = [person('p:anna'), person('p:annette', 'p:anna'), made('robot', person('p:anna'))].map(countedAs);
    expect(new Set(counted).size).toBe(1);
    expect(countedAs(person('p:ben'))).not.toBe(counted[0]);
  });
});
