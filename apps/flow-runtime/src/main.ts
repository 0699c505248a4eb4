import { runService } from '@sluice/service-shell';
import { AppModule } from './app.module.js';
import { readConfig } from './config.js';

await runService({ service: 'flow-runtime', readConfig, module: AppModule });
