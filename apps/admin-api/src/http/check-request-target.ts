import { invalidArgument, unstorableTextFault, type FieldViolation } from '@sluice/domain';
import { operations } from '../openapi/operations.js';

/** What is known of a request when its route is found: its parameters in the path and the query, decoded. */
export interface RequestTarget {
  readonly method: string;
  /** As the route was registered: `/v1/flows/:id`. */
  readonly route: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
}

const queries: ReadonlyMap<string, readonly string[]> = new Map(
  operations.map(({ method, path, query = [] }) => [
    `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
    query,
  ]),
);

/**
 * Refuses what no call could mean: text that cannot be stored, a parameter that is given twice, and one that the call does
 * not know, which is most often a misspelt filter.
 * @throws SluiceError `invalid-argument`
 */
export function checkRequestTarget({ method, route, params, query }: RequestTarget): void {
  const known = queries.get(`${method === 'HEAD' ? 'GET' : method} ${route}`);
  const violations: FieldViolation[] = [];
  for (const [field, value] of [...Object.entries(params), ...Object.entries(query)]) {
    const message = typeof value === 'string' ? unstorableTextFault(value) : 'must be given once';
    if (message !== undefined) violations.push({ field, message });
  }
  if (known !== undefined)
    for (const field of Object.keys(query))
      if (!known.includes(field))
        violations.push({
          field,
          message: `is not known here; ${known.length === 0 ? 'this call has no query' : `known are ${known.join(', ')}`}`,
        });
  if (violations.length > 0) throw invalidArgument(violations);
}
