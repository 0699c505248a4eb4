import { parametersOf, requestHeaders, type HeaderMember, type HttpOperation } from '@sluice/contracts';

/** Headers that some calls take, as they are sent: entity tags in their quotes, as `etag` gave them. */
export type CallHeaders = Readonly<Partial<Record<HeaderMember, string | undefined>>>;

/**
 * Divides what a caller gives among path, query and body.
 * @returns the target of the request, and its JSON body where it has one
 * @throws Error when a parameter of the path cannot stand in one
 */
export function requestOf(
  operation: HttpOperation,
  input: Readonly<Record<string, unknown>>,
): { target: string; body: string | undefined } {
  const inPath = parametersOf(operation.path);
  const query = new URLSearchParams();
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(input)) {
    if (inPath.includes(name) || value === undefined) continue;
    if (Object.hasOwn(operation.query.shape, name)) query.set(name, String(value));
    else rest[name] = value;
  }
  const path = operation.path.replace(/\{(\w+)\}/g, (_whole, name: string) => segment(name, input[name]));
  return { target: query.size > 0 ? `${path}?${query.toString()}` : path, body: bodyOf(operation, rest) };
}

/** Dots alone are taken out of every URL, encoded or not (WHATWG URL §4.4), and then it is another call. */
function segment(name: string, value: unknown): string {
  if (typeof value !== 'string' || ['', '.', '..'].includes(value))
    throw new Error(`The ${name} ${JSON.stringify(value)} cannot stand in the path of a call.`);
  return encodeURIComponent(value);
}

/** What the operation does not know is sent too, and refused by name. */
function bodyOf({ body }: HttpOperation, rest: Readonly<Record<string, unknown>>): string | undefined {
  if (body?.member !== undefined) return JSON.stringify(rest[body.member]);
  if (Object.keys(rest).length === 0 && (!body?.schema || body.optional)) return undefined;
  return JSON.stringify(rest);
}

/** What the operation does not take is sent too, and refused by name. */
export function headersOf(given: CallHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([member, value]) =>
      value === undefined ? [] : [[requestHeaders[member as HeaderMember].name, value]],
    ),
  );
}
