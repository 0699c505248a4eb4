import { unzipSync } from 'fflate';
import { FlowDefinitionError, type FlowProblemCode } from '../../error/flow-errors.js';
import { parseProperties } from './parse-properties.js';

const MAXIMUM_ENTRIES = 5_000;
const MAXIMUM_ENTRY = 16 * 1024 * 1024;
const MAXIMUM_TOTAL = 64 * 1024 * 1024;
const MAXIMUM_NESTING = 4;
const FLOW_ENTRY = /(^|\/)[^/]+\.iflw$/;
const RESOURCES = 'src/main/resources/';

/** One artifact with its flow: the text of the `.iflw`, its parameters, and everything beside it. */
export interface FlowArtifact {
  readonly name: string;
  readonly symbolicName: string;
  /** Path of the `.iflw` in the archive, nested archives joined by `!/`. */
  readonly path: string;
  readonly flow: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Other files by their path below src/main/resources. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Scripts that artifacts may refer to by the symbolic name of their collection. */
export interface ScriptCollection {
  readonly symbolicName: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface FlowArchive {
  readonly artifacts: readonly FlowArtifact[];
  readonly collections: readonly ScriptCollection[];
  /** Contents that are no flow, by name and kind; told, not skipped. */
  readonly others: readonly { readonly name: string; readonly kind: string }[];
}

/**
 * Reads the zip of an artifact, a package export with `resources.cnt`, or a zip around either.
 * @throws FlowDefinitionError
 */
export function readArchive(content: Uint8Array): FlowArchive {
  const reader = new ArchiveReader();
  reader.read(content, '', 0);
  return { artifacts: reader.artifacts, collections: reader.collections, others: reader.others };
}

function refuse(code: FlowProblemCode, path: string, message: string): never {
  throw new FlowDefinitionError([{ path: path === '' ? '(archive)' : path, code, message }]);
}

class ArchiveReader {
  readonly artifacts: FlowArtifact[] = [];
  readonly collections: ScriptCollection[] = [];
  readonly others: { name: string; kind: string }[] = [];
  #total = 0;
  #entries = 0;

  read(content: Uint8Array, path: string, depth: number): void {
    if (depth > MAXIMUM_NESTING)
      refuse('limit-exceeded', path, `Archives are nested more than ${MAXIMUM_NESTING} deep.`);
    const files = this.#unzip(content, path);
    const flows = [...files.keys()].filter((name) => FLOW_ENTRY.test(name));
    if (flows.length > 0) {
      for (const name of flows) this.#artifact(files, name, path);
      return;
    }
    const index = files.get('resources.cnt');
    if (index !== undefined) this.#package(files, index, path, depth);
    else this.#other(files, path, depth);
  }

  #unzip(content: Uint8Array, path: string): Map<string, Uint8Array> {
    let files: Record<string, Uint8Array>;
    try {
      files = unzipSync(content, {
        filter: (file) => {
          this.#entries++;
          this.#total += file.originalSize;
          if (this.#entries > MAXIMUM_ENTRIES)
            refuse('limit-exceeded', path, `The archive has more than ${MAXIMUM_ENTRIES} entries.`);
          if (file.originalSize > MAXIMUM_ENTRY || this.#total > MAXIMUM_TOTAL)
            refuse('limit-exceeded', path, `The archive is too large when unpacked (entry ${file.name}).`);
          return !file.name.endsWith('/');
        },
      });
    } catch (error) {
      if (error instanceof FlowDefinitionError) throw error;
      return refuse('syntax', path, `The archive cannot be unpacked: ${(error as Error).message}`);
    }
    return new Map(Object.entries(files));
  }

  #artifact(files: ReadonlyMap<string, Uint8Array>, entry: string, path: string): void {
    const manifest = parseManifest(files.get('META-INF/MANIFEST.MF'));
    const fileName = entry.slice(entry.lastIndexOf('/') + 1).replace(/\.iflw$/, '');
    const parameters = files.get(`${RESOURCES}parameters.prop`) ?? files.get('parameters.prop');
    this.artifacts.push({
      name: manifest.get('Bundle-Name') ?? fileName,
      symbolicName: symbolicNameOf(manifest) ?? fileName,
      path: path === '' ? entry : `${path}!/${entry}`,
      flow: utf8(files.get(entry) as Uint8Array, entry),
      parameters: parameters === undefined ? new Map() : parseProperties(new TextDecoder().decode(parameters)),
      files: belowResources(files),
    });
  }

  /** `resources.cnt` is Base64 of JSON; its entries name the contents and say what they are. */
  #package(files: ReadonlyMap<string, Uint8Array>, index: Uint8Array, path: string, depth: number): void {
    const kinds = readIndex(index, path);
    for (const [name, content] of files) {
      if (!name.endsWith('_content')) continue;
      const entry = kinds.get(name.slice(0, -'_content'.length));
      const shown = entry?.name ?? name;
      if (isZip(content)) this.read(content, path === '' ? shown : `${path}!/${shown}`, depth + 1);
      else if (entry !== undefined && entry.kind !== 'File' && entry.kind !== 'Url')
        this.others.push({ name: shown, kind: entry.kind });
    }
  }

  #other(files: ReadonlyMap<string, Uint8Array>, path: string, depth: number): void {
    const manifest = parseManifest(files.get('META-INF/MANIFEST.MF'));
    const kind = manifest.get('SAP-BundleType');
    if (kind === 'ScriptCollection') {
      this.collections.push({ symbolicName: symbolicNameOf(manifest) ?? path, files: belowResources(files) });
      return;
    }
    if (kind !== undefined) {
      this.others.push({ name: manifest.get('Bundle-Name') ?? path, kind });
      return;
    }
    const nested = [...files].filter(([, content]) => isZip(content));
    for (const [name, content] of nested) this.read(content, path === '' ? name : `${path}!/${name}`, depth + 1);
    if (nested.length === 0)
      this.others.push({ name: path === '' ? '(archive)' : path, kind: 'archive without a flow' });
  }
}

function belowResources(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const below = new Map<string, Uint8Array>();
  for (const [name, content] of files)
    if (!FLOW_ENTRY.test(name)) below.set(name.startsWith(RESOURCES) ? name.slice(RESOURCES.length) : name, content);
  return below;
}

function isZip(content: Uint8Array): boolean {
  return content[0] === 0x50 && content[1] === 0x4b && content[2] === 3 && content[3] === 4;
}

function utf8(content: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return refuse('syntax', path, 'The flow is not UTF-8.');
  }
}

/** RFC-822 style: a line that begins with a blank continues the one before. */
function parseManifest(content: Uint8Array | undefined): Map<string, string> {
  const fields = new Map<string, string>();
  if (content === undefined) return fields;
  const text = new TextDecoder().decode(content).replace(/\r?\n[ \t]/g, '');
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return fields;
}

function symbolicNameOf(manifest: ReadonlyMap<string, string>): string | undefined {
  return manifest.get('Bundle-SymbolicName')?.split(';')[0]?.trim();
}

function readIndex(content: Uint8Array, path: string): Map<string, { name: string; kind: string }> {
  const kinds = new Map<string, { name: string; kind: string }>();
  try {
    const json = JSON.parse(
      new TextDecoder().decode(
        Uint8Array.from(atob(new TextDecoder().decode(content).trim()), (unit) => unit.charCodeAt(0)),
      ),
    ) as {
      resources?: unknown;
    };
    for (const resource of Array.isArray(json.resources) ? (json.resources as unknown[]) : []) {
      const { id, name, displayName, resourceType } = resource as Record<string, unknown>;
      if (typeof id === 'string')
        kinds.set(id, {
          name: String(displayName ?? name ?? id),
          kind: typeof resourceType === 'string' ? resourceType : 'content',
        });
    }
  } catch (error) {
    return refuse('syntax', path, `resources.cnt cannot be read: ${(error as Error).message}`);
  }
  return kinds;
}
