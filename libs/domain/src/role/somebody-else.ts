import { personIdOf } from './person-name.js';

/** An administrator, with who made what it is known by: its maker first, and the installation last where it is at the beginning. */
export interface KnownAdministrator {
  readonly name: string;
  /** Undefined: not known, as of service keys. Empty: nobody's, as of a person that a provider of identities knows. */
  readonly makers: readonly string[] | undefined;
}

/** The maker of the first token of an installation. */
export const installation = 'installation';

/**
 * Why two administrators may be one person, as a sentence; undefined when nothing says so. Whoever makes a token has seen it, so one and
 * what it made are one, and so are two that one has made. Of the first token of an installation the last is not held against those it made: all
 * others begin with it. A person whom a provider of identities knows, with the tokens of that person's making, may also hold a token that somebody gave
 * them: the two kinds do not decide together.
 */
export function whyMaybeOnePerson(one: KnownAdministrator, other: KnownAdministrator): string | undefined {
  for (const { name, makers } of [one, other])
    if (makers === undefined)
      return `It is not known who made what ${name} is known by: a service key, or a token made before that was kept.`;
  if (whoIs(one.name) === whoIs(other.name)) return `Both are ${one.name}.`;
  if (madeBy(one, other)) return `${one.name} was made by ${other.name}.`;
  if (madeBy(other, one)) return `${other.name} was made by ${one.name}.`;
  const [onePerson, otherPerson] = [personBehind(one), personBehind(other)];
  if ((onePerson === undefined) !== (otherPerson === undefined))
    return `Of ${one.name} and ${other.name} one is a person whom the provider knows and the other a token, which may be the same person's.`;
  const shared = heldAgainst(one).find((maker) => heldAgainst(other).includes(maker));
  return shared === undefined ? undefined : `${one.name} and ${other.name} were both made by ${shared}.`;
}

/** A person may be shown by another name since. */
function whoIs(name: string): string {
  return personIdOf(name) ?? name;
}

function madeBy({ makers = [] }: KnownAdministrator, other: KnownAdministrator): boolean {
  return makers.map(whoIs).includes(whoIs(other.name));
}

/** The person at the beginning of who made whom; undefined where that is the first token of the installation, or one of which it is not known. */
function personBehind({ name, makers = [] }: KnownAdministrator): string | undefined {
  return personIdOf(makers.at(-1) ?? name);
}

/**
 * Under which name everything counts that one administrator may have made, or be: the person at the beginning, or the token that the first one of the
 * installation made.
 */
export function countedAs({ name, makers = [] }: KnownAdministrator): string {
  const chain = [name, ...makers].filter((maker) => maker !== installation);
  const fromTheFirst = makers.at(-1) === installation;
  return whoIs((fromTheFirst ? chain.at(-2) : chain.at(-1)) ?? name);
}

function heldAgainst({ makers = [] }: KnownAdministrator): readonly string[] {
  return (makers.at(-1) === installation ? makers.slice(0, -2) : makers).map(whoIs);
}
