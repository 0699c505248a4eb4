import { stateKey } from '@sluice/contracts';
import {
  auditHandlers,
  CompareState,
  compareStateHandler,
  followState,
  openDatabase,
  PublishedChanges,
  runService,
  stateNotReady,
} from '@sluice/service-shell';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';
import { enterInitialToken } from './create-admin-token/enter-initial-token.js';
import { Decide } from './decide/decide.js';
import { entities, schema } from './persistence/entities.js';
import { migrations } from './persistence/migrations.js';
import { openSubscribers } from './review-connections/open-subscribers.js';
import { allRecords } from './record/role-record.js';

await runService({
  service: 'authorization',
  readConfig,
  build: async (shell, config) => {
    const dataSource = await openDatabase(shell, config, { schema, entities, migrations });
    if (config.INITIAL_ADMIN_TOKEN_HASH_FILE)
      await enterInitialToken(dataSource, config.INITIAL_ADMIN_TOKEN_HASH_FILE, Date.now());

    const { follower, bucket, reader } = await followState(shell, {
      holds: ['role', 'flow'],
      recordKeysFile: config.RECORD_KEYS_FILE,
      capacity: config.RECORD_CACHE_SIZE,
    });
    const records = () => allRecords(dataSource);
    const changes = new PublishedChanges(shell, {
      databaseUrl: config.DATABASE_URL,
      schema,
      dataSource,
      writer: 'authorization',
      follower,
      bucket,
      reader,
      records,
    });
    await changes.start();
    const decide = new Decide({
      get position() {
        return follower.ready ? follower.position : undefined;
      },
      reach: async (minimum, timeoutMs) => (await follower.reach(minimum, timeoutMs)) && follower.ready,
      flow: (id) => follower.held<'flow'>(stateKey.flow(id)),
      role: (name) => follower.held<'role'>(stateKey.role(name)),
      instance: (id) => follower.fetch<'instance'>(stateKey.instance(id)),
      credential: (sha256) => follower.fetch<'credential'>(stateKey.credential(sha256)),
    });
    const subscribers = openSubscribers(shell, config, dataSource);
    const sharedHandlers = [
      ...auditHandlers('authorization', dataSource),
      compareStateHandler(
        'authorization',
        new CompareState({ writer: 'authorization', bucket, reader, dataSource, records }),
      ),
    ];
    return {
      module: AppModule.with({ shell, dataSource, changes, decide, subscribers, sharedHandlers }),
      notReady: () => stateNotReady(follower),
    };
  },
});
