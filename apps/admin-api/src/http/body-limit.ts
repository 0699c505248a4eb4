import { maxArtifactBytes } from '../flows/read-artifact.js';

/** The artifact of a flow, and what multipart/form-data puts around it, in bytes. */
export const bodyLimit = maxArtifactBytes + 64 * 1024;
