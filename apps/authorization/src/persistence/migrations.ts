import { sqlMigrations } from '@sluice/persistence';

/** In the order they are run; they are in the package's folder `migrations`. */
export const migrations = sqlMigrations(new URL('../../migrations/', import.meta.url));
