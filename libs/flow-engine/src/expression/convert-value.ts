import { clip, FlowProcessingError } from '@sluice/domain';
import { decodeText } from '../message/charset.js';
import { isSameDecimal } from '../message/exact-json.js';
import { serializeXml, XmlNode } from '@sluice/xml';

/** @returns the text of a header, property or expression value; null and undefined give an empty text */
export function valueToText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (value instanceof XmlNode) return serializeXml(value);
  if (value instanceof Uint8Array) return decodeText(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(valueToText).join('');
  if (typeof value === 'object') {
    try {
      return JSON.stringify(value);
    } catch (error) {
      throw new FlowProcessingError('conversion-failed', 'A value that refers to itself has no text.', {
        cause: error,
      });
    }
  }
  return String(value);
}

/**
 * Converts a value to the Java type an artifact names (`java.lang.String`, `Integer` …). An unknown or empty type leaves it.
 * @throws FlowProcessingError `conversion-failed`
 */
export function convertToDataType(value: unknown, dataType: string): unknown {
  if (value === null || value === undefined || dataType === '') return value;
  switch (dataType.slice(dataType.lastIndexOf('.') + 1).toLowerCase()) {
    case 'string':
      return valueToText(value);
    case 'integer':
    case 'int':
    case 'short':
      return numberOf(value, dataType, true);
    case 'long':
    case 'biginteger':
      return exactOf(value, dataType, true);
    case 'double':
    case 'float':
      return numberOf(value, dataType, false);
    case 'bigdecimal':
    case 'number':
      return exactOf(value, dataType, false);
    case 'boolean': {
      const text = valueToText(value).trim().toLowerCase();
      if (text === 'true' || text === 'false') return text === 'true';
      throw new FlowProcessingError('conversion-failed', `"${clip(text)}" is not a ${dataType}.`);
    }
    default:
      return value;
  }
}

/** @returns a number, or the text of one that would not keep its digits */
function exactOf(value: unknown, dataType: string, whole: boolean): number | string {
  const text = valueToText(value).trim();
  if (whole ? /^[+-]?\d{16,}$/.test(text) : /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) {
    const written = String(Number(text));
    if (whole ? !isSameDecimal(text, written) : text !== written) return text;
  }
  return numberOf(value, dataType, whole);
}

function numberOf(value: unknown, dataType: string, whole: boolean): number {
  const text = valueToText(value).trim();
  const number = Number(text);
  if (text === '' || !Number.isFinite(number) || (whole && !Number.isInteger(number)))
    throw new FlowProcessingError('conversion-failed', `"${clip(text)}" is not a ${dataType}.`);
  return number;
}
