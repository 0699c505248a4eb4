import type { XmlNode } from '@sluice/xml';

const SCHEMA_NAMESPACE = 'http://www.w3.org/2001/XMLSchema';
/** Named types and groups can lead back to themselves. */
const MAXIMUM_REFERENCES = 1_000;

/** An element with text in the record that a schema describes. */
export interface RecordField {
  readonly name: string;
  readonly required: boolean;
}

export interface RecordFields {
  /** In the order of the schema. */
  readonly fields: readonly RecordField[];
  /** Empty if the schema has none. */
  readonly targetNamespace: string;
}

/**
 * Finds the fields of a record by its path in a schema: `/rows/row`, or the name of the record alone.
 * @param schemas the schema, then those that it includes
 * @returns null when the path leads nowhere, or the record is no plain sequence of elements with text
 */
export function readRecordFields(schemas: readonly XmlNode[], path: string): RecordFields | null {
  const reader = new SchemaReader(schemas);
  const names = path.split('/').filter((name) => name !== '');
  const [first, ...inner] = names;
  if (first === undefined) return null;
  let element = reader.global('element', first);
  for (const name of inner) {
    if (element === null) return null;
    element = reader.content(element)?.find(({ node }) => node.attribute('name') === name)?.node ?? null;
  }
  // The name of a record alone is looked for below the root as well.
  if (element === null && inner.length === 0) element = reader.anywhere(first);
  const content = element === null ? null : reader.content(element);
  if (content === null || content.length === 0) return null;
  const fields: RecordField[] = [];
  for (const { node, required } of content) {
    if (reader.isComplex(node)) return null;
    fields.push({ name: node.attribute('name') ?? '', required });
  }
  const targetNamespace = schemas[0]?.firstElement?.attribute('targetNamespace') ?? '';
  return fields.some(({ name }) => name === '') ? null : { fields, targetNamespace };
}

interface Particle {
  readonly node: XmlNode;
  readonly required: boolean;
}

class SchemaReader {
  readonly #schemas: readonly XmlNode[];
  #references = 0;

  constructor(schemas: readonly XmlNode[]) {
    this.#schemas = schemas;
  }

  /** @returns the declaration of the name at the top of a schema; a prefix is not looked at */
  global(kind: 'element' | 'complexType' | 'group', name: string): XmlNode | null {
    const local = name.replace(/^.*:/, '');
    for (const schema of this.#schemas)
      for (const child of schema.firstElement?.children ?? [])
        if (isSchema(child, kind) && child.attribute('name') === local) return child;
    return null;
  }

  anywhere(name: string): XmlNode | null {
    const pending = this.#schemas.flatMap((schema) => schema.children);
    for (let node = pending.shift(); node !== undefined; node = pending.shift()) {
      if (isSchema(node, 'element') && node.attribute('name') === name) return node;
      pending.unshift(...node.children.filter(({ kind }) => kind === 'element'));
    }
    return null;
  }

  isComplex(element: XmlNode): boolean {
    const type = this.#typeOf(element);
    return type !== null && !type.children.some((child) => isSchema(child, 'simpleContent'));
  }

  /** @returns the elements inside an element in their order, or null where that depends on the message */
  content(element: XmlNode): Particle[] | null {
    const type = this.#typeOf(element);
    return type === null ? null : this.#ofType(type);
  }

  #typeOf(element: XmlNode): XmlNode | null {
    const inner = element.children.find((child) => isSchema(child, 'complexType'));
    if (inner !== undefined) return inner;
    const name = element.attribute('type');
    return name === null ? null : this.global('complexType', name);
  }

  #ofType(holder: XmlNode): Particle[] | null {
    if (++this.#references > MAXIMUM_REFERENCES) return null;
    const particles: Particle[] = [];
    for (const child of holder.children) {
      if (child.kind !== 'element') continue;
      const found = this.#part(child);
      if (found === null) return null;
      particles.push(...found);
    }
    return particles;
  }

  #part(part: XmlNode): Particle[] | null {
    switch (part.name) {
      case 'sequence':
      case 'all':
        return this.#optionally(part, this.#ofType(part));
      case 'complexContent':
        return this.#ofType(part);
      case 'extension': {
        const base = this.global('complexType', part.attribute('base') ?? '');
        const inherited = base === null ? null : this.#ofType(base);
        const own = this.#ofType(part);
        return inherited === null || own === null ? null : [...inherited, ...own];
      }
      case 'group': {
        const group = this.global('group', part.attribute('ref') ?? '');
        return group === null ? null : this.#optionally(part, this.#ofType(group));
      }
      case 'element': {
        const reference = part.attribute('ref');
        const node = reference === null ? part : this.global('element', reference);
        return node === null ? null : [{ node, required: part.attribute('minOccurs') !== '0' }];
      }
      case 'annotation':
      case 'attribute':
      case 'attributeGroup':
      case 'anyAttribute':
        return [];
      default:
        return null;
    }
  }

  #optionally(part: XmlNode, particles: Particle[] | null): Particle[] | null {
    if (particles === null || part.attribute('minOccurs') !== '0') return particles;
    return particles.map(({ node }) => ({ node, required: false }));
  }
}

function isSchema(node: XmlNode, name: string): boolean {
  return node.kind === 'element' && node.name === name && node.namespace === SCHEMA_NAMESPACE;
}
