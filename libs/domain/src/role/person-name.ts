/** Before the parts of the name of a person. */
const prefix = 'person';
/** What the bus and the audit trail take of a name: 65 characters, of which the rest is needed for the parts that make it a person's. */
const maxShownLength = 41;
const form = /^person\/[\w.@-]{1,41}\/([0-9a-f]{16})$/;

/**
 * How a person who signs in by a provider of identities is named wherever it stands who did something: `person/anna@example.com/0f1e2d3c4b5a6978`.
 * Two slashes are in the name of nobody else: admin tokens and parts of the installation have none, service keys (`<instance>/<key>`) one. The id
 * says who it is, for the provider may let people choose what they are shown by. What is shown is plain ASCII here, so that no character looks like
 * another.
 * @param id 16 hexadecimal digits
 * @param shown as the provider says it
 */
export function personName({ id, shown }: { readonly id: string; readonly shown: string }): string {
  const plain = shown
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\w.@-]/g, '_')
    .slice(0, maxShownLength);
  return `${prefix}/${plain === '' ? '_' : plain}/${id}`;
}

/** @returns the id of the person whom a name is of; undefined where it is that of a token, a service key or a part of the installation */
export function personIdOf(name: string): string | undefined {
  return form.exec(name)?.[1];
}
