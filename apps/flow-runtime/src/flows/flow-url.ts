/** Injects where senders reach the endpoints, without a slash at its end. */
export const FLOW_URL = Symbol('FLOW_URL');
