import { revocationReasons } from '@sluice/domain';
import { z } from 'zod';

const known = `must be one of ${revocationReasons.join(', ')}`;

/** Of RFC 5280 §5.3.1. */
export const revocationReason = z
  .enum(revocationReasons, {
    error: ({ input }) =>
      input === 'certificateHold' || input === 'removeFromCRL'
        ? `${known}; a revocation here is for good, so nothing can be put on hold`
        : known,
  })
  .default('unspecified');
