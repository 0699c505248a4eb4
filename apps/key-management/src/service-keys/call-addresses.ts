import type { Plan } from '@sluice/domain';

/** Where the holders of service keys call, and get their tokens: URLs without a slash at their end. */
export class CallAddresses {
  constructor(
    private readonly flows: string,
    private readonly adminApi: string,
  ) {}

  /** By the plan of the key's service instance. */
  of(plan: Plan): string {
    return plan === 'api' ? this.adminApi : this.flows;
  }
}
