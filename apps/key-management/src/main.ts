import { streamSizes } from '@sluice/contracts';
import { CertificateListStore, createEventStream, makeRuntimeStreams, StatePublisher } from '@sluice/messaging';
import {
  auditHandlers,
  CompareState,
  compareStateHandler,
  followState,
  openDatabase,
  openDestinations,
  PublishedChanges,
  runService,
  sealerFromFile,
  signerFromFile,
  stateNotReady,
} from '@sluice/service-shell';
import { AnnounceAuditHead } from './announce-audit-head/announce-audit-head.js';
import { readHeads } from './announce-audit-head/read-heads.js';
import { AppModule } from './app.module.js';
import { CertificateAuthority } from './certificate-authority/certificate-authority.js';
import { issuingTime } from './certificate-authority/issuing-time.js';
import { CertificateLists } from './certificate-lists/certificate-lists.js';
import { downloadOverHttp } from './certificate-lists/download-certificate-list.js';
import { readConfig } from './config.js';
import { EnterRetired } from './enter-retired/enter-retired.js';
import { FetchCertificateLists } from './fetch-certificate-lists/fetch-certificate-lists.js';
import { keepFetching } from './fetch-certificate-lists/keep-fetching.js';
import { KeepGuards } from './keep-guards/keep-guards.js';
import { entities, schema } from './persistence/entities.js';
import { migrations } from './persistence/migrations.js';
import { RebuildState } from './rebuild-state/rebuild-state.js';
import { allRecords } from './record/all-records.js';
import { ResignRecords } from './resign-records/resign-records.js';
import { RetireUnused } from './retire-unused/retire-unused.js';
import { Sweep } from './sweep/sweep.js';
import { TellExpiry } from './tell-expiry/tell-expiry.js';

/** How often it is seen to that every stream is there. */
const streamCheckMs = 5_000;

await runService({
  service: 'key-management',
  readConfig,
  build: async (shell, config) => {
    const sealer = sealerFromFile(shell, config.MASTER_KEY_FILE);
    const signer = signerFromFile(shell, config.RECORD_SIGNING_KEY_FILE, config.RECORD_KEYS_FILE);
    const dataSource = await openDatabase(shell, config, { schema, entities, migrations });

    const { follower, bucket, reader } = await followState(shell, {
      holds: ['guard'],
      recordKeysFile: config.RECORD_KEYS_FILE,
      capacity: 0,
    });
    // Before anything is published: the relay has the new CA to tell of at the very first start.
    const store = await CertificateListStore.open(shell.connection);
    const makeStreams = async () => {
      // A sealed one is being replaced, and takes no other configuration.
      if (!(await bucket.state())?.sealed) await bucket.create(config.BUS_REPLICAS);
      await store.create(config.BUS_REPLICAS);
      await createEventStream(shell.connection, config.BUS_REPLICAS);
      await makeRuntimeStreams(
        shell.connection,
        config.DECISION_RETENTION_HOURS * 3_600_000,
        streamSizes(config.BUS_STORE_MB),
        config.BUS_REPLICAS,
      );
    };
    await makeStreams();
    const records = () => allRecords(dataSource);
    const changes = new PublishedChanges(shell, {
      databaseUrl: config.DATABASE_URL,
      schema,
      dataSource,
      writer: 'key-management',
      follower,
      bucket,
      reader,
      signer,
      makeStreams,
      remake: (epoch) => rebuildState.replace(epoch),
      records,
    });
    await changes.start();
    const guards = new KeepGuards(dataSource, follower, shell.onFault);
    guards.start();
    const rebuildState = new RebuildState(dataSource, changes, bucket, follower, guards, makeStreams);
    const publisher = new StatePublisher(shell.connection, bucket);
    const resignRecords = new ResignRecords(dataSource, changes, bucket, publisher, signer, reader);
    const announceAuditHead = new AnnounceAuditHead(
      changes,
      () => readHeads(shell, dataSource),
      () => Date.now(),
      config.AUDIT_HEAD_INTERVAL_SECONDS * 1_000,
    );
    const now = () => Date.now();
    const authority = new CertificateAuthority(
      dataSource,
      sealer,
      changes,
      issuingTime(follower, now),
      config.CRL_BASE_URL,
    );
    await authority.ensure();
    const lists = new CertificateLists(dataSource, store, now);
    const download = downloadOverHttp(openDestinations(shell, config), {
      timeoutMs: 20_000,
      bytes: config.LONGEST_CRL_BYTES,
    });
    const fetching = new FetchCertificateLists(dataSource, changes, lists, download, now, shell.onFault);
    shell.onShutdown(keepFetching(fetching, lists, follower, shell.onFault));
    const sweep = new Sweep(
      {
        'telling of expiring certificates': new TellExpiry(changes, config.EXPIRING_DAYS),
        'ending unused certificates': new RetireUnused(dataSource, changes),
        'entering retired certificates': new EnterRetired(dataSource),
      },
      config.SWEEP_INTERVAL_MS,
      now,
      shell.onFault,
    );
    shell.onShutdown(() => sweep.stop());
    return {
      module: AppModule.with({
        shell,
        dataSource,
        changes,
        authority,
        sealer,
        flowUrl: config.FLOW_URL,
        lists,
        download,
        rebuildState,
        resignRecords,
        sharedHandlers: [
          ...auditHandlers('key-management', dataSource),
          compareStateHandler(
            'key-management',
            new CompareState({ writer: 'key-management', bucket, reader, dataSource, records }),
          ),
        ],
      }),
      start: () => {
        sweep.start();
        // One that was lost, or could not be made for want of room, is there again soon after there is room.
        const keeping = setInterval(
          () => void makeStreams().catch((error: unknown) => shell.onFault(error, 'keeping the streams')),
          streamCheckMs,
        );
        shell.onShutdown(() => clearInterval(keeping));
        const timer = setInterval(
          () =>
            void announceAuditHead.execute().catch((error: unknown) => shell.onFault(error, 'announcing audit.head')),
          Math.min(config.AUDIT_HEAD_INTERVAL_SECONDS, 60) * 1_000,
        );
        shell.onShutdown(() => clearInterval(timer));
      },
      // It fills and repairs the stream, so that others are not ready for it is no reason not to be; its clock is one.
      notReady: () =>
        follower.clocks?.wrong
          ? [follower.clocks.describe()]
          : stateNotReady(follower).filter((reason) => reason.includes('key-management')),
    };
  },
});
