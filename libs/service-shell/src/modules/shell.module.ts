import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Shell } from '../shell.js';
import { Readiness } from './readiness.js';
import { CLOCK, CONFIG, MONOTONIC_CLOCK, ON_FAULT } from './tokens.js';

/** What every module of a service may inject: the shell, the settings, the clock and the readiness. */
@Global()
@Module({})
export class ShellModule {
  /** @param now milliseconds since 1970; a test gives its own */
  static of(
    shell: Shell,
    config: object,
    readiness = new Readiness(),
    now: () => number = () => Date.now(),
  ): DynamicModule {
    const providers = [
      { provide: Shell, useValue: shell },
      { provide: CONFIG, useValue: config },
      { provide: CLOCK, useValue: now },
      { provide: MONOTONIC_CLOCK, useValue: () => performance.now() },
      { provide: ON_FAULT, useValue: shell.onFault },
      { provide: Readiness, useValue: readiness },
    ];
    return { module: ShellModule, providers, exports: providers };
  }
}
