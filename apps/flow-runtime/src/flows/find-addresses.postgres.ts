import type { DataSource } from 'typeorm';
import type { FindAddresses } from './check-flow.js';

export function findAddressesInPostgres(dataSource: DataSource): FindAddresses {
  return async (addresses) => {
    const rows = await dataSource.query<{ address: string; flow_id: string }[]>(
      'SELECT address, flow_id FROM address WHERE address = ANY($1::text[])',
      [addresses],
    );
    return new Map(rows.map((row) => [row.address, row.flow_id]));
  };
}
