/** Which hosts flows may call. */
export type MayCall = (url: URL) => boolean;

/**
 * Reads a list of hosts, separated by commas: `api.example.com`, `*.example.com` (any host below it), and either with
 * `:port`. An empty list lets flows call any address, as far as the network does.
 */
export function readReceiverHosts(list: string): MayCall {
  const patterns = list
    .split(',')
    .map((pattern) => pattern.trim().toLowerCase())
    .filter((pattern) => pattern !== '');
  if (patterns.length === 0) return () => true;
  return (url) => {
    const host = url.hostname.replace(/\.$/, '');
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return patterns.some((pattern) => {
      const [, name = '', wanted] = /^(.*?)(?::(\d+))?$/.exec(pattern) ?? [];
      if (wanted !== undefined && wanted !== port) return false;
      return name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === name;
    });
  };
}
