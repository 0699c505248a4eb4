import type { FlowRow } from './flow.entity.js';

/**
 * The entity tag of a flow: that of its deployment. What is deployed again in the same form keeps it; how the runtimes hold it is no part
 * of it. A flow of which no deployment stands has none: `If-None-Match: *` deploys it.
 */
export function flowTag(row: FlowRow): string {
  return row.version;
}
