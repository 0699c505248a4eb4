import { FlowProcessingError, clip } from '@sluice/domain';
import { valueToText } from '../expression/convert-value.js';
import type { CompiledExpression, ExpressionContext } from '../expression/expression-context.js';
import { simpleTemplateParts } from '@sluice/simple-language';

/**
 * Compiles the address of an HTTP receiver. What stands in the text, or in the value the text begins with, is the receiver's
 * base; values after it fill in parts and never lead elsewhere: in a path they are encoded (RFC 3986 §2.1), in a
 * query `#` is, and in the host only what a part of a name may hold is taken.
 * @returns the address for a message; it throws FlowProcessingError `receiver-failed` for a value that would lead elsewhere
 * @throws ExpressionSyntaxError
 */
export function compileAddress(source: string): (context: ExpressionContext) => string {
  const parts = simpleTemplateParts(source);
  return (context) => {
    let address = '';
    for (const [index, part] of parts.entries())
      address += typeof part === 'string' ? part : placed(address, valueOf(part, context), parts[index + 1]);
    // A value may complete what the text begins: `/.${header.x}/`. Encoding dots does not help: URLs take %2E for a dot.
    if (parts.length > 1 && /[/\\](?:\.|%2e){1,2}(?:[/\\]|$)/i.test(pathOf(address))) throw leads(address);
    return address;
  };
}

function valueOf(part: CompiledExpression, context: ExpressionContext): string {
  return valueToText(part(context)).toWellFormed();
}

/** The value as it may stand after `before`. */
function placed(before: string, value: string, next: string | CompiledExpression | undefined): string {
  const [, authority, rest = ''] = /^\s*https?:[/\\]*([^/\\?#]*)(.*)$/is.exec(before) ?? [];
  // The value is the beginning of the address, or all of its host: the flow leaves the choice to it.
  if (authority === undefined || (authority === '' && rest === '')) return value;
  if (rest === '') return placedInHost(authority, value, next);
  if (rest.includes('#')) return encodeURIComponent(value);
  return rest.includes('?') ? value.replaceAll('#', '%23') : encodeURIComponent(value);
}

function placedInHost(authority: string, value: string, next: string | CompiledExpression | undefined): string {
  const inName = authority.endsWith('.') || (typeof next === 'string' && /^[a-z\d.:_-]/i.test(next));
  if (
    authority.endsWith(':') ? /^\d{0,5}$/.test(value) : inName ? /^[\w.-]*$/.test(value) : /^(:\d{1,5})?$/.test(value)
  )
    return value;
  // `https://host${property.path}`: all paths of the host are below the base.
  if (!inName && value.startsWith('/')) return value.split('/').map(encodeURIComponent).join('/');
  throw leads(value);
}

function pathOf(address: string): string {
  return address.replace(/[?#].*$/s, '');
}

function leads(text: string): FlowProcessingError {
  return new FlowProcessingError(
    'receiver-failed',
    `"${clip(text)}" would lead out of the address of the receiver: a value may fill in parts of it, not "..", nor another host.`,
  );
}
