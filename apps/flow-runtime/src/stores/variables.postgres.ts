import type { VariablePort } from '@sluice/flow-engine';
import type { DataSource } from 'typeorm';
import { expiryOf, queryStore } from './query-store.js';

/** Variables as one flow sees them, and number ranges, which all share. */
export class PostgresVariables implements VariablePort {
  constructor(
    private readonly dataSource: DataSource,
    private readonly now: () => number,
    private readonly flowId: string,
  ) {}

  async get(name: string, scope: 'local' | 'global'): Promise<string | undefined> {
    const [row] = await this.#query<{ value: string }>(
      'SELECT value FROM variable WHERE flow_id = $1 AND name = $2 AND expires_at > $3',
      [this.#scopeOf(scope), name, new Date(this.now())],
    );
    return row?.value;
  }

  async set(name: string, scope: 'local' | 'global', value: string, expirationDays: number): Promise<void> {
    await this.#query(
      `INSERT INTO variable (flow_id, name, value, expires_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (flow_id, name) DO UPDATE SET value = $3, expires_at = $4`,
      [this.#scopeOf(scope), name, value, expiryOf(this.now(), expirationDays)],
    );
  }

  async nextNumber(range: string): Promise<string> {
    const [row] = await this.#query<{ current: string }>(
      `INSERT INTO number_range AS range (name, current) VALUES ($1, 1)
       ON CONFLICT (name) DO UPDATE SET current = range.current + 1 RETURNING current`,
      [range],
    );
    return String(row?.current);
  }

  #scopeOf(scope: 'local' | 'global'): string {
    return scope === 'local' ? this.flowId : '';
  }

  #query<Row>(statement: string, parameters: readonly unknown[]): Promise<Row[]> {
    return queryStore<Row>(this.dataSource, 'variable-failed', 'store of variables', statement, parameters);
  }
}
