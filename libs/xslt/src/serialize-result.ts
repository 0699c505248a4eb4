import { serializeXml, type XmlNode } from '@sluice/xml';
import { type OutputFormat } from './stylesheet.js';

/** Encodings whose results are written; everything is written as UTF-8, which the others here are part of or equal to. */
export const RESULT_NAMES: ReadonlySet<string> = new Set([
  'utf-8',
  'utf8',
  'us-ascii',
  'ascii',
  'iso-8859-1',
  'utf-16',
]);

const EMPTY_HTML = /<(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)((?:\s[^<>]*)?)\/>/gi;
const SELF_CLOSED = /<([A-Za-z][\w.:-]*)((?:\s[^<>]*?)?)\/>/g;

/** @returns the text of a transformation's result tree */
export function serializeResult(document: XmlNode, format: OutputFormat): string {
  const first = document.firstElement;
  const method =
    format.method ?? (first !== null && first.name.toLowerCase() === 'html' && first.namespace === '' ? 'html' : 'xml');
  if (method === 'text') return document.text;
  const doctype = first === null ? '' : doctypeOf(first, format);
  const body = serializeXml(document, format.cdataElements.size === 0 ? {} : { cdataElements: format.cdataElements });
  if (method === 'html') return doctype + body.replace(EMPTY_HTML, '<$1$2>').replace(SELF_CLOSED, '<$1$2></$1>');
  const standalone = format.standalone === null ? '' : ` standalone="${format.standalone}"`;
  const declaration = format.omitDeclaration ? '' : `<?xml version="1.0" encoding="UTF-8"${standalone}?>`;
  return declaration + doctype + body;
}

function doctypeOf(root: XmlNode, format: OutputFormat): string {
  if (format.doctypeSystem === null) return '';
  const external =
    format.doctypePublic === null
      ? `SYSTEM "${format.doctypeSystem}"`
      : `PUBLIC "${format.doctypePublic}" "${format.doctypeSystem}"`;
  return `<!DOCTYPE ${root.qualifiedName} ${external}>`;
}
