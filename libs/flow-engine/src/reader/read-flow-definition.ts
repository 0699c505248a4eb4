import { FlowDefinitionError, type FlowProblem, type FlowWarning } from '../error/flow-errors.js';
import type { FlowDefinition } from '../model/flow-definition.js';
import { parseProperties } from './iflw/parse-properties.js';
import { type FlowArchive, readArchive } from './iflw/read-archive.js';
import { readIflw, requireDefinition } from './iflw/read-iflw.js';
import { readNative } from './native/read-native.js';

export type FlowMediaType = 'application/yaml' | 'application/json' | 'application/xml' | 'application/zip';

export interface FlowDefinitionInput {
  readonly mediaType: FlowMediaType;
  readonly content: Uint8Array;
  /** JavaScript by the name of the artifact's script that it replaces. */
  readonly ports?: Readonly<Record<string, string>>;
  /** Values of externalised parameters; they go before those of the artifact's parameters.prop. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Files beside an `.iflw` that comes alone, by their path below src/main/resources; `parameters.prop` is one of them. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

export interface ReadFlow {
  readonly definition: FlowDefinition;
  readonly warnings: FlowWarning[];
}

/** One flow of a package: read, or refused with its problems. */
export type PackagedFlow =
  | { readonly name: string; readonly id: string; readonly path: string; readonly flow: ReadFlow }
  | { readonly name: string; readonly id: string; readonly path: string; readonly problems: readonly FlowProblem[] };

export interface FlowPackage {
  readonly flows: readonly PackagedFlow[];
  /** Contents that are no flow. */
  readonly others: readonly { readonly name: string; readonly kind: string }[];
}

/**
 * Reads one flow from the native format (YAML or JSON), an `.iflw`, or the zip of one artifact (or of a package with one flow).
 * @throws FlowDefinitionError with every problem that was found
 */
export function readFlowDefinition(input: FlowDefinitionInput): ReadFlow {
  switch (input.mediaType) {
    case 'application/yaml':
      return readNative(decodeUtf8(input.content), 'YAML');
    case 'application/json':
      return readNative(decodeUtf8(input.content), 'JSON');
    case 'application/xml':
      return requireDefinition(readIflw(singleArtifact(input), input.ports ?? {}, []));
    case 'application/zip': {
      const archive = readArchive(input.content);
      const [artifact, ...more] = archive.artifacts;
      if (artifact === undefined) throw new FlowDefinitionError([noFlow(archive)]);
      if (more.length > 0)
        throw new FlowDefinitionError([
          {
            path: '(archive)',
            code: 'not-a-flow',
            message: `The archive holds ${archive.artifacts.length} flows: ${archive.artifacts.map(({ name }) => name).join(', ')}.`,
            nearest: 'import it as a package',
          },
        ]);
      return requireDefinition(
        readIflw(withParameters(artifact, input.parameters), input.ports ?? {}, archive.collections),
      );
    }
    default:
      throw new FlowDefinitionError([
        {
          path: '(document)',
          code: 'not-a-flow',
          message: `The media type ${String(input.mediaType)} cannot be read.`,
        },
      ]);
  }
}

/**
 * Reads every flow of a package export or artifact zip. A flow that is refused does not hold up the others.
 * @throws FlowDefinitionError if the archive itself cannot be read or holds no flow
 */
export function readFlowPackage(input: Omit<FlowDefinitionInput, 'mediaType'>): FlowPackage {
  const archive = readArchive(input.content);
  if (archive.artifacts.length === 0) throw new FlowDefinitionError([noFlow(archive)]);
  const flows = archive.artifacts.map((artifact): PackagedFlow => {
    const place = { name: artifact.name, id: artifact.symbolicName, path: artifact.path };
    try {
      return {
        ...place,
        flow: requireDefinition(
          readIflw(withParameters(artifact, input.parameters), input.ports ?? {}, archive.collections),
        ),
      };
    } catch (error) {
      if (!(error instanceof FlowDefinitionError)) throw error;
      return { ...place, problems: error.problems };
    }
  });
  return { flows, others: archive.others };
}

function noFlow(archive: FlowArchive): FlowProblem {
  const found = archive.others.map(({ name, kind }) => `${name} (${kind})`).join(', ');
  return {
    path: '(archive)',
    code: 'not-a-flow',
    message: `The archive holds no flow${found === '' ? '' : `, only ${found}`}.`,
  };
}

/** An `.iflw` alone, with whatever files were given beside it. */
export function singleArtifact(
  input: Pick<FlowDefinitionInput, 'content' | 'parameters' | 'files'>,
  name = 'flow',
): FlowArchive['artifacts'][number] {
  const properties = input.files?.get('parameters.prop');
  return {
    name,
    symbolicName: name,
    path: '(document)',
    flow: decodeUtf8(input.content),
    parameters: new Map([
      ...(properties === undefined ? [] : parseProperties(new TextDecoder().decode(properties))),
      ...Object.entries(input.parameters ?? {}),
    ]),
    files: input.files ?? new Map<string, Uint8Array>(),
  };
}

export function withParameters(
  artifact: FlowArchive['artifacts'][number],
  parameters: Readonly<Record<string, string>> | undefined,
): FlowArchive['artifacts'][number] {
  return parameters === undefined
    ? artifact
    : { ...artifact, parameters: new Map([...artifact.parameters, ...Object.entries(parameters)]) };
}

function decodeUtf8(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new FlowDefinitionError([{ path: '(document)', code: 'syntax', message: 'The definition is not UTF-8.' }]);
  }
}
