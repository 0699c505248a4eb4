import { z } from 'zod';
import { defineRequest } from './request-contract.js';

/** Flows whose sender channel asks for this role; asked by authorization before it deletes the role. */
export const listFlowsAskingRole = defineRequest(
  'flow-runtime',
  'list-flows-asking-role',
  z.object({ role: z.string() }),
  z.object({ flows: z.array(z.object({ id: z.string(), name: z.string() })) }),
);
