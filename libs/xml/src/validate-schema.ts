import {
  ParseOption,
  XmlDocument,
  XmlLibError,
  XsdValidator,
  closeBuffer,
  openBuffer,
  readBuffer,
  xmlRegisterInputProvider,
} from 'libxml2-wasm';
import { ExpressionSyntaxError } from '@sluice/domain';
import { parseXml } from './parse-xml.js';

export interface SchemaViolation {
  readonly line: number;
  readonly message: string;
}

export type XmlSchemaCheck = (text: string) => readonly SchemaViolation[];

const SCHEME = 'flow-resource:/';
const PARSE_OPTIONS = ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NOWARNING;

/** Resources of the flow whose schema is compiled right now; schemas are compiled synchronously, one at a time. */
let visibleResources: Readonly<Record<string, string>> = {};
let registered = false;

/**
 * Compiles an XML Schema 1.0. Imported and included schemas come from the flow's resources, never from outside.
 * @returns a check that gives the violations of a document
 * @throws ExpressionSyntaxError
 */
export function compileXmlSchema(
  name: string,
  source: string,
  resources: Readonly<Record<string, string>>,
): XmlSchemaCheck {
  if (!registered) registerResources();
  visibleResources = resources;
  let schema: XsdValidator;
  let document: XmlDocument | null = null;
  try {
    document = XmlDocument.fromString(source, { url: SCHEME + name, option: PARSE_OPTIONS });
    schema = XsdValidator.fromDoc(document);
  } catch (error) {
    throw new ExpressionSyntaxError(`"${name}" is not an XML schema: ${(error as Error).message.trim()}`);
  } finally {
    visibleResources = {};
    document?.dispose();
  }
  return (text) => {
    // Our own parser first: it bounds depth and size, and refuses entities.
    parseXml(text);
    const instance = XmlDocument.fromString(text, { option: PARSE_OPTIONS });
    try {
      schema.validate(instance);
      return [];
    } catch (error) {
      if (!(error instanceof XmlLibError)) throw error;
      return error.details.map(({ line, message }) => ({ line, message: message.trim() }));
    } finally {
      instance.dispose();
    }
  };
}

function registerResources(): void {
  registered = true;
  xmlRegisterInputProvider({
    match: (file) => file.startsWith(SCHEME) && findResource(file) !== undefined,
    open: (file) => {
      const text = findResource(file);
      return text === undefined ? undefined : openBuffer(new TextEncoder().encode(text));
    },
    read: (handle, buffer) => readBuffer(handle, buffer),
    close: (handle) => {
      closeBuffer(handle);
      return true;
    },
  });
}

/** Resources are known by their file name, as artifacts refer to them by relative paths. */
function findResource(file: string): string | undefined {
  const path = decodeURIComponent(file.slice(SCHEME.length));
  return visibleResources[path] ?? visibleResources[path.slice(path.lastIndexOf('/') + 1)];
}
