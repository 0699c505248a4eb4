import { findCertificatesByNames, getDecision, type DecisionRecord } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Given } from '../http/given.js';
import { Serves } from '../http/serves.js';
import { asksForNearestKey, nearestKey } from './nearest-key.js';

@Controller()
export class DecisionsController {
  constructor(private readonly requests: RequestClient) {}

  /** Near keys are looked for when the record is read: the request path, and a flood of strangers, never asks for them. */
  @Serves(getDecision.http)
  async get(@Given() { id }: { id: string }): Promise<DecisionRecord> {
    const record = await this.requests.call(getDecision, { id });
    const namesDigest = record.certificate?.namesDigest;
    if (namesDigest === undefined || !asksForNearestKey(record)) return record;
    try {
      const { certificates } = await this.requests.call(findCertificatesByNames, { namesDigest });
      const nearestMatch = nearestKey(record, certificates);
      return nearestMatch === undefined ? record : { ...record, nearestMatch };
    } catch (error) {
      // The record is worth more than the hint: it is given without one when key-management is away.
      if (error instanceof SluiceError) return record;
      throw error;
    }
  }
}
