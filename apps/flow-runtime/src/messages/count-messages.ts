import type { FlowView } from '@sluice/contracts';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export type MessageCounts = NonNullable<FlowView['messages']>;

const hourMs = 3_600_000;
/** Statuses of messages that did not come to their good end. */
const errorStatuses = ['FAILED', 'ESCALATED', 'ABANDONED'] as const;

/** Counts entries of the message processing log by flow, from what is counted when they are stored. */
@Injectable()
export class CountMessages {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * @param since milliseconds since 1970; counted from the beginning of that hour on
   * @returns the counts of each flow that is named; `since` is later where the log has not been counted for so long
   */
  async execute(flows: readonly string[], since: number): Promise<(flow: string) => MessageCounts> {
    const hour = new Date(Math.floor(since / hourMs) * hourMs);
    const [counting] = await this.dataSource.query<{ since: Date }[]>(
      'SELECT greatest(since, $1) AS since FROM message_counting',
      [hour],
    );
    const from = counting?.since ?? hour;
    const rows = await this.dataSource.query<{ flow: string; status: string; count: string }[]>(
      'SELECT flow, status, sum(count) AS count FROM message_count WHERE flow = ANY ($1) AND hour >= $2 GROUP BY flow, status',
      [flows, from],
    );
    const byFlow = Map.groupBy(rows, ({ flow }) => flow);
    return (flow) => {
      const ofFlow = (byFlow.get(flow) ?? []).filter(({ count }) => Number(count) > 0);
      const sum = (some: typeof ofFlow) => some.reduce((total, { count }) => total + Number(count), 0);
      return {
        since: from.toISOString(),
        total: sum(ofFlow),
        errors: sum(ofFlow.filter(({ status }) => (errorStatuses as readonly string[]).includes(status))),
        byStatus: Object.fromEntries(ofFlow.map(({ status, count }) => [status, Number(count)])),
      };
    };
  }
}
