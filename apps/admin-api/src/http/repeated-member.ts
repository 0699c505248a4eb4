const [quote, backslash, comma, colon, openBracket, closeBracket, openBrace, closeBrace] = [...'"\\,:[]{}'].map(
  (character) => character.charCodeAt(0),
);

/** An object or array that is being read: where it is, and the names an object has had so far. */
interface Level {
  readonly names: Set<string> | undefined;
  /** The member or element that is being read. */
  at: string | number;
}

/**
 * The first member whose name its object has already, by its path (`parameters.host`, `pairs.0.subject`); undefined when there
 * is none. Parsers differ in which of the two they keep (RFC 8259 §4), so a proxy that looks into the body may see another
 * request than we do. Names are compared as they are once escapes are read. One pass; holds the names of the open objects.
 * @param text that is JSON: `JSON.parse` took it
 */
export function repeatedMember(text: string): string | undefined {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    const level = levels.at(-1);
    if (character === openBrace) levels.push({ names: new Set(), at: '' });
    else if (character === openBracket) levels.push({ names: undefined, at: 0 });
    else if (character === closeBrace || character === closeBracket) levels.pop();
    else if (character === comma && typeof level?.at === 'number') level.at++;
    else if (character === quote) {
      const end = endOfString(text, at);
      if (level?.names && isName(text, end)) {
        const written = text.slice(at + 1, end - 1);
        const name = written.includes('\\') ? (JSON.parse(`"${written}"`) as string) : written;
        level.at = name;
        if (level.names.has(name)) return levels.map((open) => open.at).join('.');
        level.names.add(name);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/** @returns the index behind the quote that ends the string which begins at `start` */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at + 1;
}

/** Whether a colon follows: then the string was the name of a member. */
function isName(text: string, end: number): boolean {
  let at = end;
  while (text.charCodeAt(at) <= 0x20) at++;
  return text.charCodeAt(at) === colon;
}
