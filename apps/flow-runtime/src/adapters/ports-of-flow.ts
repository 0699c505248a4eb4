import type { FlowPorts } from '@sluice/flow-engine';

/** The ports of one flow: some effects, such as a local data store, belong to the flow that has them. */
export type PortsOfFlow = (flowId: string) => FlowPorts;

/** Injects {@link PortsOfFlow}. */
export const PORTS_OF_FLOW = Symbol('PORTS_OF_FLOW');
