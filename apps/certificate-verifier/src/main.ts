import { CertificateListStore, StatePublisher, watchCertificateLists } from '@sluice/messaging';
import { followState, openDestinations, runService, stateNotReady } from '@sluice/service-shell';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';
import { AskResponder } from './revocation/ask-responder.js';
import { exchangeOcspOverHttp } from './revocation/exchange-ocsp.js';
import { RevocationSources } from './revocation/revocation-sources.js';
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
    const now = () => Date.now();
    const lists = await CertificateListStore.open(shell.connection);
    const sources = new RevocationSources((sha256) => lists.get(sha256), shell.onFault, now);
    const renew = () => {
      trust.forget();
      sources.need(trust.revocations);
    };
    follower.onChange(({ key }) => {
      if (key.startsWith('root.') || key.startsWith('ca.')) renew();
    });
    follower.onEpoch(() => trust.forget());
    follower.onLoaded(renew);
    shell.onShutdown(watchCertificateLists(shell.connection, (sha256) => sources.readAhead(sha256)));
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
      { sources, responder: new AskResponder(exchangeOcspOverHttp(openDestinations(shell, config)), now) },
      shell.processName,
      now,
    );
    return { module: AppModule.with(verify), notReady: () => stateNotReady(follower) };
  },
});
