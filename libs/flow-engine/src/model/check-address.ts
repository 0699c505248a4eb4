/**
 * Checks a sender address: it begins with `/`, may end in `/*`, and is in the one canonical form that requests are matched
 * in (no empty or dot segment, no percent encoding, backslash, semicolon, query or control character).
 * @returns what is wrong, or null
 */
export function checkAddress(address: string): string | null {
  if (!address.startsWith('/')) return 'An address begins with /.';
  if (address.length > 1024) return 'An address has at most 1024 characters.';
  const path = address.endsWith('/*') ? address.slice(0, -2) : address;
  if (path.includes('*')) return 'An address may hold * only as /* at its end.';
  if (path === '') return null;
  if (path.includes('//')) return 'An address has no empty segment (//).';
  if (path.split('/').some((segment) => segment === '.' || segment === '..'))
    return 'An address has no dot segment (/./ or /../).';
  if (path.includes('%')) return 'An address is written without percent encoding.';

  const bad = /[\\;?#"<>^`{|}\u0000-\u0020\u007f]|[^\u0000-\u007f]/u.exec(path);
  if (bad !== null) return `An address may not hold the character ${JSON.stringify(bad[0])}.`;
  return path.length > 1 && path.endsWith('/') && path !== address ? 'An address has no empty segment (//).' : null;
}
