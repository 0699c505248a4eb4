import { FlowDefinitionError, type FlowWarning } from '../error/flow-errors.js';
import type { FlowDefinition } from '../model/flow-definition.js';
import { readNative } from './native/read-native.js';

export type FlowMediaType = 'application/yaml' | 'application/json' | 'application/xml' | 'application/zip';

export interface FlowDefinitionInput {
  readonly mediaType: FlowMediaType;
  readonly content: Uint8Array;
  /** JavaScript by the name of the artifact's script that it replaces. */
  readonly ports?: Readonly<Record<string, string>>;
}

export interface ReadFlow {
  readonly definition: FlowDefinition;
  readonly warnings: FlowWarning[];
}

/**
 * Reads one flow from the native format (YAML or JSON), an `.iflw`, or the zip of one artifact.
 * @throws FlowDefinitionError with every problem that was found
 */
export function readFlowDefinition(input: FlowDefinitionInput): ReadFlow {
  switch (input.mediaType) {
    case 'application/yaml':
      return readNative(decodeUtf8(input.content), 'YAML');
    case 'application/json':
      return readNative(decodeUtf8(input.content), 'JSON');
    default:
      throw new FlowDefinitionError([
        { path: '(document)', code: 'not-a-flow', message: `The media type ${input.mediaType} cannot be read.` },
      ]);
  }
}

function decodeUtf8(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new FlowDefinitionError([{ path: '(document)', code: 'syntax', message: 'The definition is not UTF-8.' }]);
  }
}
