/** Injects where senders call flows. */
export const FLOW_URL = Symbol('FLOW_URL');
