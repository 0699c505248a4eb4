import { runService } from '@sluice/service-shell';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';

await runService({
  service: 'certificate-verifier',
  readConfig,
  module: AppModule,
  takesRequestsWhenReady: true,
  maximumInFlight: (config) => config.MAXIMUM_IN_FLIGHT,
});
