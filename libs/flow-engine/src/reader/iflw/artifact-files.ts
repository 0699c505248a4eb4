import type { FlowProblemCode } from '../../error/flow-errors.js';
import type { FlowScript } from '../../model/flow-definition.js';
import { parseXml, type XmlNode } from '@sluice/xml';

import { type ScriptUse, analyzeScript } from './analyze-script.js';
import type { ScriptCollection } from './read-archive.js';
import { type RecordFields, readRecordFields } from './read-record-fields.js';

/** A script of another language that a port must replace. */
export interface ScriptToPort {
  /** Name the port is supplied under. */
  readonly script: string;
  readonly functions: readonly string[];
  readonly steps: readonly { readonly id: string; readonly name: string }[];
  readonly ported: boolean;
  /** Null when the artifact does not hold the script's text. */
  readonly uses: ScriptUse | null;
}

interface ScriptReference {
  readonly name: string;
  readonly function: string;
  readonly stepId: string;
  readonly stepName: string;
  readonly collection: string;
  readonly groovy: boolean;
}

/** Elements of a schema that name another one whose declarations it uses. */
const INCLUSIONS = new Set(['include', 'import']);

/** The files beside a flow, those of the script collections it refers to, and the ports supplied for its scripts. */
export class ArtifactFiles {
  readonly resources: Record<string, string> = {};
  readonly scripts: Record<string, FlowScript> = {};
  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly #ports: Readonly<Record<string, string>>;
  readonly #collections: readonly ScriptCollection[];
  readonly #references: ScriptReference[] = [];

  constructor(
    files: ReadonlyMap<string, Uint8Array>,
    ports: Readonly<Record<string, string>>,
    collections: readonly ScriptCollection[],
  ) {
    this.#files = files;
    this.#ports = ports;
    this.#collections = collections;
  }

  /**
   * Makes a text file a resource of the definition, with the others of its kind that it may import.
   * @returns the name of the resource, or null if there is no such file
   */
  text(path: string): string | null {
    const found = this.#find(path, this.#files);
    if (found === null) return null;
    const [name, content] = found;
    this.resources[name] ??= decode(content);
    const kind = name.slice(name.lastIndexOf('.'));
    for (const [other, bytes] of this.#files)
      if (other.endsWith(kind) && /\.(xsd|xslt?)$/i.test(kind)) this.resources[other] ??= decode(bytes);
    return name;
  }

  #find(path: string, files: ReadonlyMap<string, Uint8Array>): [name: string, content: Uint8Array] | null {
    const clean = path.replace(/^\/+/, '').replace(/^src\/main\/resources\//, '');
    const exact = files.get(clean);
    if (exact !== undefined) return [clean, exact];
    const file = clean.slice(clean.lastIndexOf('/') + 1);
    for (const [name, content] of files) if (name === file || name.endsWith(`/${file}`)) return [name, content];
    return null;
  }

  /** @returns the fields of the record that a schema describes; null if it, or one it includes, cannot be found or read */
  recordFields(path: string, recordPath: string): RecordFields | null {
    const schemas = this.#schemas(path, new Set());
    return schemas === null ? null : readRecordFields(schemas, recordPath);
  }

  #schemas(path: string, read: Set<string>): XmlNode[] | null {
    const found = this.#find(path, this.#files);
    if (found === null) return null;
    const [name, content] = found;
    if (read.has(name)) return [];
    read.add(name);
    let schema: XmlNode;
    try {
      schema = parseXml(decode(content));
    } catch {
      // Reported by the caller as a schema that does not describe the record.
      return null;
    }
    const schemas = [schema];
    for (const child of schema.firstElement?.children ?? []) {
      const location =
        child.kind === 'element' && INCLUSIONS.has(child.name) ? child.attribute('schemaLocation') : null;
      if (location === null) continue;
      const included = this.#schemas(location, read);
      if (included === null) return null;
      schemas.push(...included);
    }
    return schemas;
  }

  useScript(reference: ScriptReference): void {
    this.#references.push(reference);
  }

  /** @returns why the script cannot run, or null when it can, and is then part of the definition */
  scriptProblem(name: string, groovy: boolean): { code: FlowProblemCode; message: string; nearest: string } | null {
    const port = this.#port(name);
    if (port !== undefined) {
      this.scripts[name] = groovy ? { source: port, portedFrom: 'Groovy' } : { source: port };
      return null;
    }
    const source = this.#source(name);
    if (groovy) {
      const uses = source === null ? null : analyzeScript(source);
      const told = uses === null ? 'its text is not in the artifact' : describeUse(uses);
      return {
        code: 'script-port-required',
        message: `The script "${name}" is Groovy, which is not run (${told}).`,
        nearest: `a port to JavaScript, supplied under the name "${name}"`,
      };
    }
    if (source === null)
      return {
        code: 'missing-resource',
        message: `The script "${name}" is not in the artifact.`,
        nearest: `a script supplied under the name "${name}"`,
      };
    this.scripts[name] = { source };
    return null;
  }

  #port(name: string): string | undefined {
    const plain = name.replace(/\.(groovy|gvy|gy|gsh|js)$/i, '');
    for (const key of [name, `${name}.js`, `${plain}.js`, plain])
      if (Object.hasOwn(this.#ports, key)) return this.#ports[key];
    return undefined;
  }

  #source(name: string): string | null {
    const reference = this.#references.find((candidate) => candidate.name === name);
    const collection = this.#collections.find(({ symbolicName }) => symbolicName === reference?.collection);
    const found =
      this.#find(`script/${name}`, this.#files) ??
      (collection === undefined ? null : this.#find(`script/${name}`, collection.files));
    return found === null ? null : decode(found[1]);
  }

  /** Every script of another language, whether a port was supplied or not. */
  scriptsToPort(): ScriptToPort[] {
    const names = [...new Set(this.#references.filter(({ groovy }) => groovy).map(({ name }) => name))];
    return names.map((name) => {
      const references = this.#references.filter((reference) => reference.name === name);
      const source = this.#source(name);
      return {
        script: name,
        functions: [...new Set(references.map((reference) => reference.function))],
        steps: references.map(({ stepId, stepName }) => ({ id: stepId, name: stepName })),
        ported: this.#port(name) !== undefined,
        uses: source === null ? null : analyzeScript(source),
      };
    });
  }
}

function describeUse(uses: ScriptUse): string {
  const parts = [...uses.features, ...uses.messageApi];
  return `it uses ${parts.length === 0 ? 'nothing of the message API' : parts.join(', ')}`;
}

function decode(content: Uint8Array): string {
  return new TextDecoder().decode(content).replace(/^\ufeff/, '');
}
