import { describeMigrations } from '@sluice/persistence/testing';
import { entities, schema } from './entities.js';
import { migrations } from './migrations.js';

describeMigrations(new URL('../../', import.meta.url), { schema, entities, migrations });
