import { StatePublisher } from '@sluice/messaging';
import { followState, runService, stateNotReady } from '@sluice/service-shell';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';
import { TrustList } from './verify-certificate/trust-list.js';
import { VerifyCertificate } from './verify-certificate/verify-certificate.js';

const encoder = new TextEncoder();

await runService({
  service: 'certificate-verifier',
  readConfig,
  takesRequestsWhenReady: true,
  maximumInFlight: (config) => config.MAXIMUM_IN_FLIGHT,
  build: async (shell, config) => {
    const { follower, bucket } = await followState(shell, {
      holds: ['root', 'ca'],
      recordKeysFile: config.RECORD_KEYS_FILE,
      capacity: config.RECORD_CACHE_SIZE,
    });
    const publisher = new StatePublisher(shell.connection, bucket, 2_000);
    const trust = new TrustList(follower, shell.onFault);
    follower.onChange(({ key }) => {
      if (key.startsWith('root.') || key.startsWith('ca.')) trust.forget();
    });
    follower.onEpoch(() => trust.forget());
    const verify = new VerifyCertificate(
      {
        get position() {
          return follower.ready ? follower.position : undefined;
        },
        reach: async (minimum, timeoutMs) => (await follower.reach(minimum, timeoutMs)) && follower.ready,
        fetch: (key) => follower.fetch(key),
        guards: {
          read: (key) => follower.fetch<'guard'>(key),
          readNow: (key) => follower.fetchNow<'guard'>(key),
          write: (record, expected) =>
            publisher.publishIf(record.key, expected, record.version, encoder.encode(JSON.stringify(record))),
        },
      },
      trust,
      shell.processName,
      () => Date.now(),
    );
    return { module: AppModule.with(verify), notReady: () => stateNotReady(follower) };
  },
});
