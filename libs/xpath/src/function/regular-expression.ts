import { RE2JS } from 're2js';
import { xpathError } from '../value/xpath-value.js';

const NAME_START = 'A-Z_a-z\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{2FF}\\x{370}-\\x{37D}\\x{37F}-\\x{1FFF}';
const compiled = new Map<string, RE2JS>();

/**
 * Compiles a regular expression of XPath. It runs on RE2, so its time is linear in the text.
 * @throws FlowProcessingError FORX0001, FORX0002
 */
export function xpathRegex(pattern: string, flags: string): RE2JS {
  const key = `${flags}/${pattern}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  if (!/^[smixq]*$/.test(flags))
    throw xpathError('FORX0001', `"${flags}" has a flag that is not one of s, m, i, x, q.`);
  let options = 0;
  if (flags.includes('s')) options |= RE2JS.DOTALL;
  if (flags.includes('m')) options |= RE2JS.MULTILINE;
  if (flags.includes('i')) options |= RE2JS.CASE_INSENSITIVE;
  const source = flags.includes('q')
    ? RE2JS.quote(pattern)
    : translate(flags.includes('x') ? stripBlanks(pattern) : pattern);
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(source, options);
  } catch (error) {
    throw xpathError(
      'FORX0002',
      `"${pattern}" is not a regular expression that can be matched in linear time: ${(error as Error).message}`,
    );
  }
  if (compiled.size > 1000) compiled.clear();
  compiled.set(key, regex);
  return regex;
}

/** The name classes of XML Schema, which RE2 does not have. */
function translate(pattern: string): string {
  return pattern.replace(/\\([icIC])/g, (_, letter: string) => {
    const set = letter.toLowerCase() === 'i' ? `${NAME_START}:` : `${NAME_START}:\\-.0-9\\x{B7}`;
    return letter === letter.toLowerCase() ? `[${set}]` : `[^${set}]`;
  });
}

function stripBlanks(pattern: string): string {
  return pattern.replace(/[ \t\r\n]/g, '');
}

/**
 * Writes a replacement as RE2JS takes it, where only `$` is special: F&O 5.6.4 escapes `\` and `$` with `\`, and a group that
 * there is not stands for nothing.
 * @throws FlowProcessingError FORX0004
 */
export function xpathReplacement(replacement: string, groups: number): string {
  if (/(^|[^\\])(\\\\)*\\([^\\$]|$)/.test(replacement) || /(^|[^\\])(\\\\)*\$(?!\d)/.test(replacement))
    throw xpathError('FORX0004', `"${replacement}" is not a replacement.`);
  return replacement.replace(/\\(.)|\$(\d+)/g, (_, escaped: string | undefined, digits: string) => {
    if (escaped !== undefined) return escaped === '$' ? '$$' : escaped;
    let known = digits;
    while (known.length > 1 && Number(known) > groups) known = known.slice(0, -1);
    const group = Number(known) === 0 ? '$&' : Number(known) <= groups ? `$${known}` : '';
    return group + digits.slice(known.length);
  });
}
