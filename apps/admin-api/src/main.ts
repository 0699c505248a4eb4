import { openDestinations, runService } from '@sluice/service-shell';
import { readConfig } from './config.js';
import { createHttpApp } from './http/create-http-app.js';

/** It answers no request on the bus; it only asks. */
class NoHandlers {}

await runService({
  service: 'admin-api',
  readConfig,
  build: async (shell, config) => {
    const notReady = () => (shell.connection.isClosed() ? ['the bus cannot be reached'] : []);
    const app = await createHttpApp(shell, openDestinations(shell, config), notReady);
    shell.onShutdown(() => app.close());
    return {
      module: { module: NoHandlers },
      notReady,
      start: async () => void (await app.listen(config.ADMIN_PORT, config.ADMIN_HOST)),
    };
  },
});
