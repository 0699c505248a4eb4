import type { FlowCapability } from '@sluice/flow-engine';

/** What flows may do in this runtime beyond their message; a flow that needs another is refused when it is deployed. */
export const capabilities: ReadonlySet<FlowCapability> = new Set<FlowCapability>([
  'http',
  'mail',
  'processDirect',
  'dataStore',
  'variables',
  'persist',
  'script',
  'timer',
]);
